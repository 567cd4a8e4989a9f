#!/usr/bin/env python3
"""Modbus against programs that others wrote, in both directions.

pymodbus serves a meter over TCP and on a serial line, and triphase reads it; triphase simulates
meters, and pymodbus, mbpoll and a SunSpec client (pysunspec2) read them, over TCP and on a serial
line. Both sides must tell the same numbers. Usage: modbus_peers.py PATH-TO-TRIPHASE
"""
import asyncio
import json
import os
import pty
import shutil
import socket
import struct
import subprocess
import sys
import time
import tty

import sunspec2.modbus.client as sunspec
from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer

BINARY = os.path.abspath(sys.argv[1])
PATIENCE = 20
compared = 0


def check(what, ours, theirs, tolerance=0.0):
    """Both sides told the same number."""
    global compared
    compared += 1
    if abs(ours - theirs) > tolerance * max(abs(ours), abs(theirs), 1e-9) + 1e-12:
        raise SystemExit(f"{what}: triphase says {ours}, the peer {theirs}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read(port, model, *settings):
    """One reading by triphase: quantity to number."""
    command = [BINARY, "read", "--port", port, "--model", model, "--format", "json"]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode != 0:
        raise SystemExit(f"triphase read {port}: {done.stderr}")
    values = json.loads(done.stdout.splitlines()[-1])["values"]
    return {value["quantity"] or value["obis"]: value["value"] for value in values}


class Simulation:
    """`triphase simulate`; the first line it prints is where it is."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [BINARY, "simulate", *arguments], stdout=subprocess.PIPE, text=True
        )
        self.place = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE)


def f32(value):
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return [high, low]


def shortest(value):
    """The number that an f32 register shows."""
    return struct.unpack(">f", struct.pack(">f", value))[0]


# A meter that pymodbus serves: input registers of an SDM630, some of them.
SDM630 = {0: 231.2, 2: 229.8, 4: 230.5, 6: 10.25, 8: 9.5, 10: 11.125, 52: 6789.5, 70: 49.98, 72: 12345.678}
NAMES = {
    0: ("voltage_l1", 1), 2: ("voltage_l2", 1), 4: ("voltage_l3", 1), 6: ("current_l1", 1),
    8: ("current_l2", 1), 10: ("current_l3", 1), 52: ("active_power", 1), 70: ("frequency", 1),
    72: ("active_energy_import", 1000),
}


def served():
    registers = [0] * 400
    for address, value in SDM630.items():
        registers[address : address + 2] = f32(value)
    block = ModbusSequentialDataBlock(1, registers)
    return ModbusServerContext(devices={7: ModbusDeviceContext(ir=block, hr=block)}, single=False)


def compare_with_served(values):
    for address, (name, factor) in NAMES.items():
        check(name, values[name], shortest(SDM630[address]) * factor, 1e-6)


async def pymodbus_serves_tcp():
    port = free_port()
    serving = asyncio.create_task(StartAsyncTcpServer(served(), address=("127.0.0.1", port)))
    await asyncio.sleep(0.5)
    url = f"modbus+tcp://127.0.0.1:{port}?unit=7"
    compare_with_served(await asyncio.to_thread(read, url, "eastron_sdm630"))
    serving.cancel()


async def pymodbus_serves_a_line():
    """Two pseudo-terminals back to back: pymodbus at one end, triphase at the other."""
    ends = [pty.openpty() for _ in range(2)]
    for master, slave in ends:
        tty.setraw(master)
        tty.setraw(slave)
    (left, left_slave), (right, right_slave) = ends
    loop = asyncio.get_running_loop()
    loop.add_reader(left, lambda: os.write(right, os.read(left, 512)))
    loop.add_reader(right, lambda: os.write(left, os.read(right, 512)))
    serving = asyncio.create_task(
        StartAsyncSerialServer(
            served(), port=os.ttyname(left_slave), framer=FramerType.RTU, baudrate=9600
        )
    )
    await asyncio.sleep(0.5)
    url = f"modbus+rtu://{os.ttyname(right_slave)}?baud=9600&parity=none&unit=7"
    compare_with_served(await asyncio.to_thread(read, url, "eastron_sdm630"))
    serving.cancel()


# What peers read of our simulation: energies move least between two readings.
def floats(words):
    return [struct.unpack(">f", struct.pack(">HH", *words[at : at + 2]))[0] for at in range(0, len(words), 2)]


def pymodbus_reads(client, unit, values):
    answer = client.read_input_registers(0, count=12, device_id=unit)
    assert not answer.isError(), answer
    names = [f"{stem}_l{phase}" for stem in ("voltage", "current") for phase in (1, 2, 3)]
    for name, theirs in zip(names, floats(answer.registers)):
        check(f"unit {unit} {name}", values[name], theirs, 0.02)
    answer = client.read_input_registers(72, count=2, device_id=unit)
    check(f"unit {unit} energy", values["active_energy_import"], floats(answer.registers)[0] * 1000, 1e-4)
    refused = client.read_input_registers(5000, count=2, device_id=unit)
    assert refused.isError() and refused.exception_code == 2, refused


def mbpoll_reads(arguments, unit, values):
    command = ["mbpoll", *arguments, "-a", str(unit), "-t", "3:float", "-B", "-r", "1", "-c", "3", "-1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(lines) == 3, done.stdout + done.stderr
    for phase, line in enumerate(lines, 1):
        theirs = float(line.split("\t")[1])
        check(f"mbpoll voltage_l{phase}", values[f"voltage_l{phase}"], theirs, 0.02)


def peers_read_our_simulation():
    with Simulation("--model", "eastron_sdm630", "--port", "tcp://127.0.0.1:0", "--units", "1-3") as simulation:
        host, port = simulation.place.removeprefix("tcp://").split(":")
        client = ModbusTcpClient(host, port=int(port))
        assert client.connect()
        for unit in (1, 2, 3):
            values = read(f"modbus+tcp://{host}:{port}?unit={unit}", "eastron_sdm630")
            pymodbus_reads(client, unit, values)
            mbpoll_reads(["-p", port, host], unit, values)
        absent = client.read_input_registers(0, count=2, device_id=9)
        assert absent.isError() and absent.exception_code == 11, absent
        client.close()
    with Simulation("--model", "eastron_sdm630", "--port", "pty", "--units", "1-2") as simulation:
        for unit in (1, 2):
            values = read(f"modbus+rtu://{simulation.place}?unit={unit}", "eastron_sdm630")
            client = ModbusSerialClient(simulation.place, framer=FramerType.RTU, baudrate=9600)
            assert client.connect()
            pymodbus_reads(client, unit, values)
            client.close()
            mbpoll_reads(["-m", "rtu", "-b", "9600", "-P", "none", simulation.place], unit, values)


POINTS = {
    "A": "current", "AphA": "current_l1", "PhV": "voltage", "PhVphA": "voltage_l1",
    "PhVphB": "voltage_l2", "PhVphC": "voltage_l3", "Hz": "frequency", "W": "active_power",
    "VA": "apparent_power", "VAR": "reactive_power", "TotWhImp": "active_energy_import",
}


def a_sunspec_client_reads_our_simulation():
    for simulated, model in (("sunspec", 203), ("sunspec_float_meter", 213)):
        with Simulation("--model", simulated, "--port", "tcp://127.0.0.1:0") as simulation:
            host, port = simulation.place.removeprefix("tcp://").split(":")
            device = sunspec.SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr=host, ipport=int(port))
            device.scan()
            assert device.common[0].Mn.value == "triphase", device.common[0].Mn.value
            values = read(f"modbus+tcp://{host}:{port}?unit=1", "sunspec")
            meter = device.models[model][0]
            meter.read()
            for point, name in POINTS.items():
                found = getattr(meter, point)
                theirs = found.cvalue if found.cvalue is not None else found.value
                check(f"SunSpec {model} {point}", values[name], theirs, 0.02)
            device.close()


def main():
    if shutil.which("mbpoll") is None:
        raise SystemExit("mbpoll is not installed")
    began = time.monotonic()
    asyncio.run(pymodbus_serves_tcp())
    asyncio.run(pymodbus_serves_a_line())
    peers_read_our_simulation()
    a_sunspec_client_reads_our_simulation()
    print(f"{compared} numbers agree with pymodbus, mbpoll and pysunspec2 ({time.monotonic() - began:.1f} s)")


if __name__ == "__main__":
    main()
