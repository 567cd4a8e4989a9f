#!/usr/bin/env bash
# Runs `triphase demo` as a newcomer would and asks it the chapter's questions.
# Usage: demo_smoke.sh PATH-TO-TRIPHASE SECONDS
set -euo pipefail
binary=$1
seconds=$2
. "$(dirname "$0")/demo.sh"
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
