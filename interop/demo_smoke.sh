#!/usr/bin/env bash
# Runs `triphase demo` as a newcomer would and asks it the chapter's questions.
# Usage: demo_smoke.sh PATH-TO-TRIPHASE SECONDS
set -euo pipefail
binary=$1
seconds=$2
folder=$(mktemp -d)
"$binary" demo --listen 127.0.0.1:0 --data "$folder/data" --seed 7 >"$folder/out" 2>"$folder/err" &
pid=$!
stop() {
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
for _ in $(seq 100); do
    url=$(grep -o 'http://[0-9.:]*' "$folder/out" | head -1 || true)
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || { cat "$folder/err"; exit 1; }
echo "demo answers at $url"
sleep "$seconds"
kill -0 "$pid"
fail=0
ask() {
    body=$(curl -sS --max-time 10 -w ' %{http_code}' "$url$1")
    code=${body##* }
    if [ "$code" != 200 ]; then
        echo "$1: $body"
        fail=1
    else
        echo "$1: 200, ${#body} bytes"
    fi
}
ask /api/industrie/equilibre-phases
ask /api/industrie/facteur-puissance
ask /api/industrie/charges-par-machine
ask /api/industrie/kpi-energetiques
ask /api/industrie/alertes
ask /api/v1/meters
ask /api/v1/meters/general/latest
ask /healthz
ask /
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
[ "$status" = 0 ] || { echo "SIGTERM ended the demo with $status"; cat "$folder/err"; fail=1; }
exit "$fail"
