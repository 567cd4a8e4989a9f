#!/usr/bin/env python3
"""Our service reads a meter made of gurux-dlms's server classes (gurux_server.py).

Over HDLC and in the wrapper, without security, with a password, with keys; with short APDUs, so that
answers come in blocks. Every value and every row of the load profile must arrive, each once, with
the meter's own scaler, unit and time; a wrong password must be shown once.
Usage: reads_gurux_server.py PATH-TO-TRIPHASE
"""
import collections
import contextlib
import datetime
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import gurux_server

SECONDS_MAX = 60
EXPECTED = {
    "active_energy_import": (1234560, "Wh"),
    "reactive_energy_import": (4242, "varh"),
    "active_power": (-1500, "W"),
    "voltage_l1": (231.1, "V"),
    "voltage_l2": (229.7, "V"),
    "voltage_l3": (230.4, "V"),
    "current_l1": (12.34, "A"),
    "power_factor": (0.987, ""),
    "frequency": (50.01, "Hz"),
    "active_demand_import": (321, "W"),
    "active_demand_last_import": (654, "W"),
    "active_demand_max_import": (999, "W"),
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(folder, port, interface, security, password):
    listen = free_port()
    (folder / "guek.hex").write_text(gurux_server.GUEK)
    (folder / "gak.hex").write_text(gurux_server.GAK)
    (folder / "password.txt").write_text(password)
    keys, proof = "", ""
    if security == "password":
        proof = ', client = 1, security = "low", password = { file = "password.txt" }'
    if security == "keys":
        keys = 'guek = { file = "guek.hex" }\ngak = { file = "gak.hex" }\n'
        proof = ', client = 1, security = "high_gmac"'
    text = f"""
[site]
name = "Atelier"
timezone = "Europe/Paris"
[[meter]]
id = "m"
model = "generic_dlms"
port = "tcp://127.0.0.1:{port}"
period = "1s"
{keys}dlms = {{ transport = "{interface}"{proof} }}
[http]
listen = "127.0.0.1:{listen}"
"""
    (folder / "triphase.toml").write_text(text)
    return f"http://127.0.0.1:{listen}"


@contextlib.contextmanager
def process(*command, **options):
    with subprocess.Popen(command, text=True, **options) as running:
        try:
            yield running
        finally:
            running.terminate()


def get(address):
    with urllib.request.urlopen(address, timeout=5) as answer:
        return json.load(answer)


def until(deadline, probe):
    """What the probe gives, once it gives something."""
    while True:
        with contextlib.suppress(OSError):
            found = probe()
            if found:
                return found
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.1)


def telegrams(address):
    """Every stored telegram, page by page."""
    found, after = [], 0
    while after is not None:
        page = get(f"{address}/api/v1/samples?meter=m&limit=1000&after={after}")
        found.extend(page["samples"])
        after = page["next"]
    return found


def check(binary, interface, security, length):
    server = str(pathlib.Path(__file__).with_name("gurux_server.py"))
    with tempfile.TemporaryDirectory() as name, process(
            sys.executable, server, interface, security, length,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as meter:
        port = int(meter.stdout.readline())
        folder = pathlib.Path(name)
        address = configuration(folder, port, interface, security, gurux_server.PASSWORD.decode())
        command = [binary, "run", "--config", str(folder / "triphase.toml")]
        with process(*command, stderr=subprocess.DEVNULL):
            deadline = time.monotonic() + SECONDS_MAX

            def all_rows():
                lists = collections.Counter(sample["list"] for sample in telegrams(address))
                return lists["1-0:99.1.0*255"] >= gurux_server.ROWS and lists["cosem"] > 1

            until(deadline, all_rows)
            latest = get(f"{address}/api/v1/meters/m/latest")["values"]
            samples = telegrams(address)
    for quantity, expected in EXPECTED.items():
        value = latest[quantity]
        assert (value["value"], value["unit"]) == expected, (quantity, value)
    assert "active_energy_export" not in latest, "the meter denies it"
    now = [sample for sample in samples if sample["list"] == "cosem"]
    for sample in now:
        at, arrival = (datetime.datetime.fromisoformat(sample[key].replace("Z", "+00:00"))
                       for key in ("measured_at", "received_at"))
        assert abs((arrival - at).total_seconds()) < 3, sample
    rows = [sample for sample in samples if sample["list"] == "1-0:99.1.0*255"]
    energies = sorted((row["measured_at"], row["values"]["active_energy_import"]["value"])
                      for row in rows)
    assert len({at for at, _ in energies}) == len(energies) == gurux_server.ROWS, len(energies)
    assert [energy for _, energy in energies] == [
        1_000_000 + 10 * index for index in range(gurux_server.ROWS)], "digits and scaler"
    doubtful = [row for row in rows if row["quality"] != "good"]
    assert len(doubtful) == 1 and doubtful[0]["values"]["0-0:96.10.1*255"]["value"] == 4, doubtful
    print(f"{interface}, {security}, APDUs of {length}: {len(EXPECTED)} values, {len(rows)} rows")


def refused_once(binary):
    """A wrong password goes out once, and not again after a restart."""
    server = str(pathlib.Path(__file__).with_name("gurux_server.py"))
    with tempfile.TemporaryDirectory() as name, process(
            sys.executable, server, "hdlc", "password", "1200",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as meter:
        port = int(meter.stdout.readline())
        folder = pathlib.Path(name)
        address = configuration(folder, port, "hdlc", "password", "87654321")
        command = [binary, "run", "--config", str(folder / "triphase.toml")]
        for _ in range(2):
            with process(*command, stderr=subprocess.DEVNULL):
                def refused():
                    metrics = urllib.request.urlopen(f"{address}/metrics", timeout=5).read().decode()
                    return 'code="authentication_refused"' in metrics

                until(time.monotonic() + SECONDS_MAX, refused)
                # Five periods in which it could ask again.
                time.sleep(5)
        meter.terminate()
        shown = meter.stderr.read().count("refused")
    assert shown == 1, f"the password was shown {shown} times"
    print("a wrong password is shown once, restarts included")


def main(binary):
    for interface, security, length in (
        ("hdlc", "none", "1200"), ("wrapper", "none", "200"),
        ("hdlc", "password", "200"), ("wrapper", "password", "1200"),
        ("hdlc", "keys", "256"), ("wrapper", "keys", "1200"),
    ):
        check(binary, interface, security, length)
    refused_once(binary)


if __name__ == "__main__":
    main(sys.argv[1])
