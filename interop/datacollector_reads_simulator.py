#!/usr/bin/env python3
"""smartmeter-datacollector reads our simulated E450 over its own serial reader.

The bytes it received are then given to `triphase decode`; both must tell the same values for the
same instants, plain and encrypted. Usage: datacollector_reads_simulator.py PATH-TO-TRIPHASE
"""
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime

ZONE = "Europe/Paris"
os.environ["TZ"] = ZONE
time.tzset()

from smartmeter_datacollector.smartmeter.lge450 import LGE450  # noqa: E402

GUEK = "000102030405060708090A0B0C0D0E0F"
GAK = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
TELEGRAMS_MIN = 16
SECONDS_MAX = 90
RESTARTS_MAX = 5
SPEED = "10"


class Observer:
    """Keeps what the collector would hand to its sinks."""

    def __init__(self):
        self.bundles = []

    def notify(self, bundle):
        self.bundles.append(bundle)


def open_reader(path, key, received, observer):
    """A fresh reader of the peer on this port, whose bytes are also kept."""
    meter = LGE450(path, decryption_key=key)
    handle = meter._serial._callback

    def tee(data):
        received.extend(data)
        handle(data)

    meter._serial._callback = tee
    meter.register(observer)
    return meter


async def listen(path, key):
    """Lets the peer read the pseudo-terminal until it has enough telegrams.

    The peer cuts its input at every byte 0x0A, and its parser, given an encrypted frame cut at an
    unlucky place, now and then raises what its reading loop does not catch. As its service would
    be, it is then started again on the same port, a bounded number of times.
    """
    received = bytearray()
    observer = Observer()
    reading = asyncio.create_task(open_reader(path, key, received, observer).start())
    restarts = 0
    deadline = time.monotonic() + SECONDS_MAX
    kinds = set()
    while len(observer.bundles) < TELEGRAMS_MIN or len(kinds) < 2:
        await asyncio.sleep(0.1)
        kinds = {len(bundle.data_points) for bundle in observer.bundles}
        if reading.done():
            assert restarts < RESTARTS_MAX, f"the peer ended again: {reading.exception()!r}"
            restarts += 1
            print(f"the peer's reading loop ended ({reading.exception()!r}); started again")
            reading = asyncio.create_task(open_reader(path, key, received, observer).start())
        if time.monotonic() > deadline:
            break
    reading.cancel()
    return bytes(received), observer.bundles


def decoded(binary, data, keys):
    """What triphase says about the same bytes, by instant."""
    with tempfile.NamedTemporaryFile(suffix=".bin") as capture:
        capture.write(data)
        capture.flush()
        command = [binary, "decode", "--format", "json", "--profile", "lgz_e450",
                   "--timezone", ZONE, *keys, capture.name]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    telegrams = {}
    for line in output.splitlines():
        telegram = json.loads(line)
        if not telegram["values"]:
            continue
        at = datetime.fromisoformat(telegram["measured_at"].replace("Z", "+00:00"))
        values = {value["obis"]: value["value"] for value in telegram["values"]}
        telegrams.setdefault((at, telegram["meter"]), {}).update(values)
    return telegrams


def compare(name, bundles, telegrams):
    points = 0
    for bundle in bundles:
        key = (bundle.timestamp, bundle.source)
        assert key in telegrams, f"{name}: triphase has no telegram at {key}"
        for point in bundle.data_points:
            obis = str(point.obis)
            ours = telegrams[key].get(obis)
            assert ours is not None, f"{name}: {obis} at {key} is missing"
            assert abs(ours - point.value) < 1e-9, f"{name}: {obis} at {key}: {ours} != {point.value}"
            points += 1
    assert len(bundles) >= TELEGRAMS_MIN, f"{name}: only {len(bundles)} telegrams"
    assert points > 5 * len(bundles), f"{name}: only {points} values"
    return points


def main():
    binary = sys.argv[1]
    checked = 0
    cases = [("plain", [], None, []),
             ("encrypted", ["--guek", GUEK, "--gak", GAK], GUEK, ["--guek", GUEK, "--gak", GAK])]
    for name, simulate_keys, key, decode_keys in cases:
        command = [binary, "simulate", "--model", "lgz_e450", "--port", "pty", "--seed", "7",
                   "--timezone", ZONE, "--speed", SPEED, *simulate_keys]
        simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            path = simulator.stdout.readline().strip()
            data, bundles = asyncio.run(listen(path, key))
        finally:
            simulator.terminate()
            simulator.wait(timeout=10)
        points = compare(name, bundles, decoded(binary, data, decode_keys))
        print(f"{name}: {len(bundles)} telegrams, {points} values equal")
        checked += 1
    print(f"{checked} passed, 0 failed")


main()
