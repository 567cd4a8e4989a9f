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
    """The answers that libmbus's debug output shows as received."""
    found = re.findall(r"^\[.*\] RECV \(\d+\): ((?:[0-9A-F]{2} ?)+)", debug, re.MULTILINE)
    return [frame.strip() for frame in found if frame.startswith("68") and frame[12:14] == "08"]


def records(xml):
    """Function and value of each record of libmbus's XML, and the XML."""
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
    received = frames(debug)
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
            if not function or record["quantity"] in KNOWN_TO_US_ALONE:
                continue
            assert function == record["function"], (xml, record)
            if isinstance(record["value"], str):
                assert value == record["value"], (value, record)
            else:
                assert abs(float(value) - record["value"]) < 1e-6, (value, record)
            count += 1
    return len(received), count


def read_by_pymeterbus(path):
    """Both telegrams of slave 1, as objects of its JSON."""
    import meterbus
    import serial

    found = []
    with serial.serial_for_url(path, 2400, 8, "E", 1, timeout=2) as line:
        meterbus.send_ping_frame(line, 1)
        assert isinstance(meterbus.load(meterbus.recv_frame(line, 1)), meterbus.TelegramACK)
        for frame_count in (True, False):
            request = meterbus.TelegramShort()
            request.header.cField.parts = [0x7B if frame_count else 0x5B]
            request.header.aField.parts = [1]
            line.write(bytes(request))
            telegram = meterbus.load(meterbus.recv_frame(line, meterbus.FRAME_DATA_LENGTH))
            found.append(json.loads(telegram.to_JSON()))
    return found


# libmbus calls these codes reserved, and leaves their scale out.
KNOWN_TO_US_ALONE = {"Reactive power", "Reactive energy", "Frequency"}


def main():
    binary = sys.argv[1]
    folder = ROOT / "target" / "libmbus"
    tools = ["mbus-tcp-request-data-multi-reply", "mbus-serial-scan-secondary",
             "mbus-serial-request-data-multi-reply"]
    request, scan, serial, normalised = libmbus.build(
        folder, *tools, str(ROOT / "interop" / "bench_mbus" / "libmbus_xml.c"))
    with Simulated(binary, "--port", "tcp://127.0.0.1:0") as place:
        host, port = place.removeprefix("tcp://").split(":")
        for address, telegrams in (("1", 2), ("4", 1), (SECONDARY_HEAT, 1)):
            answer = run(request, "-d", host, port, address)
            seen, compared = same_as_ours(binary, normalised, answer.stdout + answer.stderr)
            assert seen >= telegrams, (address, seen, answer.stdout)
            print(f"libmbus over TCP, address {address}: {seen} frames, {compared} records as ours")
    with Simulated(binary, "--port", "pty") as path:
        # Over TCP it waits four seconds for every slave that is not there.
        found = run(scan, path).stdout
        assert all(number in found for number in NUMBERS - {"30500004"}), found
        print("libmbus's secondary search on a pseudo-terminal finds the slaves with a long header")
    for options in ([], ["--echo"]):
        with Simulated(binary, "--port", "pty", *options) as path:
            answer = run(serial, "-d", path, "1")
            seen, compared = same_as_ours(binary, normalised, answer.stdout + answer.stderr)
            print(f"libmbus on a pseudo-terminal {options}: {seen} frames, {compared} records as ours")
    with Simulated(binary, "--port", "pty") as path:
        first, second = read_by_pymeterbus(path)
        assert first["body"]["header"]["identification"].endswith("10, 0x24, 0x00, 0x01"), first
        powers = [record["value"] for record in first["body"]["records"]
                  if record["type"] == "VIFUnit.POWER_W"]
        assert len(powers) == 4 and abs(powers[0] - sum(powers[1:])) <= 2, powers
        assert any(record["unit"] == "MeasureUnit.WH" for record in second["body"]["records"]), second
        print("pyMeterBus reads both telegrams of the machine's meter on a pseudo-terminal")


main()
