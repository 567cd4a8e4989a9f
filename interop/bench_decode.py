#!/usr/bin/env python3
"""D1 and D2: E450 telegrams from wire bytes to typed values, triphase against
smartmeter-datacollector, on the same bytes, in turn, by CPU seconds.

Usage: bench_decode.py [--quick]   (needs smartmeter-datacollector, see requirements.txt)
The outputs are compared first: every value that the peer tells, triphase tells too.
"""
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUEK = "000102030405060708090A0B0C0D0E0F"
GAK = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
QUICK = "--quick" in sys.argv
PAIRS = 3 if QUICK else 7
TELEGRAMS = 200 if QUICK else 1000
REPEATS = 50 if QUICK else 200
os.environ["TZ"] = "Europe/Paris"
time.tzset()


def peer(capture, key, collect):
    """Feeds the bytes as the peer's serial reader does: up to each flag."""
    from smartmeter_datacollector.smartmeter.cosem import Cosem
    from smartmeter_datacollector.smartmeter.hdlc_dlms_parser import HdlcDlmsParser

    parser = HdlcDlmsParser(Cosem(fallback_id="bench"), key)
    pieces = [piece + b"\x7e" for piece in capture.split(b"\x7e")[:-1]]
    telegrams, values = [], 0
    count = 0
    before = time.process_time()
    for piece in pieces:
        parser.append_to_hdlc_buffer(piece)
        if piece == b"\x7e" or not parser.extract_data_from_hdlc_frames():
            continue
        at = parser.extract_message_time()
        objects = parser.parse_to_dlms_objects()
        if not objects:
            continue
        bundle = parser.convert_dlms_bundle_to_reader_data(objects, at)
        count += 1
        values += len(bundle.data_points)
        if collect:
            points = {str(p.obis): p.value for p in bundle.data_points}
            telegrams.append([int(bundle.timestamp.timestamp()), points])
    cpu = time.process_time() - before
    return {"telegrams": count, "values": values, "cpu_seconds": cpu, "collected": telegrams}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--peer":
        capture = Path(sys.argv[2]).read_bytes()
        # The peer's library prints a remark per encrypted telegram; that is not its decoding.
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            result = peer(capture, sys.argv[3] or None, sys.argv[4] == "collect")
        print(json.dumps(result))
        return
    subprocess.run(["cargo", "build", "--release", "--locked", "-q", "-p", "triphase"], check=True, cwd=ROOT)
    subprocess.run(["cargo", "build", "--release", "--locked", "-q", "-p", "meter", "-p", "sim",
                    "--examples"], check=True, cwd=ROOT)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    print(f"load average {os.getloadavg()}, {os.cpu_count()} processors")
    for goal, kind, key, gak in (("D1", "plain", "", ""), ("D2", "encrypted", GUEK, GAK)):
        with tempfile.TemporaryDirectory() as folder:
            capture = Path(folder) / "capture.bin"
            keys = [key, gak] if key else []
            run(str(target / "examples/record_e450"), str(TELEGRAMS), kind, str(capture), *keys)
            theirs = json.loads(run(sys.executable, __file__, "--peer", str(capture), key, "collect"))
            options = ["--guek", key, "--gak", gak] if key else []
            lines = run(str(target / "triphase"), "decode", "--format", "json", "--profile",
                        "lgz_e450", "--timezone", os.environ["TZ"], *options, str(capture))
            ours = {}
            for telegram in map(json.loads, lines.splitlines()):
                at = datetime.fromisoformat(telegram["measured_at"].replace("Z", "+00:00"))
                ours[int(at.timestamp())] = {v["obis"]: v["value"] for v in telegram["values"]}
            # The peer cuts its stream at every flag byte, also inside a frame, and loses those.
            lost = TELEGRAMS - theirs["telegrams"]
            assert len(ours) == TELEGRAMS and lost <= TELEGRAMS // 50, (len(ours), lost)
            for at, points in theirs["collected"]:
                for obis, value in points.items():
                    assert abs(ours[at][obis] - value) < 1e-9, (at, obis, ours[at][obis], value)
            ratios, rates = [], []
            for _ in range(PAIRS):
                a = json.loads(run(str(target / "examples/decode_rate"), str(capture), str(REPEATS), *keys))
                b = json.loads(run(sys.executable, __file__, "--peer", str(capture), key, "count"))
                ra = a["telegrams"] / a["cpu_seconds"]
                rb = b["telegrams"] / b["cpu_seconds"]
                rates.append((ra, rb))
                ratios.append(ra / rb)
            print(f"{goal} {kind}{' (tag checked; the peer does not)' if key else ''}: "
                  f"{statistics.median(r[0] for r in rates):,.0f} against "
                  f"{statistics.median(r[1] for r in rates):,.0f} telegrams per CPU second, "
                  f"ratio {statistics.median(ratios):.0f} "
                  f"(min {min(ratios):.0f}, max {max(ratios):.0f}, {PAIRS} pairs), "
                  f"{theirs['values']} values equal, {lost} telegrams lost by the peer")


main()
