#!/usr/bin/env bash
# Installs the Debian package into a clean Debian, runs it there as its own user, upgrades it,
# purges it. Usage: deb_in_chroot.sh PACKAGE.deb   (needs root and debootstrap)
set -euo pipefail
package=$(realpath "$1")
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
root=$(mktemp -d)
# The service runs as a user of its own.
chmod 0755 "$root"
service=
finish() {
    [ -z "$service" ] || kill "$service" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$root"
}
trap finish EXIT
# The mirror that this machine's own packages come from.
mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $release" 'Origin: Debian' | head -1)
debootstrap --variant=minbase --include=adduser "$release" "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 ||
    { tail -20 "$root.log"; exit 1; }
rm -f "$root.log"
cp "$package" "$root/triphase.deb"
inside() { chroot "$root" "$@"; }
as_service() { chroot --userspec=triphase:triphase "$root" "$@"; }

said=$(inside dpkg -i /triphase.deb)
grep -q 'triphase config example' <<<"$said" || { echo "the package does not say what comes next: $said"; exit 1; }
inside triphase --version
[ "$(inside stat -c '%U:%G %a' /var/lib/triphase)" = "triphase:triphase 750" ]
inside id -nG triphase | grep -qw dialout
! inside test -e /usr/bin/node

printf '[site]\nname = "Atelier"\ntimezone = "Europe/Paris"\n[[meter]]\nid = "general"\n[http]\nlisten = "127.0.0.1:18331"\n[store]\npath = "/var/lib/triphase"\n' >"$root/etc/triphase/triphase.toml"
inside chown root:triphase /etc/triphase/triphase.toml
inside chmod 0640 /etc/triphase/triphase.toml
as_service triphase check --config /etc/triphase/triphase.toml
serve() {
    # Not through a function: the signal must reach the service itself.
    chroot --userspec=triphase:triphase "$root" triphase run --config /etc/triphase/triphase.toml 2>"$root/log" &
    service=$!
    for _ in $(seq 100); do
        curl -fsS --max-time 2 http://127.0.0.1:18331/readyz >/dev/null 2>&1 && return
        kill -0 "$service" || { cat "$root/log"; exit 1; }
        sleep 0.1
    done
    cat "$root/log"
    exit 1
}
serve
code=$(curl -sS -o /dev/null -w '%{http_code}' -H 'content-type: application/json' -d '{"puissance_active_totale": 31230, "timestamp": "2026-05-04T10:00:00Z"}' http://127.0.0.1:18331/api/mesures)
[ "$code" = 201 ] || { echo "a measurement was answered with $code"; exit 1; }
curl -fsS -H 'accept: text/html' http://127.0.0.1:18331/ | grep -qi '<!doctype html>'
kill -TERM "$service"
wait "$service"
service=

# The same package again is an upgrade: configuration and readings stay.
inside dpkg -i /triphase.deb >/dev/null
serve
curl -fsS 'http://127.0.0.1:18331/api/v1/samples?meter=general' | grep -q 31230
kill -TERM "$service"
wait "$service"
service=
inside dpkg --purge triphase >/dev/null
! inside test -e /var/lib/triphase
! inside getent passwd triphase >/dev/null
echo "installed, served, upgraded and purged in a clean Debian $release"
