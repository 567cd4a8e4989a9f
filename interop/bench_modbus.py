#!/usr/bin/env python3
"""L1: 1, 10, 100 and 1000 simulated Modbus TCP meters, each read once a second.

Usage: bench_modbus.py [--quick]
`triphase simulate` is the meters (its own process, on ports that follow each other), `triphase run`
reads, stores and serves them. A reading takes three requests and brings twenty values. CPU is user
and system time of the service alone, over what it stored meanwhile; memory is its proportional share.
A reading is late when more than a second too much lies between two of a meter's readings.
"""
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from measure import Process, Service, Table, fetch, machine, percentile, triphase, wait_until

QUICK = "--quick" in sys.argv
COUNTS = (1, 10, 100, 1000)
WARM_UP, SECONDS = (5, 10) if QUICK else (10, 60)
MODEL = "carlo_gavazzi_em340"
PERIOD = 1.0
FIRST_PORT = 21_000


def meters(count):
    rows = (
        f'[[meter]]\nid = "m{place}"\nmodel = "{MODEL}"\n'
        f'port = "modbus+tcp://127.0.0.1:{FIRST_PORT + place}?unit=1"\nperiod = "1s"\n'
        for place in range(count)
    )
    return "".join(rows)


def stored(service):
    """Telegrams that are on disk."""
    _, text = fetch(f"{service.url}/metrics")
    rows = (line for line in text.decode().splitlines() if line.startswith("triphase_appended_total{"))
    return sum(float(row.rsplit(" ", 1)[1]) for row in rows)


def seconds_of(stamp):
    day, _, rest = stamp.rstrip("Z").partition("T")
    hours, minutes, seconds = rest.split(":")
    return int(day[-2:]) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def gaps(service, count):
    """Pauses between the readings of every meter, without its first ones."""
    found = []
    for place in range(count):
        _, body = fetch(f"{service.url}/api/v1/samples?meter=m{place}&limit=1000")
        stamps = [seconds_of(sample["measured_at"]) for sample in json.loads(body)["samples"]]
        stamps = sorted(stamps)[3:]
        found += [later - sooner for sooner, later in zip(stamps, stamps[1:])]
    return found


def measure(binary, folder, count):
    """CPU per reading in µs, resident MB, readings, gaps."""
    simulation = Process(binary, "simulate", "--model", MODEL, "--count", count, "--port",
                         f"tcp://127.0.0.1:{FIRST_PORT}", log=folder / f"simulation-{count}.log")
    with simulation:
        wait_until(lambda: simulation.tail().count("tcp://") >= min(count, 50), 30, "no simulation")
        with Service(binary, folder / str(count), meters(count)) as service:
            service.wait_for(f"{service.url}/healthz")
            wait_until(lambda: stored(service) >= count, 60, "not every meter was read")
            time.sleep(WARM_UP)
            began, cpu, before = time.monotonic(), service.cpu(), stored(service)
            time.sleep(SECONDS)
            cpu, readings = service.cpu() - cpu, stored(service) - before
            elapsed = time.monotonic() - began
            resident = service.resident_mb()
            pauses = gaps(service, count)
    return cpu / readings * 1e6, resident, readings / elapsed / count, pauses


def main():
    binary = Path(triphase())
    table = Table()
    print(machine())
    results = {}
    with tempfile.TemporaryDirectory() as name:
        for count in COUNTS:
            results[count] = measure(binary, Path(name), count)
            cpu, resident, rate, pauses = results[count]
            print(f"{count:5} meters: {rate:.3f} readings/s each, {cpu:.0f} µs CPU per reading, "
                  f"{resident:.1f} MB, pauses p99 {percentile(pauses, 0.99):.3f} s, "
                  f"longest {max(pauses):.3f} s; {machine()}", flush=True)
    late = sum(pause > 2 * PERIOD for _, _, _, pauses in results.values() for pause in pauses)
    total = sum(len(pauses) for _, _, _, pauses in results.values())
    table.add("L1", "readings that are late by more than a period", f"{late} of {total}", "-", "-", "0", late == 0)
    # One meter keeps a whole process awake: what grows is told from ten meters on.
    flat = results[1000][0] / results[10][0]
    table.add("L1", "CPU per reading, 1000 meters against 10", f"{results[1000][0]:.0f} µs",
              f"{results[10][0]:.0f} µs", f"{flat:.2f}", "at most 1.2", flat <= 1.2)
    each = (results[1000][1] - results[1][1]) * 1e6 / 999 / 1024
    table.add("L1", "memory per meter beyond the base", f"{each:.1f} kB", "-", "-", "under 64 kB", each < 64)
    table.print()
    sys.exit(0 if table.all_reached() else 1)


if __name__ == "__main__":
    os.environ.setdefault("TRIPHASE_LOG", "warn")
    main()
