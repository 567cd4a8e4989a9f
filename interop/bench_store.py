#!/usr/bin/env python3
"""S1, S3, S4, S5, S6: triphase's store against InfluxDB 1.x and VictoriaMetrics.

Usage: bench_store.py [--quick]
Needs influxd and victoria-metrics (Debian's packages influxdb and victoria-metrics). The data are
those of gen_data.py in the folder named by TRIPHASE_FLASK_REF, else in ../shared/bench/flask_ref:
one meter at one second, thirty fields, thirty days (one with --quick), the same lines for all.
"""
import contextlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

from engines import Client, Influx, Triphase, Victoria
from measure import ROOT, Table, fsync_probe, machine, median_ratio, release, skipped, triphase

QUICK = "--quick" in sys.argv
DAYS, SINGLES, QUERIES, KILLS = (1, 300, 50, 6) if QUICK else (30, 3000, 300, 50)
REFERENCE = Path(os.environ.get("TRIPHASE_FLASK_REF", ROOT.parent / "shared/bench/flask_ref"))
ROW = {"tension_l1": 231.2, "tension_l2": 230.4, "tension_l3": 229.8, "courant_l1": 42.17, "courant_l2": 40.9,
       "courant_l3": 44.05, "puissance_active_totale": 28114.2, "puissance_reactive_totale": 9020.1,
       "puissance_apparente_totale": 29530.5, "facteur_puissance": 0.952, "frequence": 49.99,
       "thd_tension": 2.41, "thd_courant": 5.1, "energie_active_import": 123456.789,
       "energie_active_export": 12.0, "energie_reactive_import": 4567.123, "energie_reactive_export": 890.0}
HOUR = 3600
SEED = 450


def singles(table, engines, folder, end):
    """One row, one acknowledgement, in turn with a bare append and its fsync."""
    ours, influx, _ = engines
    clients = [Client(engine.port) for engine in engines]
    before = [engine.process.cpu() for engine in engines]
    took, probes = [[] for _ in engines], []
    for number in range(SINGLES):
        row = ROW | {"puissance_active_totale": 28000 + number % 1000}
        for engine, client, seconds in zip(engines, clients, took):
            probes.append(fsync_probe(folder, 512))
            duration, status, answer = client.ask(client.request(*engine.single(row, end - 80_000 + number)))
            assert status in (201, 204), answer
            seconds.append(duration)
    cpu = [engine.process.cpu() - start for engine, start in zip(engines, before)]
    rates = [SINGLES / max(spent, 0.01) for spent in cpu]
    ratio = rates[0] / rates[1]
    table.add("S1", "durable rows over HTTP per CPU s", f"{rates[0]:,.0f}", f"{rates[1]:,.0f} {influx.name}",
              f"{ratio:.1f} x", ">= 5 x", ratio >= 5)
    medians = [1000 * statistics.median(seconds) for seconds in took]
    print(f"one durable row over HTTP, p50: {ours.name} {medians[0]:.2f} ms, {influx.name} {medians[1]:.2f} ms, "
          f"bare fsync {1000 * statistics.median(probes):.2f} ms; VictoriaMetrics {medians[2]:.2f} ms (not durable)")


def library_singles(table, ours, lines, folder):
    """The same through the store's own interface, while the service is down."""
    chosen = folder / "singles.lp"
    with open(lines) as source, open(chosen, "w") as target:
        target.writelines(line for line, _ in zip(source, range(SINGLES)))
    ratios = []
    for attempt in range(3):
        with open(chosen) as file:
            spent = json.loads(ours.lines(file, f"library{attempt}", 1, folder / "probe"))
        ratios.append(spent["probing"] / spent["appending"])
        rate = spent["rows"] / spent["appending"]
    ratio = statistics.median(ratios)
    table.add("S1", "single durable appends per second", f"{rate:,.0f}", f"{rate / ratios[-1]:,.0f} bare fsync",
              f"{ratio:.2f} x", ">= 0.8 x", ratio >= 0.8)


def sizes(table, engines, rows):
    ours, influx, victoria = (engine.settle() / rows for engine in engines)
    table.add("S3", "bytes per row", f"{ours:.1f}", f"{influx:.1f} InfluxDB", f"1/{influx / ours:.1f}", "<= 1/4",
              ours * 4 <= influx)
    table.add("S3", "bytes per row", f"{ours:.1f}", f"{victoria:.1f} VictoriaMetrics", f"{ours / victoria:.2f} x",
              "<= 1 x", ours <= victoria)


def queries(table, engines, what, prepare, read, wanted):
    """The same question to all, in turn; equal answers first."""
    clients = [Client(engine.port) for engine in engines]
    requests = [client.request(prepare(engine)) for engine, client in zip(engines, clients)]
    answers = []
    for engine, client, request in zip(engines, clients, requests):
        _, status, body = client.ask(request)
        assert status == 200, (engine.name, body)
        answers.append(read(engine, body))
    for engine, answer in zip(engines, answers):
        close = len(answer) == len(answers[0]) and all(
            abs(a - b) <= 1e-6 * abs(a) for a, b in zip(answers[0], answer))
        assert close, (what, engine.name, answers[0][:3], answer[:3])
    took = [[client.ask(request)[0] for client, request in zip(clients, requests)] for _ in range(QUERIES)]
    medians = [1000 * statistics.median(column) for column in zip(*took)]
    for place, (engine, factor) in enumerate(zip(engines[1:], wanted), 1):
        ratio = median_ratio([(row[0], row[place]) for row in took], upside_down=True)
        table.add("S4", what, f"{medians[0]:.2f} ms", f"{medians[place]:.2f} ms {engine.name}", f"1/{ratio:.1f}",
                  f"<= 1/{factor}", ratio >= factor)


def write_until_killed(engine, first, base, acknowledged):
    """Stores numbered rows one by one; keeps the numbers that were acknowledged."""
    with contextlib.suppress(OSError, ConnectionError, ValueError):
        client = Client(engine.port)
        number = first
        while True:
            path, body = engine.numbered(number, base + number)
            if client.ask(client.request(path, body))[1] not in (201, 204):
                return
            acknowledged.append(number)
            number += 1


def kills(table, engines, end):
    """Each engine is killed at random moments while rows come; then it is asked what it has."""
    chance, healthy, lost, kept = random.Random(SEED), {}, {}, {}
    for engine in engines:
        engine.stop()
        acknowledged, times = [], []
        for _ in range(KILLS):
            times.append(engine.start())
            first = acknowledged[-1] + 2 if acknowledged else 1
            writer = threading.Thread(target=write_until_killed, args=(engine, first, end - 70_000, acknowledged))
            writer.start()
            time.sleep(chance.uniform(0.05, 0.6))
            engine.process.kill()
            writer.join()
        times.append(engine.start())
        lost[engine.name] = len(set(acknowledged) - engine.numbers())
        kept[engine.name] = len(acknowledged)
        healthy[engine.name] = statistics.median(times[1:])
    ours = engines[0].name
    for engine in engines[1:]:
        a, b = healthy[ours], healthy[engine.name]
        table.add("S5", f"healthy again after kill -9, {KILLS} times", f"{a:.3f} s", f"{b:.3f} s {engine.name}",
                  f"1/{b / a:.1f}", "< 1", a < b)
    told = ", ".join(f"{lost[engine.name]} of {kept[engine.name]} {engine.name}" for engine in engines[1:])
    table.add("S5", "acknowledged rows lost", f"{lost[ours]} of {kept[ours]}", told, "", "0", lost[ours] == 0)


def residents(table, ours, influx):
    service, loader = ours.process.resident_mb(), ours.loaded["resident_kb"] * 1024 / 1e6
    a, b = max(service, loader), influx.process.resident_mb()
    table.add("S6", "resident after load and queries", f"{a:.1f} MB", f"{b:.1f} MB {influx.name}", f"1/{b / a:.1f}",
              "<= 1/5", a * 5 <= b)


def main():
    if not (REFERENCE / "gen_data.py").exists():
        skipped(f"no gen_data.py at {REFERENCE}")
    for program in ("influxd", "victoria-metrics"):
        if not shutil.which(program):
            skipped(f"{program} is not installed")
    binary, loader = triphase(), release("-p", "store", "--example", "load_lines") / "examples/load_lines"
    print(machine())
    table = Table()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        folder = Path(folder)
        lines, end = folder / "rows.lp", int(time.time())
        subprocess.run([sys.executable, REFERENCE / "gen_data.py", "lp", lines, "--days", str(DAYS), "--end",
                        datetime.fromtimestamp(end, timezone.utc).replace(tzinfo=None).isoformat()], check=True)
        engines = [Triphase(folder, binary, loader), Influx(folder), Victoria(folder)]
        for engine in engines:
            stack.callback(engine.stop)
        measure(table, engines, (folder, lines, end))
    table.print()
    sys.exit(0 if table.all_reached() else 1)


def measure(table, engines, data):
    folder, lines, end = data
    ours, influx, victoria = engines
    ours.load(lines)
    for engine in (influx, victoria):
        engine.start()
        engine.load(lines)
    ours.start()
    rows = DAYS * 86_400
    print(f"{rows} rows of 30 fields in each; triphase took them at {rows / ours.loaded['cpu_seconds']:,.0f} rows "
          f"per CPU s (parsing of the lines included)")
    sizes(table, engines, rows)
    queries(table, engines, "last value", lambda engine: engine.last(),
            lambda engine, body: [engine.last_value(body)], (10, 1))
    until = end - end % HOUR
    since = until - (DAYS * 24 - 1) * HOUR
    queries(table, engines, f"{(until - since) // HOUR} hourly means", lambda engine: engine.hourly(since, until),
            lambda engine, body: engine.hourly_values(body), (25, 2))
    residents(table, ours, influx)
    singles(table, engines, folder, end)
    kills(table, engines, end)
    ours.stop()
    library_singles(table, ours, lines, folder)


main()
