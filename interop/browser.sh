#!/usr/bin/env bash
# The page of a running demo in a real Chromium. Usage: browser.sh PATH-TO-TRIPHASE
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$1
. interop/demo.sh
cd web
TRIPHASE_URL="$url" npm run --silent test:browser
