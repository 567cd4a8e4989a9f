#!/usr/bin/env python3
"""E1, E2: from the wire to an MQTT subscriber, triphase against smartmeter-datacollector.

Usage: bench_mqtt.py [--quick]
Needs mosquitto, and smartmeter-datacollector and paho-mqtt (see requirements.txt). Both readers run
at once, each on a pseudo-terminal of its own; every telegram goes to one of them and then to the
other, and between them the broker alone (the floor) and a bare append with fsync are timed. What
counts is the first message of a telegram: with triphase that is the whole telegram, with the peer
its first value, which favours the peer. Values of equal OBIS codes are compared.
"""
import contextlib
import json
import os
import queue
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tty
from datetime import datetime
from pathlib import Path

from measure import (Broker, Process, Service, Table, fsync_probe, machine, median_ratio, percentile,
                     release, skipped, triphase)

QUICK = "--quick" in sys.argv
TELEGRAMS, STARTS, IDLE = (100, 3, 10) if QUICK else (1000, 7, 60)
WARM_UP = 10
PER_START = 400
ANSWER_MAX = 2.0
PAUSE = 0.02
METER = "general"
PREFIX = "bench"
OURS, PEERS, FLOOR = f"{PREFIX}/{METER}/sample", "smartmeter/#", "floor"


class Wire:
    """The meter's side of a pseudo-terminal."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self.slave)

    def close(self):
        os.close(self.master)
        os.close(self.slave)

    def write(self, data):
        """A meter does not wait: what nobody reads is lost."""
        with contextlib.suppress(BlockingIOError):
            os.write(self.master, data)


class Subscriber:
    """Keeps the messages of each topic filter with the time of their arrival."""

    def __init__(self, port, *filters):
        import paho.mqtt.client as mqtt

        self.messages = {topic: queue.SimpleQueue() for topic in filters}
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        subscribed = queue.SimpleQueue()
        for topic, messages in self.messages.items():
            self.client.message_callback_add(topic, lambda _c, _u, message, messages=messages: messages.put(
                (time.perf_counter(), message.payload)))
        self.client.on_connect = lambda client, *_: [client.subscribe(topic) for topic in filters]
        self.client.on_subscribe = lambda *_: subscribed.put(True)
        self.client.connect("127.0.0.1", port)
        self.client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.client.loop_start()
        for _ in filters:
            subscribed.get(timeout=10)

    def first(self, topic, seconds=ANSWER_MAX):
        """Arrival and payload of the next message; None when none comes."""
        try:
            return self.messages[topic].get(timeout=max(seconds, 0.0001))
        except queue.Empty:
            return None

    def drain(self, topic):
        """The payloads of the messages that came so far."""
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self.messages[topic].get_nowait()[1])
        return found


class Side:
    """A reader, its wire and the topics of its messages."""

    def __init__(self, name, topic, start):
        self.name, self.topic = name, topic
        self._start, self.wire, self.process = start, None, None
        self.latencies, self.values, self.lost = [], {}, 0

    def start(self):
        """Starts the reader, on a wire of its own: the peer cannot open one a second time."""
        if self.wire:
            self.wire.close()
        self.wire = Wire()
        self.process = self._start(self.wire)

    def telegram(self, subscriber, data):
        """Sends one; notes how long its first message took."""
        self.note(subscriber.drain(self.topic))
        began = time.perf_counter()
        self.wire.write(data)
        while first := subscriber.first(self.topic, began + ANSWER_MAX - time.perf_counter()):
            # What is late of an earlier telegram is told by its time.
            if self.note([first[1]]):
                self.latencies.append(first[0] - began)
                time.sleep(PAUSE)
                return
        self.lost += 1

    def note(self, payloads):
        """Keeps values by the time of their telegram; returns whether one of these is new."""
        new = False
        for message in map(json.loads, payloads):
            at = int(message.get("timestamp") or datetime.fromisoformat(message["measured_at"]).timestamp())
            new |= at not in self.values
            self.values.setdefault(at, {}).update(values(message))
        return new


def code(obis):
    """Value groups C, D and E; the peer names no others."""
    groups = re.findall(r"\d+", obis)
    return tuple(groups[2:5] if len(groups) > 3 else groups)


def values(message):
    """Values by OBIS code, of one message."""
    entries = message["values"].values() if "values" in message else [message]
    return {code(entry["obis"]): entry["value"] for entry in entries if entry.get("obis")}


def recorded(recorder, count, capture):
    """Telegrams of the simulated meter, one after the other."""
    lengths = subprocess.run([recorder, str(count), "plain", capture], check=True,
                             capture_output=True, text=True).stdout.split()
    with open(capture, "rb") as file:
        return iter([file.read(int(length)) for length in lengths])


def peer_config(folder, wire, port):
    config = folder / "collector.ini"
    config.write_text(f"[reader0]\ntype = lge450\nport = {wire.path}\nbaudrate = 2400\nkey =\n\n"
                      f"[sink0]\ntype = mqtt\nhost = 127.0.0.1\nport = {port}\ntls = False\n\n"
                      "[logging]\ndefault = WARNING\n")
    return config


def sides(binary, folder, broker):
    meter = '[[meter]]\nid = "{}"\nrole = "main"\nmodel = "lgz_e450"\nport = "serial://{}?baud=2400&data=8&parity=even&stop=1"'
    section = f'[mqtt]\nbroker = "mqtt://127.0.0.1:{broker.port}"\nprefix = "{PREFIX}"'
    ours = Side("triphase", OURS,
                lambda wire: Service(binary, folder / "ours", meter.format(METER, wire.path), section))
    theirs = Side("smartmeter-datacollector", PEERS,
                  lambda wire: Process("smartmeter-datacollector", "-c", peer_config(folder, wire, broker.port),
                                       log=folder / "peer.log", env={**os.environ, "TZ": "Europe/Paris"}))
    return ours, theirs


def time_start(side, subscriber, telegrams):
    """Seconds from the start of the process to its first message, with a telegram every 10 ms."""
    side.process.stop()
    subscriber.drain(side.topic)
    began = time.perf_counter()
    side.start()
    for data in telegrams:
        side.wire.write(data)
        first = subscriber.first(side.topic, 0.01)
        if first:
            return first[0] - began
    raise RuntimeError(f"{side.name} says nothing after its start: {side.process.tail()}")


def warm_up(side, subscriber, telegrams):
    for _ in range(20):
        for data in telegrams:
            side.wire.write(data)
            if subscriber.first(side.topic, 0.5):
                time.sleep(0.5)
                return
    raise RuntimeError(f"{side.name} publishes nothing: {side.process.tail()}")


def floor(subscriber):
    """The broker alone: from here, through it, to here."""
    began = time.perf_counter()
    subscriber.client.publish(FLOOR, b"x" * 1500)
    return subscriber.first(FLOOR)[0] - began


def compared(ours, theirs):
    """How many values both told, all equal."""
    count = 0
    for at in ours.values.keys() & theirs.values.keys():
        a = ours.values[at]
        for obis, value in theirs.values[at].items():
            assert abs(float(a[obis]) - float(value)) < 1e-9, (at, obis, a[obis], value)
            count += 1
    assert count, "nothing to compare"
    return count


def rate_rows(table, ours, theirs, floors, fsyncs):
    middle = lambda side: 1000 * statistics.median(side)
    goal = middle(floors) + middle(fsyncs) + 0.3
    a, b = middle(ours.latencies), middle(theirs.latencies)
    table.add("E1", "wire to MQTT, p50", f"{a:.2f} ms", f"{b:.2f} ms", f"1/{b / a:.1f}",
              f"<= {middle(floors):.2f} (broker) + {middle(fsyncs):.2f} (fsync) + 0.3 ms", a <= goal)
    late = [1000 * percentile(side.latencies, 0.99) for side in (ours, theirs)]
    table.add("E1", "wire to MQTT, p99", f"{late[0]:.2f} ms", f"{late[1]:.2f} ms",
              f"1/{late[1] / late[0]:.1f}", "<= 1/3", late[0] * 3 <= late[1])


def main():
    for program in ("mosquitto", "smartmeter-datacollector"):
        if not (shutil.which(program) or Path(f"/usr/sbin/{program}").exists()):
            skipped(f"{program} is not installed")
    binary = triphase()
    recorder = release("-p", "sim", "--example", "record_e450") / "examples/record_e450"
    print(machine())
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        folder = Path(folder)
        broker = stack.enter_context(Broker(folder / "broker"))
        count = WARM_UP + TELEGRAMS + 2 * PER_START * STARTS
        telegrams = recorded(recorder, count, folder / "capture.bin")
        take = lambda number: [next(telegrams) for _ in range(number)]
        subscriber = Subscriber(broker.port, OURS, PEERS, FLOOR)
        ours, theirs = sides(binary, folder, broker)
        for side in (ours, theirs):
            side.start()
            stack.callback(lambda side=side: side.process.stop())
        warm = take(WARM_UP)
        for side in (ours, theirs):
            warm_up(side, subscriber, warm)
        measure(folder, (ours, theirs), subscriber, take)


def measure(folder, both, subscriber, take):
    ours, theirs = both
    floors, fsyncs, table = [], [], Table()
    spent = [side.process.cpu() for side in both]
    for data in take(TELEGRAMS):
        for side in both:
            side.telegram(subscriber, data)
            floors.append(floor(subscriber))
            fsyncs.append(fsync_probe(folder, 512))
    spent = [1000 * (side.process.cpu() - before) / TELEGRAMS for side, before in zip(both, spent)]
    print(f"{compared(ours, theirs)} values equal; lost: triphase {ours.lost}, peer {theirs.lost}")
    rate_rows(table, ours, theirs, floors, fsyncs)
    table.add("E2", "CPU per telegram", f"{spent[0]:.3f} ms", f"{spent[1]:.3f} ms",
              f"1/{spent[1] / max(spent[0], 1e-9):.1f}", "<= 1/30", spent[0] * 30 <= spent[1])
    resident = [side.process.resident_mb() for side in both]
    table.add("E2", "resident, with store and HTTP", f"{resident[0]:.1f} MB", f"{resident[1]:.1f} MB",
              f"1/{resident[1] / resident[0]:.1f}", "<= 24 MB", resident[0] <= 24)
    before = [side.process.cpu() for side in both]
    time.sleep(IDLE)
    idle = [100 * (side.process.cpu() - start) / IDLE for side, start in zip(both, before)]
    table.add("E2", "CPU when idle", f"{idle[0]:.3f} %", f"{idle[1]:.3f} %",
              f"1/{idle[1] / max(idle[0], 1e-9):.1f}", "< 0.1 %", idle[0] < 0.1)
    starts = [tuple(time_start(side, subscriber, take(PER_START)) for side in both) for _ in range(STARTS)]
    ratio = median_ratio(starts, upside_down=True)
    a, b = (statistics.median(side) for side in zip(*starts))
    table.add("E2", "start to first message", f"{a:.3f} s", f"{b:.3f} s", f"1/{ratio:.1f}", "<= 1/8", ratio >= 8)
    table.print()
    sys.exit(0 if table.all_reached() else 1)


main()
