#!/usr/bin/env python3
"""D5: optical read-outs against iec62056-21, P1 telegrams with their CRC against dsmr-parser, from
wire bytes to values, on the same bytes, in turn, by CPU seconds.

Usage: bench_text.py [--quick]   (needs iec62056-21 and dsmr-parser, see requirements.txt)
The values are compared first. The peers leave numbers as texts (iec62056-21) or make decimals of
them (dsmr-parser); triphase makes exact decimals in the catalogue's quantities and units.
"""
import json
import random
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

try:
    from dsmr_parser import telegram_specifications
    from dsmr_parser.parsers import TelegramParser
    from iec62056_21.messages import AnswerDataMessage
except ImportError:
    AnswerDataMessage = None

from measure import Table, example, in_turn, machine, median_ratio, skipped, triphase

QUICK = "--quick" in sys.argv
PAIRS = 3 if QUICK else 7
TELEGRAMS = 100 if QUICK else 500
# The peers are slow: each side works for about a second.
REPEATS_OURS = 200 if QUICK else 600
REPEATS_THEIRS = {"D5 read-out": 40, "D5 P1": 4}
WANTED = {"D5 read-out": 30, "D5 P1": 150}


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def p1(numbers, index):
    """A telegram as the DSMR 5.0.2 standard shows one, three phases and a gas meter."""
    energy = "".join(f"1-0:{obis}({numbers.uniform(0, 99999):010.3f}*kWh)\r\n"
                     for obis in ("1.8.1", "1.8.2", "2.8.1", "2.8.2"))
    power = "".join(f"1-0:{obis}.7.0({numbers.uniform(0, 9):06.3f}*kW)\r\n"
                    for obis in (21, 41, 61, 22, 42, 62))
    text = (
        "/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n"
        f"0-0:1.0.0(2011{index // 1440 % 28 + 1:02}{index // 60 % 24:02}{index % 60:02}00W)\r\n"
        "0-0:96.1.1(4B384547303034303436333935353037)\r\n"
        f"{energy}0-0:96.14.0(0002)\r\n1-0:1.7.0(01.193*kW)\r\n1-0:2.7.0(00.000*kW)\r\n"
        "0-0:96.7.21(00004)\r\n0-0:96.7.9(00002)\r\n"
        "1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)(101208151004W)(0000000301*s)\r\n"
        "1-0:32.32.0(00002)\r\n1-0:52.32.0(00001)\r\n1-0:72.32.0(00000)\r\n"
        "1-0:32.36.0(00000)\r\n1-0:52.36.0(00003)\r\n1-0:72.36.0(00000)\r\n0-0:96.13.0()\r\n"
        f"1-0:32.7.0({numbers.uniform(220, 240):05.1f}*V)\r\n1-0:52.7.0(220.2*V)\r\n"
        "1-0:72.7.0(220.3*V)\r\n1-0:31.7.0(001*A)\r\n1-0:51.7.0(002*A)\r\n1-0:71.7.0(003*A)\r\n"
        f"{power}0-1:24.1.0(003)\r\n0-1:96.1.0(3232323241424344313233343536373839)\r\n"
        f"0-1:24.2.1(201109112500W)({numbers.uniform(0, 9999):09.3f}*m3)\r\n!"
    )
    return f"{text}{crc16(text.encode()):04X}\r\n"


def read_out(numbers, _):
    """A block as an E350 sends one, eighteen data sets."""
    data = (
        "F.F(00)\r\nC.1.0(12314330)\r\n0.0(00188123        )\r\nC.1.1(        )\r\n"
        + "".join(f"{obis}({numbers.uniform(0, 99999):010.3f}*kWh)\r\n"
                  for obis in ("1.8.1", "1.8.0", "2.8.0", "15.8.0"))
        + f"C.7.0(0005)\r\n32.7({numbers.randrange(220, 240)}*V)\r\n52.7(230*V)\r\n72.7(230*V)\r\n"
        "31.7(000.03*A)\r\n51.7(000.04*A)\r\n71.7(000.09*A)\r\nC.5.0(0400)\r\n0.2.0(M23)\r\n"
        f"16.7({numbers.uniform(0, 99):06.2f}*kW)\r\n!\r\n\x03"
    )
    check = 0
    for byte in data.encode():
        check ^= byte
    return f"\x02{data}{chr(check)}"


def parse_read_out(text):
    return [(one.address, one.value) for one in AnswerDataMessage.from_representation(text).data]


def their_cpu(parse, telegrams, repeats):
    began = time.process_time()
    for _ in range(repeats):
        for text in telegrams:
            parse(text)
    return repeats * len(telegrams) / (time.process_time() - began)


def our_cpu(rate, capture):
    command = [rate, capture, str(REPEATS_OURS)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert told["telegrams"] == TELEGRAMS * REPEATS_OURS, told
    return told["telegrams"] / told["cpu_seconds"]


def decoded(binary, capture):
    command = [binary, "decode", "--format", "json", "--timezone", "Europe/Amsterdam", capture]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(lines) == TELEGRAMS, len(lines)
    return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in lines]


def compare_read_outs(ours, telegrams):
    count = 0
    for telegram, text in zip(ours, telegrams, strict=True):
        told = {one["obis"]: one["value"] for one in telegram["values"]}
        assert telegram["checksum"] == "ok"
        for address, value in parse_read_out(text):
            one = told[address]
            same = one == Decimal(value) if isinstance(one, Decimal) else (one or "") == value.strip()
            assert same, (address, one, value)
            count += 1
    return count


def compare_p1(parser, ours, telegrams):
    names = {
        "1-0:1.8.1": "ELECTRICITY_USED_TARIFF_1", "1-0:1.8.2": "ELECTRICITY_USED_TARIFF_2",
        "1-0:2.8.1": "ELECTRICITY_DELIVERED_TARIFF_1", "1-0:2.8.2": "ELECTRICITY_DELIVERED_TARIFF_2",
        "1-0:1.7.0": "CURRENT_ELECTRICITY_USAGE", "1-0:32.7.0": "INSTANTANEOUS_VOLTAGE_L1",
        "1-0:21.7.0": "INSTANTANEOUS_ACTIVE_POWER_L1_POSITIVE",
        "1-0:62.7.0": "INSTANTANEOUS_ACTIVE_POWER_L3_NEGATIVE",
        "1-0:52.36.0": "VOLTAGE_SWELL_L2_COUNT", "1-0:71.7.0": "INSTANTANEOUS_CURRENT_L3",
    }
    count = 0
    for telegram, text in zip(ours, telegrams, strict=True):
        assert telegram["checksum"] == "ok"
        theirs = parser.parse(text)
        told = {one["obis"]: one["value"] for one in telegram["values"]}
        at = theirs.P1_MESSAGE_TIMESTAMP.value.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert telegram["measured_at"] == at, (telegram["measured_at"], at)
        gas = theirs.MBUS_DEVICES[0].MBUS_METER_READING.value
        assert told["0-1:24.2.1"] == gas, (told["0-1:24.2.1"], gas)
        for obis, name in names.items():
            assert told[obis] == getattr(theirs, name).value, (obis, told[obis])
            count += 1
    return count


def main():
    if AnswerDataMessage is None:
        skipped("iec62056-21 or dsmr-parser is not installed")
    print(machine())
    binary, rate = triphase(), example("meter", "readout_rate")
    parser = TelegramParser(telegram_specifications.V5)
    table = Table()
    cases = [
        ("D5 read-out", read_out, parse_read_out, lambda ours, texts: compare_read_outs(ours, texts)),
        ("D5 P1", p1, parser.parse, lambda ours, texts: compare_p1(parser, ours, texts)),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for goal, make, parse, compare in cases:
            numbers = random.Random(7)
            telegrams = [make(numbers, index) for index in range(TELEGRAMS)]
            capture = Path(folder) / "capture.bin"
            capture.write_bytes("".join(telegrams).encode("latin-1"))
            equal = compare(decoded(binary, capture), telegrams)
            pairs = in_turn(PAIRS, lambda: our_cpu(rate, capture),
                            lambda: their_cpu(parse, telegrams, 1 if QUICK else REPEATS_THEIRS[goal]))
            ratio, wanted = median_ratio(pairs), WANTED[goal]
            ours, theirs = (sorted(side)[len(pairs) // 2] for side in zip(*pairs))
            table.add(goal, f"per CPU second, {equal} values equal", f"{ours:,.0f}", f"{theirs:,.0f}",
                      f"{ratio:.0f} x", f"{wanted} x", ratio >= wanted)
    table.print()
    sys.exit(0 if table.all_reached() else 1)


main()
