#!/usr/bin/env python3
"""iec62056-21 and dsmr-parser read our simulated optical port and P1 port.

The optical meter is read through a pseudo-terminal with the rate changed from 300 to 9600 baud, and
over TCP by its device address in partial blocks; P1 is parsed with its CRC. What they read is
compared with what `triphase decode` says about the same bytes.
Usage: readers_of_text_meters.py PATH-TO-TRIPHASE
"""
import json
import socket
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

from dsmr_parser import telegram_specifications
from dsmr_parser.clients.telegram_buffer import TelegramBuffer
from dsmr_parser.parsers import TelegramParser
from iec62056_21.client import Iec6205621Client

ZONE = "Europe/Amsterdam"
P1_TELEGRAMS = 5
SECONDS_MAX = 60
VALUES_MIN = 20


class Simulated:
    """A simulated meter that ends with the block."""

    def __init__(self, binary, *arguments):
        self.command = [binary, "simulate", "--timezone", ZONE, "--seed", "7", *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        return self.process.stdout.readline().strip()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)


def decoded(binary, data, protocol):
    """What triphase says about the bytes: one object per telegram."""
    with tempfile.NamedTemporaryFile(suffix=".bin") as capture:
        capture.write(data)
        capture.flush()
        command = [binary, "decode", "--format", "json", "--protocol", protocol, "--timezone", ZONE,
                   capture.name]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in output.splitlines()]


def tee(transport):
    """Keeps every byte that the peer takes from its transport."""
    taken = bytearray()
    receive = transport._recv

    def keeping(chars=1):
        data = receive(chars)
        taken.extend(data)
        return data

    transport._recv = keeping
    return taken


def optical(binary, name, client):
    taken = tee(client.transport)
    client.connect()
    try:
        answer = client.standard_readout()
    finally:
        client.disconnect()
    [telegram] = [one for one in decoded(binary, bytes(taken), "iec62056-21") if one["values"]]
    assert telegram["checksum"] == "ok", telegram
    theirs = {one.address: (one.value, one.unit) for one in answer.data}
    ours = {one["obis"]: one for one in telegram["values"]}
    assert theirs.keys() == ours.keys(), theirs.keys() ^ ours.keys()
    for address, (value, unit) in theirs.items():
        one = ours[address]
        assert (one["unit"] or None) == (unit or None), (address, one, unit)
        if isinstance(one["value"], Decimal):
            assert one["value"] == Decimal(value), (address, one, value)
        else:
            assert (one["value"] or "") == value.strip(), (address, one, value)
    assert len(theirs) >= VALUES_MIN, theirs
    print(f"{name}: {len(theirs)} values of {client.manufacturer_id} equal")


def p1(binary):
    with Simulated(binary, "--model", "dsmr_p1", "--port", "tcp://127.0.0.1:0") as place:
        host, port = place.removeprefix("tcp://").split(":")
        received = bytearray()
        deadline = time.monotonic() + SECONDS_MAX
        with socket.create_connection((host, int(port)), timeout=SECONDS_MAX) as stream:
            while received.count(b"!") <= P1_TELEGRAMS and time.monotonic() < deadline:
                received.extend(stream.recv(4096))
    start, end = received.find(b"/"), received.rfind(b"/")
    buffer = TelegramBuffer()
    buffer.append(received[start:end].decode())
    parser = TelegramParser(telegram_specifications.V5)
    values = telegrams = 0
    ours = decoded(binary, bytes(received[start:end]), "dsmr")
    for text, telegram in zip(buffer.get_all(), ours, strict=True):
        theirs = parser.parse(text)  # refuses a wrong CRC
        assert telegram["checksum"] == "ok", telegram
        told = {one["obis"]: one["value"] for one in telegram["values"]}
        at = theirs.P1_MESSAGE_TIMESTAMP.value.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert telegram["measured_at"] == at, (telegram["measured_at"], at)
        for obis, name in [
            ("1-0:1.8.1", "ELECTRICITY_USED_TARIFF_1"),
            ("1-0:1.8.2", "ELECTRICITY_USED_TARIFF_2"),
            ("1-0:1.7.0", "CURRENT_ELECTRICITY_USAGE"),
            ("1-0:2.7.0", "CURRENT_ELECTRICITY_DELIVERY"),
            ("1-0:32.7.0", "INSTANTANEOUS_VOLTAGE_L1"),
            ("1-0:52.7.0", "INSTANTANEOUS_VOLTAGE_L2"),
            ("1-0:72.7.0", "INSTANTANEOUS_VOLTAGE_L3"),
            ("1-0:31.7.0", "INSTANTANEOUS_CURRENT_L1"),
            ("1-0:21.7.0", "INSTANTANEOUS_ACTIVE_POWER_L1_POSITIVE"),
            ("1-0:62.7.0", "INSTANTANEOUS_ACTIVE_POWER_L3_NEGATIVE"),
        ]:
            assert told[obis] == getattr(theirs, name).value, (obis, told[obis])
            values += 1
        telegrams += 1
    assert telegrams >= P1_TELEGRAMS, telegrams
    print(f"P1: {telegrams} telegrams, {values} values equal")


def main():
    binary = sys.argv[1]
    optical_meter = ("--model", "iec62056_21", "--port")
    with Simulated(binary, *optical_meter, "pty") as path:
        optical(binary, "pseudo-terminal, 9600 baud", Iec6205621Client.with_serial_transport(path))
    with Simulated(binary, *optical_meter, "tcp://127.0.0.1:0", "--pages") as place:
        host, port = place.removeprefix("tcp://").split(":")
        client = Iec6205621Client.with_tcp_transport((host, int(port)), device_address="60000007")
        optical(binary, "TCP, partial blocks, device address", client)
    p1(binary)
    print("3 passed, 0 failed")


main()
