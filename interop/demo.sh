# Starts a demo for the script that sources this: sets `pid`, `url` and `folder`, and cleans up at
# the end. Needs `binary`.
folder=$(mktemp -d)
"$binary" demo --listen 127.0.0.1:0 --data "$folder/data" --seed 7 --history none >"$folder/out" 2>"$folder/err" &
pid=$!
stop() {
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
for _ in $(seq 200); do
    url=$(grep -o 'http://[0-9.:]*' "$folder/out" | head -1 || true)
    [ -n "$url" ] && break
    sleep 0.1
done
[ -n "$url" ] || { cat "$folder/err"; exit 1; }
