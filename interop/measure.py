"""What every benchmark measures with: processes and their cost, pairs in turn, the table.

A claim compares both sides in one run, in turn, by CPU seconds (user and system) of the whole
process tree, as the median of the pairwise ratios; the machine's load is printed with it.
"""
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STOP_MAX = 20


def skipped(reason):
    """Ends a benchmark that lacks its opponent; in CI that is a failure."""
    print(f"SKIPPED: {reason}")
    sys.exit(1 if os.environ.get("CI") else 0)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def release(*arguments):
    """Builds in release mode; returns the folder of what was built."""
    subprocess.run(["cargo", "build", "--release", "--locked", "-q", *arguments], check=True, cwd=ROOT)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def triphase():
    """The binary: TRIPHASE_BINARY, else a release build."""
    named = os.environ.get("TRIPHASE_BINARY")
    return Path(named) if named else release("-p", "triphase") / "triphase"


def machine():
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"load average {load}; {os.cpu_count()} processors"


class Process:
    """A program that was started here and is ended by its id."""

    def __init__(self, *command, log=None, **options):
        self.command = [str(word) for word in command]
        self.log = log
        sink = open(log, "ab") if log else subprocess.DEVNULL
        self.began = time.monotonic()
        self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=sink,
                                      stderr=subprocess.STDOUT, **options)

    def tree(self):
        """Its id and those of its descendants."""
        found, front = [], [self.child.pid]
        while front:
            pid = front.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    front += map(int, task.read_text().split())
                except OSError:
                    pass
        return found

    def cpu(self):
        """User and system seconds of the tree, from the kernel's clock of each process."""
        seconds = 0.0
        for pid in self.tree():
            # CLOCK_PROCESS_CPUTIME_ID of another process, see clock_getcpuclockid(3).
            seconds += time.clock_gettime((~pid << 3) | 2)
        return seconds

    def resident_mb(self):
        """Resident memory of the tree in MB, pages that are shared inside it counted once."""
        kilobytes = 0
        for pid in self.tree():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kilobytes += int(line.split()[1])
        return kilobytes * 1024 / 1e6

    def running(self):
        return self.child.poll() is None

    def wait_for(self, url, seconds=60, ready=lambda status: 200 <= status < 300):
        """Waits until an address answers; returns the seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if not self.running():
                raise RuntimeError(f"{self.command[0]} ended: {self.tail()}")
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    status = answer.status
            except urllib.error.HTTPError as error:
                status = error.code
            except OSError:
                status = 0
            if ready(status):
                return time.monotonic() - began
            time.sleep(0.002)
        raise RuntimeError(f"{url} does not answer: {self.tail()}")

    def tail(self):
        return Path(self.log).read_text(errors="replace")[-2000:] if self.log else ""

    def kill(self):
        """Ends it at once, as a power failure would."""
        self.child.kill()
        self.child.wait()

    def stop(self):
        """Ends it in order, and what it started."""
        if self.running():
            self.child.terminate()
            try:
                self.child.wait(STOP_MAX)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Broker(Process):
    """mosquitto on loopback; what it holds outlives an orderly end when it is told to."""

    def __init__(self, folder, port=None, sections="persistence false\n"):
        self.port = port or free_port()
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
                          f"max_queued_messages 0\n{sections}")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        super().__init__(program, "-c", config, log=folder / "mosquitto.log")
        wait_until(lambda: is_open(self.port), 10, "mosquitto does not listen")


class Service(Process):
    """`triphase run` on a configuration made here."""

    def __init__(self, binary, folder, meters, sections="", port=None, data="data"):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "triphase.toml"
        config.write_text(
            '[site]\nname = "Atelier"\ntimezone = "Europe/Paris"\nsubscribed_power_kw = 50\n'
            f'[http]\nlisten = "127.0.0.1:{self.port}"\n[store]\npath = "{data}"\n{meters}\n{sections}\n')
        self.folder = folder
        super().__init__(binary, "run", "--config", config, log=folder / "log")


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(holds, seconds, otherwise):
    """Polls until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.005)


def fetch(url, body=None, headers=(), seconds=60):
    """Status and bytes of an answer."""
    request = urllib.request.Request(url, data=body, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def folder_bytes(folder):
    """What a folder occupies on the disk."""
    return sum(path.stat().st_blocks * 512 for path in Path(folder).rglob("*") if path.is_file())


def in_turn(pairs, ours, theirs):
    """Runs both sides in turn; returns the pairs of what they returned."""
    return [(ours(), theirs()) for _ in range(pairs)]


def median_ratio(pairs, upside_down=False):
    """Median of ours over theirs, or of theirs over ours."""
    return statistics.median((b / a if upside_down else a / b) for a, b in pairs)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def fsync_probe(folder, size=4096):
    """Seconds that one small append and its fsync take on this disk now."""
    path = Path(folder) / "fsync.probe"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        began = time.perf_counter()
        os.write(handle, random.randbytes(size))
        os.fsync(handle)
        return time.perf_counter() - began
    finally:
        os.close(handle)


class Table:
    """Goals with both figures, and whether they are reached."""

    def __init__(self):
        self.rows = [("goal", "what", "triphase", "opponent", "ratio", "wanted", "")]

    def add(self, goal, what, ours, theirs, ratio, wanted, reached):
        verdict = "reached" if reached else "NOT reached"
        self.rows.append((goal, what, ours, theirs, ratio, wanted, verdict))
        print(f"{goal} {what}: {verdict}", file=sys.stderr, flush=True)

    def print(self):
        widths = [max(len(row[column]) for row in self.rows) for column in range(len(self.rows[0]))]
        for row in self.rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        print(machine())

    def all_reached(self):
        return all(row[-1] == "reached" for row in self.rows[1:])
