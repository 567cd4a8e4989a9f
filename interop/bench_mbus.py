#!/usr/bin/env python3
"""D3: M-Bus frames against the crate m-bus-parser (records iterated), libmbus (normalised XML) and
pyMeterBus (JSON), on the same frames, in turn, by CPU seconds.

Usage: bench_mbus.py [--quick]   The frames are those of TRIPHASE_CAPTURES, or of
../shared/captures/mbus, that every opponent reads; needs cargo, npm, cc and pyMeterBus.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import libmbus
import measure

ROOT = measure.ROOT
QUICK = "--quick" in sys.argv
PAIRS = 3 if QUICK else 7
REPEATS = 500 if QUICK else 2000
CAPTURES = Path(os.environ.get("TRIPHASE_CAPTURES", ROOT.parent / "shared" / "captures")) / "mbus"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True,
                          cwd=ROOT, **options).stdout


def cpu_of(*command):
    """User and system seconds of a process whose output goes nowhere."""
    before = os.times()
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def peer_python(path, repeats):
    """pyMeterBus: every frame to JSON."""
    import meterbus

    frames, bytes_ = [], Path(path).read_bytes()
    while bytes_:
        length = bytes_[1] + 6
        frames.append(bytes_[:length])
        bytes_ = bytes_[length:]
    count, before = 0, time.process_time()
    for _ in range(repeats):
        for frame in frames:
            meterbus.load(frame).to_JSON()
            count += 1
    return {"frames": count, "cpu_seconds": time.process_time() - before}


def readable_by_all(xml, folder):
    """The frames that libmbus and pyMeterBus read, too."""
    import meterbus

    kept = []
    for path in sorted((CAPTURES / "test-frames").glob("*.hex")):
        read = subprocess.run([xml, path], capture_output=True)
        # Complaints would cost it time that is not parsing.
        if read.returncode or read.stderr:
            continue
        frame = bytes.fromhex(path.read_text())
        try:
            meterbus.load(frame).to_JSON()
        except Exception:
            continue
        kept.append(frame)
    return kept


def report(goal, name, pairs):
    ratios = [ours / theirs for ours, theirs in pairs]
    print(f"{name}: {statistics.median(p[0] for p in pairs):,.0f} against "
          f"{statistics.median(p[1] for p in pairs):,.0f} frames per CPU second, ratio "
          f"{statistics.median(ratios):.2f} (goal {goal}; min {min(ratios):.2f}, max {max(ratios):.2f}, "
          f"{len(pairs)} pairs)")


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "--peer":
        print(json.dumps(peer_python(sys.argv[2], int(sys.argv[3]))))
        return
    if not CAPTURES.is_dir():
        measure.skipped(f"no frames in {CAPTURES}")
    try:
        import meterbus  # noqa: F401
    except ImportError:
        measure.skipped("pyMeterBus is not installed; see requirements-bench.txt")
    binary = measure.triphase()
    rate = measure.example("frame", "mbus_rate")
    target = ROOT / "target" / "bench_mbus"
    subprocess.run(["cargo", "build", "--release", "-q", "--target-dir", str(target), "--manifest-path",
                    str(ROOT / "interop/bench_mbus/Cargo.toml")], check=True)
    crate = target / "release" / "bench_mbus"
    (xml,) = libmbus.build(ROOT / "target" / "libmbus", str(ROOT / "interop/bench_mbus/libmbus_xml.c"))
    print(measure.machine())
    with tempfile.TemporaryDirectory() as folder:
        frames = readable_by_all(xml, folder)
        once, many, text = (Path(folder) / name for name in ("once.bin", "many.bin", "once.hex"))
        once.write_bytes(b"".join(frames))
        text.write_text("\n".join(frame.hex(" ") for frame in frames) + "\n")
        many.write_bytes(b"".join(frames) * REPEATS)
        counted = json.loads(run(rate, once, 1))
        theirs = json.loads(run(crate, once, 1))
        print(f"{len(frames)} frames; records: {counted['records']} ours, {theirs['records']} of the crate")
        pairs = {"records": [], "json": [], "python": []}
        for _ in range(PAIRS):
            ours = json.loads(run(rate, once, REPEATS))
            other = json.loads(run(crate, once, REPEATS))
            per_second = lambda result: result["frames"] / result["cpu_seconds"]  # noqa: E731
            pairs["records"].append((per_second(ours), per_second(other)))
            cpu = cpu_of(binary, "decode", "--protocol", "mbus", "--format", "json", many)
            lines = len(frames) * REPEATS / cpu
            other = json.loads(run(xml, text, REPEATS))
            pairs["json"].append((lines, per_second(other)))
            other = json.loads(run(sys.executable, __file__, "--peer", once, 5 if QUICK else 20))
            pairs["python"].append((lines, per_second(other)))
    report("0.8", "D3 frame to values against m-bus-parser's lazy iteration", pairs["records"])
    report("3", "D3 whole process, capture to JSON, against libmbus's normalised XML", pairs["json"])
    report("100", "D3 whole process, capture to JSON, against pyMeterBus's JSON", pairs["python"])
    print(measure.machine())


main()
