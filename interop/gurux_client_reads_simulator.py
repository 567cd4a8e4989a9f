#!/usr/bin/env python3
"""A gurux-dlms client reads our simulated E450 over HDLC, after a mode E sign-on, and in the wrapper.

With no security, with a password and with keys (HLS, GMAC, ciphered APDUs), with short APDUs so
that answers come in blocks. Usage: gurux_client_reads_simulator.py PATH-TO-TRIPHASE
"""
import datetime
import socket
import subprocess
import sys

from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, ObjectType, RequestTypes, Security
from gurux_dlms.secure import GXDLMSSecureClient

GUEK = "000102030405060708090A0B0C0D0E0F"
GAK = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
TITLE = b"GRX\x00\x00\x00\x00\x01"
PASSWORD = "12345678"
SECONDS_MAX = 10
NORMAL = 1  # release reason


class Reader:
    """A client on a socket: asks, and joins what comes."""

    def __init__(self, address, client):
        self.client = client
        self.socket = socket.create_connection(address, timeout=SECONDS_MAX)

    def exchange(self, request, reply):
        """Sends one frame and takes one whole answer."""
        if request:
            self.socket.sendall(bytes(request))
        received = GXByteBuffer()
        reply.error = 0
        while True:
            chunk = self.socket.recv(4096)
            assert chunk, "the meter hung up"
            received.set(chunk)
            if self.client.getData(received, reply, None):
                break
        assert reply.error == 0, f"error {reply.error}"

    def ask(self, requests):
        """Sends a request's frames and takes the answer with all its blocks."""
        reply = GXReplyData()
        requests = requests if isinstance(requests, list) else [requests]
        for request in requests:
            reply.clear()
            self.exchange(request, reply)
            while reply.isMoreData():
                self.blocks = self.blocks or bool(reply.moreData & RequestTypes.DATABLOCK)
                self.exchange(self.client.receiverReady(reply), reply)
        return reply

    blocks = False

    def sign_on(self):
        """IEC 62056-21, mode E."""
        self.socket.sendall(b"/?!\r\n")
        identification = self.socket.recv(64)
        assert identification.startswith(b"/LGZ5\\2"), identification
        self.socket.sendall(b"\x06252\r\n")
        assert self.socket.recv(64) == b"\x06252\r\n"

    def connect(self):
        snrm = self.client.snrmRequest()
        if snrm:
            self.client.parseUAResponse(self.ask(snrm).data)
        self.client.parseAareResponse(self.ask(self.client.aarqRequest()).data)
        if self.client.isAuthenticationRequired:
            reply = self.ask(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)

    def read(self, obj, index):
        reply = self.ask(self.client.read(obj, index))
        return self.client.updateValue(obj, index, reply.value)

    def close(self):
        self.ask(self.client.releaseRequest())
        request = self.client.disconnectRequest()
        if request:
            self.ask(request)
        self.socket.close()


def client(interface, security):
    if security == "keys":
        made = GXDLMSSecureClient(True, 1, 1, Authentication.HIGH_GMAC, None, interface)
        made.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        made.ciphering.systemTitle = TITLE
        made.ciphering.blockCipherKey = bytes.fromhex(GUEK)
        made.ciphering.authenticationKey = bytes.fromhex(GAK)
        # Later runs against the same meter must not begin with a counter that was used.
        made.ciphering.invocationCounter = client.counter
        client.counter += 10_000
        return made
    if security == "password":
        return GXDLMSClient(True, 1, 1, Authentication.LOW, PASSWORD, interface)
    return GXDLMSClient(True, 1, 1, Authentication.NONE, None, interface)


client.counter = 1_000


def check(address, interface, security, mode_e=False):
    reader = Reader(address, client(interface, security))
    if mode_e:
        reader.sign_on()
    reader.connect()
    reply = reader.ask(reader.client.getObjectsRequest())
    objects = reader.client.parseObjects(reply.data, False)
    assert len(objects) == 30, len(objects)
    clock = objects.findByLN(ObjectType.CLOCK, "0.0.1.0.0.255")
    reader.read(clock, 2)
    now = datetime.datetime.now(datetime.timezone.utc)
    shown = clock.time.value.astimezone(datetime.timezone.utc)
    assert abs((now - shown).total_seconds()) < 5, (now, shown)
    name = objects.findByLN(ObjectType.DATA, "0.0.42.0.0.255")
    name = reader.read(name, 2)
    name = bytes(name) if isinstance(name, (bytes, bytearray)) else str(name).encode()
    assert name.startswith(b"LGZ1030655"), name
    registers = {}
    for obj in objects.getObjects(ObjectType.REGISTER):
        reader.read(obj, 3)
        registers[obj.logicalName] = (reader.read(obj, 2), int(obj.unit))
    energy, unit = registers["1.0.1.8.0.255"]
    assert energy > 1_000_000 and unit == 30, registers
    for phase in ("32", "52", "72"):
        voltage, unit = registers[f"1.0.{phase}.7.0.255"]
        assert 200 < voltage < 260 and unit == 35, registers
    demand = objects.findByLN(ObjectType.DEMAND_REGISTER, "1.0.1.4.0.255")
    reader.read(demand, 4)
    assert 0 < reader.read(demand, 3) < 100_000
    peak = objects.findByLN(ObjectType.EXTENDED_REGISTER, "1.0.1.6.0.255")
    reader.read(peak, 3)
    assert reader.read(peak, 2) > 0
    profile = objects.findByLN(ObjectType.PROFILE_GENERIC, "1.0.99.1.0.255")
    for index in (3, 4, 5, 7):
        reader.read(profile, index)
    assert profile.capturePeriod == 900 and profile.entriesInUse > 700
    start = GXDateTime(datetime.datetime.now() - datetime.timedelta(hours=6))
    end = GXDateTime(datetime.datetime.now())
    reply = reader.ask(reader.client.readRowsByRange(profile, start, end))
    rows = reader.client.updateValue(profile, 2, reply.value)
    assert len(rows) == 24, len(rows)
    energies = [row[2] for row in rows]
    assert energies == sorted(energies) and energies[-1] <= energy
    reply = reader.ask(reader.client.readRowsByEntry(profile, 5, 3))
    assert len(reader.client.updateValue(profile, 2, reply.value)) == 3
    if security == "none":
        wanted = [(obj, 2) for obj in objects.getObjects(ObjectType.REGISTER)]
        replies = [reader.ask(request) for request in reader.client.readList(wanted)]
        assert replies
    reader.close()
    return len(registers), reader.blocks


def refused(address, interface, authentication, password):
    """A meter that wants a proof does not believe another one."""
    reader = Reader(address, GXDLMSClient(True, 1, 1, authentication, password, interface))
    try:
        reader.connect()
    except Exception as error:  # gurux raises several kinds
        return type(error).__name__
    finally:
        reader.socket.close()
    raise AssertionError("the meter believed a wrong password")


def main(binary):
    for security, options in (
        ("none", []),
        ("password", ["--password", PASSWORD]),
        ("keys", ["--guek", GUEK, "--gak", GAK]),
    ):
        for length in ("1200", "200"):
            command = [binary, "simulate", "--model", "lgz_e450_dlms", "--port", "tcp://127.0.0.1:0",
                       "--pdu-length-max", length, *options]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as meter:
                try:
                    host, port = meter.stdout.readline().strip()[len("tcp://"):].split(":")
                    address = (host, int(port))
                    for interface in (InterfaceType.HDLC, InterfaceType.WRAPPER):
                        count, blocks = check(address, interface, security)
                        print(f"{security}, {interface.name}, APDUs of {length}: {count} registers, "
                              f"24 rows, in blocks: {blocks}")
                    check(address, InterfaceType.HDLC, security, mode_e=True)
                    if security != "none":
                        for wrong in ((Authentication.LOW, "wrong"), (Authentication.NONE, None)):
                            refused(address, InterfaceType.HDLC, *wrong)
                finally:
                    meter.terminate()
    print("gurux-dlms reads our simulated meter")


if __name__ == "__main__":
    main(sys.argv[1])
