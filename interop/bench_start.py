#!/usr/bin/env python3
"""A start with ninety days of data at one second answers within a second.

Usage: bench_start.py [--quick]   (three days with --quick)
The rows are those of gen_data.py, see bench_store.py. Each start is timed from the creation of the
process to the first answer of /readyz, of a chapter 25 route and of the newest values; every other
one follows a kill, and before every one the system is asked to forget the store's pages.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

from engines import METER
from measure import ROOT, Service, Table, folder_bytes, machine, release, skipped, triphase

QUICK = "--quick" in sys.argv
DAYS, STARTS = (3, 4) if QUICK else (90, 10)
REFERENCE = Path(os.environ.get("TRIPHASE_FLASK_REF", ROOT.parent / "shared/bench/flask_ref"))
PATHS = ("/readyz", "/api/industrie/equilibre-phases", f"/api/v1/meters/{METER}/latest")


def forget(folder):
    """The kernel drops what it keeps of the files."""
    for path in filter(Path.is_file, folder.rglob("*")):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def load(folder, loader):
    """Rows from the generator straight into the store."""
    end = datetime.fromtimestamp(int(time.time()), timezone.utc).replace(tzinfo=None)
    rows = subprocess.Popen([sys.executable, REFERENCE / "gen_data.py", "lp", "/dev/stdout", "--days", str(DAYS),
                             "--end", end.isoformat()], stdout=subprocess.PIPE)
    subprocess.run([loader, folder / "data", METER, "3600"], stdin=rows.stdout, check=True, stdout=subprocess.DEVNULL)
    assert rows.wait() == 0


def main():
    if not (REFERENCE / "gen_data.py").exists():
        skipped(f"no gen_data.py at {REFERENCE}")
    binary, loader = triphase(), release("-p", "store", "--example", "load_lines") / "examples/load_lines"
    print(machine())
    took, residents = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        load(folder, loader)
        size = folder_bytes(folder / "data") / 1e6
        for number in range(STARTS):
            forget(folder / "data")
            with Service(binary, folder, f'[[meter]]\nid = "{METER}"\nrole = "main"') as service:
                for path in PATHS:
                    service.wait_for(service.url + path)
                took.append(time.monotonic() - service.began)
                residents.append(service.resident_mb())
                if number % 2:
                    service.kill()
    table = Table()
    worst = max(took)
    table.add("start", f"answers after a start with {DAYS} days, {size:.0f} MB",
              f"{worst:.3f} s (median {statistics.median(took):.3f})", "-", "", "<= 1 s", worst <= 1)
    table.print()
    print(f"resident then: {max(residents):.1f} MB")
    sys.exit(0 if table.all_reached() else 1)


main()
