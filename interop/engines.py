"""The stores that are compared: triphase, InfluxDB 1.x and VictoriaMetrics, each on loopback with
a folder of its own. An engine is started, fed, asked and killed in the same way.
"""
import json
import shutil
import socket
import subprocess
import time
from datetime import datetime, timezone
from urllib.parse import quote

from measure import Process, Service, fetch, folder_bytes, free_port

METER = "general"
FIELD = "puissance_active_totale"
LINES = 5000
SETTLED = 4


def rfc3339(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Engine:
    """What all have in common; the address answers when the last value can be read."""

    def __init__(self, folder):
        self.folder, self.process, self.port = folder, None, free_port()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Starts it; returns the seconds until it tells the last value, or answers when empty."""
        began = time.monotonic()
        self.process = self.launch()
        while True:
            if not self.process.running():
                raise RuntimeError(f"{self.name} ended: {self.process.tail()}")
            try:
                if fetch(self.url + self.alive)[0] < 300:
                    return time.monotonic() - began
            except OSError:
                time.sleep(0.002)

    def stop(self):
        if self.process:
            self.process.stop()

    def settle(self):
        """Waits until what it keeps has its final size; returns that, in bytes."""
        sizes = []
        while len(sizes) < 150:
            sizes.append(folder_bytes(self.data))
            if len(sizes) > SETTLED and len(set(sizes[-SETTLED:])) == 1:
                break
            time.sleep(2)
        return sizes[-1]

    def load(self, path):
        """Feeds a file of line protocol in batches, each acknowledged."""
        with open(path, "rb") as file:
            while lines := b"".join(line for line, _ in zip(file, range(LINES))):
                status, answer = fetch(f"{self.url}{self.write}", lines)
                assert status == 204, answer


class Influx(Engine):
    """InfluxDB 1.x; every acknowledged write is on disk (wal-fsync-delay 0)."""

    name = "InfluxDB"
    write = "/write?db=bench&precision=s"
    alive = "/ping"

    def __init__(self, folder):
        super().__init__(folder)
        self.data = folder / "influx"
        self.data.mkdir(parents=True)
        config = folder / "influx.conf"
        config.write_text(f'''reporting-disabled = true
bind-address = "127.0.0.1:{free_port()}"
[meta]
dir = "{self.data}/meta"
[data]
dir = "{self.data}/data"
wal-dir = "{self.data}/wal"
wal-fsync-delay = "0s"
cache-snapshot-write-cold-duration = "2s"
compact-full-write-cold-duration = "5s"
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{self.port}"
log-enabled = false
[logging]
level = "error"
''')
        self.command = (shutil.which("influxd"), "-config", config)
        self.start()
        fetch(f"{self.url}/query", b"q=CREATE+DATABASE+bench")
        self.stop()

    def launch(self):
        return Process(*self.command, log=self.folder / "influx.log")

    def ask(self, query):
        return f"/query?db=bench&epoch=s&q={quote(query)}"

    def last(self):
        return self.ask(f'SELECT last("{FIELD}") FROM analyse_triphase')

    @staticmethod
    def last_value(answer):
        return json.loads(answer)["results"][0]["series"][0]["values"][0][1]

    def hourly(self, start, end):
        return self.ask(f'SELECT mean("{FIELD}") FROM analyse_triphase WHERE time >= {start}s AND time < {end}s '
                        "GROUP BY time(1h)")

    @staticmethod
    def hourly_values(answer):
        return [value for _, value in json.loads(answer)["results"][0]["series"][0]["values"]]

    def single(self, row, at):
        """A request that stores one row of chapter 25's fields."""
        fields = ",".join(f"{name}={value}" for name, value in row.items())
        return self.write, f"single {fields} {at}\n".encode()

    def numbered(self, number, at):
        return self.write, f"crash v={number} {at}\n".encode()

    def numbers(self):
        answer = json.loads(fetch(self.url + self.ask("SELECT v FROM crash"))[1])
        return {int(value) for _, value in answer["results"][0]["series"][0]["values"]}


class Victoria(Engine):
    """VictoriaMetrics, single node; it acknowledges before a write is durable."""

    name = "VictoriaMetrics"
    write = "/write?precision=s"
    alive = "/health"

    def __init__(self, folder):
        super().__init__(folder)
        self.data = folder / "victoria"
        self.command = (shutil.which("victoria-metrics"), f"-storageDataPath={self.data}",
                        f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=24",
                        "-search.latencyOffset=0s", "-loggerLevel=ERROR")

    def launch(self):
        return Process(*self.command, log=self.folder / "victoria.log")

    def settle(self):
        fetch(f"{self.url}/internal/force_flush")
        fetch(f"{self.url}/internal/force_merge")
        time.sleep(5)
        return super().settle()

    def last(self):
        return f"/api/v1/query?query={quote(f'analyse_triphase_{FIELD}')}"

    @staticmethod
    def last_value(answer):
        return float(json.loads(answer)["data"]["result"][0]["value"][1])

    def hourly(self, start, end):
        # A window reaches back from its end and leaves out its begin: [begin, end) of whole seconds.
        query = quote(f"avg_over_time(analyse_triphase_{FIELD}[1h])")
        return f"/api/v1/query_range?query={query}&start={start + 3599}&end={end - 1}&step=3600&nocache=1"

    @staticmethod
    def hourly_values(answer):
        return [float(value) for _, value in json.loads(answer)["data"]["result"][0]["values"]]

    single = Influx.single
    numbered = Influx.numbered

    def numbers(self):
        fetch(f"{self.url}/internal/force_flush")
        answer = fetch(f"{self.url}/api/v1/export?match[]=crash_v")[1]
        return {int(value) for line in answer.splitlines() for value in json.loads(line)["values"]}


class Triphase(Engine):
    """Our service; thirty fields go in through the store's own interface."""

    name = "triphase"
    alive = "/readyz"
    write = "/api/mesures"
    meters = "".join(f'[[meter]]\nid = "{name}"\nrole = "{role}"\n' for name, role in
                     ((METER, "main"), ("single", "machine"), ("crash", "machine")))

    def __init__(self, folder, binary, loader):
        super().__init__(folder)
        self.binary, self.loader, self.folder = binary, loader, folder / "triphase"
        self.data, self.loaded = self.folder / "data", None

    def launch(self):
        service = Service(self.binary, self.folder, self.meters)
        self.port = service.port
        return service

    def load(self, path):
        with open(path, "rb") as file:
            self.loaded = json.loads(self.lines(file, METER, 3600))

    def lines(self, file, meter, batch, *probe):
        """Appends line protocol while the service is down."""
        return subprocess.run([self.loader, self.data, meter, str(batch), *probe], stdin=file, check=True,
                              capture_output=True, text=True).stdout

    def last(self):
        return f"/api/v1/meters/{METER}/latest"

    @staticmethod
    def last_value(answer):
        return json.loads(answer)["values"]["active_power"]["value"]

    def hourly(self, start, end):
        return (f"/api/v1/series?meter={METER}&quantity=active_power&from={rfc3339(start)}&to={rfc3339(end)}"
                f"&points={(end - start) // 3600}")

    @staticmethod
    def hourly_values(answer):
        return [point["mean"] for point in json.loads(answer)["points"]]

    def single(self, row, at):
        return self.write, json.dumps({"compteur_id": "single", "timestamp": rfc3339(at), **row}).encode()

    def numbered(self, number, at):
        return self.write, json.dumps({"compteur_id": "crash", "timestamp": rfc3339(at), FIELD: number}).encode()

    def numbers(self):
        found, after = set(), 0
        while after is not None:
            page = json.loads(fetch(f"{self.url}/api/v1/samples?meter=crash&limit=1000&after={after}")[1])
            found |= {int(sample["values"]["active_power"]["value"]) for sample in page["samples"]}
            after = page["next"]
        return found


class Client:
    """One kept connection, with little of its own cost."""

    def __init__(self, port):
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, path, body=None):
        head = f"{'POST' if body is not None else 'GET'} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"{head}\r\n".encode() + (body or b"")

    def ask(self, request):
        """Sends prepared bytes; returns the seconds to the whole answer, its status and body."""
        began = time.perf_counter()
        self.socket.sendall(request)
        data = self.socket.recv(1 << 20)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.receive()
        head, rest = data[:end].lower(), data[end + 4:]
        status = int(head[9:12])
        if (at := head.find(b"content-length:")) >= 0:
            length = int(head[at + 15:].split(b"\r\n", 1)[0])
            while len(rest) < length:
                rest += self.receive()
        elif b"transfer-encoding: chunked" in head:
            while not rest.endswith(b"0\r\n\r\n"):
                rest += self.receive()
            rest = unchunked(rest)
        return time.perf_counter() - began, status, rest

    def receive(self):
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data


def unchunked(data):
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        if not (length := int(size, 16)):
            return body
        body += data[:length]
        data = data[length + 2:]
