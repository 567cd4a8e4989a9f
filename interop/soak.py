#!/usr/bin/env python3
"""A day of a workshop in minutes, under kills, broker outages and full disks: nothing is lost.

Usage: soak.py [--quick] [--speed X] [--seed N]
One encrypted E450 on a pseudo-terminal at one telegram per simulated second for 24 hours (one hour
with --quick), numbered measurements over HTTP beside it, mosquitto behind it. At seeded moments
triphase is killed, mosquitto ended and started again, and the disk filled. In the end:
what was acknowledged over HTTP is stored exactly once; what the wire brought to a running process
is stored exactly once; what is stored reached the subscriber, in order; the page always answered.
Needs mosquitto, paho-mqtt (see requirements.txt) and, for the full disk, the right to mount.
"""
import argparse
import contextlib
import getpass
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tty
from datetime import datetime, timedelta, timezone
from pathlib import Path

from measure import Broker, Service, example, fetch, free_port, machine, skipped, triphase, wait_until

GUEK = "000102030405060708090A0B0C0D0E0F"
GAK = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
WIRED, POSTED, PREFIX = "general", "posted", "soak"
DISK_MB = 256
# What is on its way when a process dies was never acknowledged.
IN_FLIGHT = 2.0
# A wire that was just opened may begin in the middle of a telegram.
SETTLING = 0.5
PATIENCE = 60
POST_PAUSE = 0.05
PROBE_PAUSE = 0.5
PATHS = ("/", "/healthz", f"/api/v1/meters/{WIRED}/latest", "/api/industrie/equilibre-phases")


class Plant:
    """triphase, its wire, its broker and its disk, and what each of them saw."""

    def __init__(self, binary, folder, disk):
        self.binary, self.folder, self.disk = binary, folder, disk
        self.port, self.broker_port = free_port(), free_port()
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.ended = threading.Event()
        self.service = self.broker = None
        self.lives = []          # From when to when the wire was read; open at the end.
        self.sent = []           # (instant, length written) of each telegram.
        self.acknowledged = 0
        self.told = []           # (meter, sample) in the order of arrival.
        self.failures, self.slowest, self.healing, self.resident = [], 0.0, [], 0.0

    def start_broker(self):
        # Started by root, mosquitto becomes another user, who may not write here: the recorder's
        # session would be lost with every outage, and with it what came before the recorder.
        persistent = (f"user {getpass.getuser()}\npersistence true\n"
                      f"persistence_location {self.folder}/broker/\nmax_inflight_messages 0\n")
        self.broker = Broker(self.folder / "broker", self.broker_port, persistent)

    def start(self):
        meters = (f'[[meter]]\nid = "{WIRED}"\nrole = "main"\nmodel = "lgz_e450"\n'
                  f'port = "serial://{os.ttyname(self.slave)}?baud=2400&data=8&parity=even&stop=1"\n'
                  'guek = { env = "SOAK_GUEK" }\ngak = { env = "SOAK_GAK" }\n'
                  f'[[meter]]\nid = "{POSTED}"\nrole = "machine"\n')
        section = f'[mqtt]\nbroker = "mqtt://127.0.0.1:{self.broker_port}"\nprefix = "{PREFIX}"\n'
        began = time.monotonic()
        self.service = Service(self.binary, self.folder / "triphase", meters, section, port=self.port,
                               data=self.disk / "data")
        self.wait_ready()
        wait_until(self.reads, PATIENCE, "the wire is not opened")
        self.healing.append(time.monotonic() - began)
        self.lives.append([time.monotonic() + SETTLING, None])

    def wait_ready(self):
        self.service.wait_for(f"{self.service.url}/readyz", PATIENCE)

    def readiness(self):
        try:
            return fetch(f"{self.service.url}/readyz", seconds=5)
        except OSError:
            return 0, b"{}"

    def reads(self):
        meters = json.loads(self.readiness()[1]).get("meters", [])
        return any(meter["id"] == WIRED and meter["state"] in ("waiting", "live") for meter in meters)

    def alive(self):
        return bool(self.lives) and self.lives[-1][1] is None

    def kill(self):
        self.lives[-1][1] = time.monotonic() - IN_FLIGHT
        self.service.kill()


def speak(plant, telegrams, pause):
    """The meter: says each telegram once, whoever listens."""
    due = time.monotonic()
    for data in telegrams:
        due += pause
        time.sleep(max(0.0, due - time.monotonic()))
        written = 0
        deadline = time.monotonic() + 1
        while plant.alive() and written < len(data) and time.monotonic() < deadline:
            try:
                written += os.write(plant.master, data[written:])
            except BlockingIOError:
                time.sleep(0.002)
        plant.sent.append((time.monotonic(), written == len(data)))
        if plant.ended.is_set():
            return


def post(plant):
    """A client: posts each measurement until it is acknowledged."""
    base = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(days=1)
    while not plant.ended.is_set():
        number = plant.acknowledged + 1
        row = {"compteur_id": POSTED, "timestamp": (base + timedelta(milliseconds=number)).isoformat(),
               "puissance_active_totale": number}
        with contextlib.suppress(OSError):
            url = f"http://127.0.0.1:{plant.port}/api/mesures"
            status, _ = fetch(url, json.dumps(row).encode(), {"Content-Type": "application/json"}, seconds=40)
            if status == 201:
                plant.acknowledged = number
        time.sleep(POST_PAUSE)


def probe(plant):
    """A person: the page and the API answer whenever the process lives."""
    # Before the first measurement a route rightly has nothing to tell.
    wait_until(lambda: any(meter == WIRED for meter, _ in plant.told), PATIENCE, "no sample reaches MQTT")
    while not plant.ended.is_set():
        for path in PATHS:
            life, began = len(plant.lives), time.monotonic()
            if not plant.alive():
                break
            try:
                url = f"http://127.0.0.1:{plant.port}{path}"
                status, _ = fetch(url, headers={"Accept": "text/html"} if path == "/" else (), seconds=10)
                failure = None if status == 200 else f"{status} {path}"
            except OSError as error:
                failure = f"{error} {path}"
            if plant.alive() and len(plant.lives) == life:
                plant.slowest = max(plant.slowest, time.monotonic() - began)
                if failure:
                    plant.failures.append(failure)
        time.sleep(PROBE_PAUSE)


def subscribe(plant):
    """Keeps every sample that the broker delivers, over its outages."""
    import paho.mqtt.client as mqtt

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="recorder", clean_session=False)
    client.reconnect_delay_set(0.1, 0.5)
    client.on_connect = lambda client, *_: client.subscribe(f"{PREFIX}/+/sample", qos=1)

    def take(_client, _user, message):
        if message.payload:
            sample = json.loads(message.payload)
            plant.told.append((sample["meter"], sample["sample"]))

    client.on_message = take
    client.connect("127.0.0.1", plant.broker_port)
    client.loop_start()
    return client


def outage_of_process(plant, chance):
    plant.kill()
    time.sleep(chance.uniform(0.05, 1.0))
    plant.start()


def outage_of_broker(plant, chance):
    plant.broker.stop()
    time.sleep(chance.uniform(0.5, 4.0))
    plant.start_broker()


def full_disk(plant, chance):
    """Returns whether triphase said that it cannot write."""
    filler = plant.disk / "filler"
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    until, noticed = time.monotonic() + chance.uniform(2.0, 6.0), False
    while time.monotonic() < until:
        noticed |= plant.readiness()[0] == 503
        time.sleep(0.2)
    filler.unlink()
    plant.wait_ready()
    return noticed


def disturb(plant, seconds, kinds, chance):
    """Outages, evenly enough and one at a time; returns how often each was, and disks noticed."""
    count, noticed = {}, 0
    end = time.monotonic() + seconds
    chance.shuffle(kinds)
    for place, kind in enumerate(kinds):
        left = max(0.0, end - time.monotonic())
        time.sleep(left / (len(kinds) - place + 1) * chance.uniform(0.4, 1.0))
        count[kind.__name__] = count.get(kind.__name__, 0) + 1
        noticed += bool(kind(plant, chance))
    return count, noticed


def stored(plant, meter):
    """(id, time of measurement, power) of every stored sample."""
    found, after = [], 0
    while after is not None:
        page = json.loads(fetch(f"{plant.service.url}/api/v1/samples?meter={meter}&limit=1000&after={after}")[1])
        found += [(sample["id"], sample["measured_at"], sample["values"]) for sample in page["samples"]]
        after = page["next"]
    return found


def verdict(plant, instants, wait):
    """The claims, each with what was found."""
    wired, posted = stored(plant, WIRED), stored(plant, POSTED)
    ids = {WIRED: [row[0] for row in wired], POSTED: [row[0] for row in posted]}
    everything = {(meter, number) for meter, numbers in ids.items() for number in numbers}
    with contextlib.suppress(RuntimeError):
        wait_until(lambda: everything <= set(plant.told), wait, "")
    times = [seconds(row[1]) for row in wired]
    owed = [instants[place] for place, (at, whole) in enumerate(plant.sent)
            if whole and any(start <= at <= (end or at) for start, end in plant.lives)]
    numbers = [int(float(row[2]["active_power"]["value"])) for row in posted]
    known, newest, late = set(), 0, 0
    for told in plant.told:
        if told not in known:
            known.add(told)
            late += told[1] < newest
            newest = max(newest, told[1])
    return [
        ("telegrams owed and missing", len(set(owed) - set(times)), len(owed)),
        ("telegrams stored twice", len(times) - len(set(times)), len(times)),
        ("stored that the meter never sent", len(set(times) - set(instants)), len(times)),
        ("posts acknowledged and missing", len(set(range(1, plant.acknowledged + 1)) - set(numbers)), plant.acknowledged),
        ("posts stored twice", len(numbers) - len(set(numbers)), len(numbers)),
        ("samples that MQTT never told", len(everything - set(plant.told)), len(everything)),
        ("samples told that are not stored", len(set(plant.told) - everything), len(set(plant.told))),
        ("samples told for the first time out of order", late, len(plant.told)),
        ("failed answers of page and API", len(plant.failures), "-"),
    ]


def seconds(text):
    return int(datetime.fromisoformat(text).timestamp())


def recorded(count, folder):
    """Telegrams of the simulated meter and their times, from our own decoder."""
    recorder = example("sim", "record_e450")
    capture = folder / "capture.bin"
    lengths = subprocess.run([recorder, str(count), "encrypted", capture, GUEK, GAK], check=True,
                             capture_output=True, text=True).stdout.split()
    with open(capture, "rb") as file:
        return [file.read(int(length)) for length in lengths], capture


def instants_of(binary, capture):
    lines = subprocess.run([binary, "decode", "--protocol", "dlms", "--format", "json", "--profile", "lgz_e450", "--timezone",
                            "Europe/Paris", "--guek", GUEK, "--gak", GAK, capture],
                           check=True, capture_output=True, text=True).stdout
    return [seconds(json.loads(line)["measured_at"]) for line in lines.splitlines()]


@contextlib.contextmanager
def small_disk(folder):
    """A disk of its own that can be full; without the right to mount, none."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", disk],
                             capture_output=True).returncode == 0
    try:
        yield disk, mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", disk], check=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--speed", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if not (shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()):
        skipped("mosquitto is not installed")
    hours, kills, brokers, disks = (1, 5, 3, 2) if arguments.quick else (24, 60, 30, 12)
    count = hours * 3600
    chance = random.Random(arguments.seed)
    os.environ |= {"SOAK_GUEK": GUEK, "SOAK_GAK": GAK}
    binary = triphase()
    print(machine())
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder)) as (disk, mounted):
        folder = Path(folder)
        telegrams, capture = recorded(count, folder)
        instants = instants_of(binary, capture)
        assert len(instants) == count, (len(instants), count)
        kinds = [outage_of_process] * kills + [outage_of_broker] * brokers
        if mounted:
            kinds += [full_disk] * disks
        else:
            print("no right to mount: the disk is never full in this run")
        plant = Plant(binary, folder, disk)
        try:
            recorder = run(plant, telegrams, (count / arguments.speed, arguments.speed), (kinds, chance))
            claims = verdict(plant, instants, PATIENCE)
            recorder.loop_stop()
        finally:
            plant.ended.set()
            plant.service and plant.service.stop()
            plant.broker and plant.broker.stop()
    report(plant, claims)


def run(plant, telegrams, pace, disturbance):
    (duration, speed), (kinds, chance) = pace, disturbance
    plant.start_broker()
    recorder = subscribe(plant)
    plant.start()
    workers = [threading.Thread(target=speak, args=(plant, telegrams, 1 / speed)),
               threading.Thread(target=post, args=(plant,)), threading.Thread(target=probe, args=(plant,))]
    for worker in workers:
        worker.start()
    counts, noticed = disturb(plant, duration * 0.95, kinds, chance)
    workers[0].join()
    plant.ended.set()
    for worker in workers[1:]:
        worker.join()
    plant.wait_ready()
    time.sleep(IN_FLIGHT)
    told = ", ".join(f"{name.replace('_', ' ')}: {number}" for name, number in counts.items())
    print(f"{told}; full disks that /readyz told: {noticed}")
    plant.resident = plant.service.resident_mb()
    return recorder


def report(plant, claims):
    print(f"healthy again after at most {max(plant.healing):.2f} s, slowest answer {plant.slowest:.2f} s, "
          f"resident at the end {plant.resident:.1f} MB")
    width = max(len(claim) for claim, _, _ in claims)
    for claim, wrong, of in claims:
        print(f"{claim.ljust(width)}  {wrong} of {of}{'' if wrong == 0 else '   WRONG'}")
    for failure in plant.failures[:10]:
        print(f"  {failure}")
    print(machine())
    sys.exit(0 if all(wrong == 0 for _, wrong, _ in claims) else 1)


main()
