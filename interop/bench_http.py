#!/usr/bin/env python3
"""H1, H2, H3: chapter 25's routes of triphase against the chapter's own code as people run it
(Flask, SQLAlchemy, SQLite under gunicorn), under wrk, in turn, by CPU seconds of the server.

Usage: bench_http.py [--quick]
Needs wrk, and flask, flask-sqlalchemy, gunicorn (see requirements-bench.txt). The reference is looked for
in the folder named by TRIPHASE_FLASK_REF, else in ../shared/bench/flask_ref beside the workspace.
The same rows end now on both sides; their numbers are compared first.
"""
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median

from measure import (ROOT, Process, Service, Table, fetch, free_port, in_turn, machine,
                     median_ratio, skipped, triphase)

QUICK = "--quick" in sys.argv
DAYS, PAIRS, SECONDS = (1, 2, 3) if QUICK else (30, 5, 8)
REFERENCE = Path(os.environ.get("TRIPHASE_FLASK_REF", ROOT.parent / "shared/bench/flask_ref"))
METER = "LGZ1030655933512"
# The rows reach a little ahead of the clock, so that the hour stays full while this runs.
AHEAD = timedelta(minutes=4)
POSTED = 1000
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
# The hour first of all: it is the one that the clock empties.
ROUTES = (("H2", "kpi-energetiques", 1000), ("H1", "equilibre-phases", 30),
          ("H1", "facteur-puissance", 30), ("H1", "charges-par-machine", 15))


def post_rows(url, database):
    """Feeds what the reference holds through POST /api/mesures."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    rows = connection.execute("SELECT * FROM mesures_energie ORDER BY timestamp")
    while batch := rows.fetchmany(POSTED):
        measurements = [{key: row[key] for key in row.keys() if key != "id"} for row in batch]
        for row in measurements:
            row["timestamp"] = row["timestamp"].replace(" ", "T") + "Z"
        body = json.dumps(measurements).encode()
        status, answer = fetch(f"{url}/api/mesures", body, {"Content-Type": "application/json"})
        assert status == 201, answer


def numbers_are_equal(ours, theirs):
    """Both answers to each route, until neither crossed a second between them."""
    for _, route, _ in ROUTES:
        if route == "charges-par-machine":
            continue  # The reference answers constants; triphase what was measured.
        for _ in range(60):
            a = json.loads(fetch(f"{ours}/api/industrie/{route}?compat=strict")[1])
            b = json.loads(fetch(f"{theirs}/api/industrie/{route}")[1])
            if a == b:
                break
        assert a == b, (route, a, b)
        plain = json.loads(fetch(f"{ours}/api/industrie/{route}")[1])
        for key in ("equilibre", "facteur_puissance"):
            assert plain.get(key) == b.get(key), (route, plain, b)


def load(process, url):
    """Requests per CPU second and p99 in ms under 32 connections."""
    before = process.cpu()
    run = subprocess.run(["wrk", "-t2", "-c32", f"-d{SECONDS}s", "--latency", "--timeout", "8s", url],
                         check=True, capture_output=True, text=True).stdout
    cpu = process.cpu() - before
    assert "Non-2xx" not in run, run
    requests = int(re.search(r"(\d+) requests in", run)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", run).groups()
    return requests / cpu, float(value) * UNITS[unit]


def measure(table, ours, theirs):
    (server, our_url), (flask, their_url) = ours, theirs
    for goal, route, wanted in ROUTES:
        path = f"/api/industrie/{route}"
        pairs = in_turn(PAIRS, lambda: load(server, our_url + path), lambda: load(flask, their_url + path))
        rates, late = ([(a[index], b[index]) for a, b in pairs] for index in (0, 1))
        (ra, rb), ratio = map(median, zip(*rates)), median_ratio(rates)
        table.add(goal, f"{route}, requests per CPU s", f"{ra:,.0f}", f"{rb:,.0f}",
                  f"{ratio:,.1f} x", f">= {wanted} x", ratio >= wanted)
        if goal == "H1":
            (pa, pb), ratio = map(median, zip(*late)), median_ratio(late, upside_down=True)
            table.add(goal, f"{route}, p99", f"{pa:.2f} ms", f"{pb:.2f} ms",
                      f"1/{ratio:,.1f}", "<= 1/10", ratio >= 10)
    ra, rb = server.resident_mb(), flask.resident_mb()
    table.add("H3", "resident after the load", f"{ra:.1f} MB", f"{rb:.1f} MB",
              f"1/{rb / ra:.1f}", "<= 1/4", ra * 4 <= rb)


def main():
    if not (REFERENCE / "app.py").exists():
        skipped(f"no reference at {REFERENCE}")
    for program in ("wrk", "gunicorn"):
        if not shutil.which(program):
            skipped(f"{program} is not installed")
    binary = triphase()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        end = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0) + AHEAD
        if not QUICK:
            end += timedelta(minutes=1)  # Making thirty days takes that long.
        database = folder / "ref.db"
        subprocess.run([sys.executable, REFERENCE / "gen_data.py", "sqlite", database, "--days", str(DAYS),
                        "--end", end.isoformat()], check=True)
        port = free_port()
        environment = {**os.environ, "REF_DB": str(database)}
        environment.pop("REF_NOW", None)
        meter = f'[[meter]]\nid = "{METER}"\nrole = "main"'
        with Service(binary, folder / "ours", meter) as server, \
                Process("gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "--log-level", "error", "app:app",
                        cwd=REFERENCE, env=environment, log=folder / "flask.log") as flask:
            ours, theirs = (server, server.url), (flask, f"http://127.0.0.1:{port}")
            server.wait_for(f"{ours[1]}/healthz")
            flask.wait_for(f"{theirs[1]}/api/industrie/charges-par-machine")
            post_rows(ours[1], database)
            numbers_are_equal(ours[1], theirs[1])
            print(f"{DAYS} days of rows on both sides; numbers equal")
            table = Table()
            measure(table, ours, theirs)
    table.print()
    sys.exit(0 if table.all_reached() else 1)


main()
