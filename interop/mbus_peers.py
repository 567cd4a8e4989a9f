#!/usr/bin/env python3
"""libmbus and pyMeterBus, as masters, read our simulated M-Bus: over TCP and through a
pseudo-terminal, by primary and secondary address, several telegrams, with and without an echo.

What libmbus makes of each frame is compared, record by record, with what `triphase decode` says.
Usage: mbus_peers.py PATH-TO-TRIPHASE
"""
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import libmbus

ROOT = Path(__file__).resolve().parent.parent
SECONDS_MAX = 120
NUMBERS = {"10240001", "10240002", "70100003", "30500004"}
SECONDARY_HEAT = "7010000308520104"


class Simulated:
    """A simulated bus that ends with the block."""

    def __init__(self, binary, *arguments):
        self.command = [binary, "simulate", "--model", "mbus", "--seed", "7", *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        return self.process.stdout.readline().strip()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)


def run(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True,
                          timeout=SECONDS_MAX)


def frames(debug):
    """The long frames that libmbus's debug output shows as received."""
    found, current = [], []
    for line in debug.splitlines():
        match = re.match(r"\[.*\] RECV .*?\((\d+)\): ?((?:[0-9A-F]{2} ?)+)", line)
        if match:
            found.append(match.group(2).strip())
    return [frame for frame in found if frame.startswith("68")], current


def records(xml):
    """(quantity and unit, value) of libmbus's XML, which is not normalised here."""
    text = re.sub(r"<\?xml[^>]*\?>", "", xml)
    root = ET.fromstring(text[text.index("<MBusData"):])
    return [(record.findtext("Function"), record.findtext("Value") or "")
            for record in root.iter("DataRecord")], root


def decoded(binary, frame):
    output = subprocess.run([binary, "decode", "--protocol", "mbus", "--format", "json", "-"],
                            input=frame, check=True, capture_output=True, text=True).stdout
    return json.loads(output)


def same_as_ours(binary, normalised, debug):
    """Every received frame, normalised by libmbus and decoded by us, says the same."""
    received, _ = frames(debug)
    assert received, debug[-2000:]
    count = 0
    for frame in received:
        telegram = decoded(binary, frame)
        capture = ROOT / "target" / "mbus_peer_frame.hex"
        capture.write_text(frame + "\n")
        xml = run(normalised, capture).stdout
        found, root = records(xml)
        assert root.findtext("SlaveInformation/Id") == telegram["identification"], xml
        assert len(found) == len(telegram["records"]), (xml, telegram)
        for (function, value), record in zip(found, telegram["records"]):
            if not function or record["quantity"] in KNOWN_TO_US_ALONE or record["unit"] in ("l", "reserved but historic"):
                continue
            assert function == record["function"], (xml, record)
            if isinstance(record["value"], str):
                assert value == record["value"], (value, record)
            else:
                assert abs(float(value) - record["value"]) < 1e-6, (value, record)
            count += 1
    return len(received), count


# libmbus calls these codes reserved, and leaves their scale out.
KNOWN_TO_US_ALONE = {"Reactive power", "Reactive energy", "Frequency"}


def main():
    binary = sys.argv[1]
    folder = ROOT / "target" / "libmbus"
    tools = ["mbus-tcp-request-data-multi-reply", "mbus-tcp-scan-secondary",
             "mbus-serial-request-data-multi-reply"]
    request, scan, serial, normalised = libmbus.build(
        folder, *tools, str(ROOT / "interop" / "bench_mbus" / "libmbus_xml.c"))
    with Simulated(binary, "--port", "tcp://127.0.0.1:0") as place:
        host, port = place.removeprefix("tcp://").split(":")
        for address, telegrams in (("1", 2), ("2", 2), ("3", 1), ("4", 1), (SECONDARY_HEAT, 1)):
            answer = run(request, "-d", host, port, address)
            seen, compared = same_as_ours(binary, normalised, answer.stdout + answer.stderr)
            assert seen >= telegrams, (address, seen, answer.stdout)
            print(f"libmbus over TCP, address {address}: {seen} frames, {compared} records as ours")
        found = run(scan, host, port).stdout
        assert all(number in found for number in NUMBERS - {"30500004"}), found
        print("libmbus's secondary search over TCP finds the slaves with a long header")
    for options in ([], ["--echo"]):
        with Simulated(binary, "--port", "pty", *options) as path:
            answer = run(serial, "-d", "-b", "2400", path, "1")
            seen, compared = same_as_ours(binary, normalised, answer.stdout + answer.stderr)
            print(f"libmbus on a pseudo-terminal {options}: {seen} frames, {compared} records as ours")
    meterbus = Path(sys.executable).parent / "mbus-serial-req-multi"
    with Simulated(binary, "--port", "pty") as path:
        answer = run(meterbus, "-a", "1", "-b", "2400", "-o", "json", path).stdout
        telegram = json.loads(answer[answer.index("{"):])
        assert "10240001" in json.dumps(telegram), answer[:500]
        assert len(json.dumps(telegram).split('"value"')) > 15, answer[:500]
        print("pyMeterBus reads the machine's meter on a pseudo-terminal")


main()
