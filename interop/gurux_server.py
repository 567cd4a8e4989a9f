#!/usr/bin/env python3
"""A DLMS meter made of gurux-dlms's server classes, for our client to read.

Usage: gurux_server.py INTERFACE SECURITY PDU-LENGTH, with INTERFACE hdlc or wrapper and SECURITY
none, password or keys. Prints the port, then counts what it was asked for on stderr.

What the package's 1.0.203 server cannot do by itself is done here, in classes of our own: the
answers to SNRM, AARQ, RLRQ and DISC, the answer to a challenge, rows by range and by entry, and names
that it calls and does not have. Framing, ciphering, GET, lists, blocks and objects are the package's.
"""
import datetime
import socketserver
import sys
import traceback

from gurux_dlms import (GXByteBuffer, GXDateTime, GXDLMSServer, GXReplyData, GXServerReply,
                        ValueEventArgs)
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.ConnectionState import ConnectionState
from gurux_dlms._GXAPDU import _GXAPDU
from gurux_dlms.enums import (AccessMode, Authentication, ClockStatus, Command, Conformance, DataType, ErrorCode,
                              InterfaceType, MethodAccessMode, ObjectType, RequestTypes, Security,
                              SourceDiagnostic, Unit)
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.objects.enums import AssociationStatus
from gurux_dlms.objects import (GXDLMSAssociationLogicalName, GXDLMSCaptureObject, GXDLMSClock,
                                GXDLMSData, GXDLMSDemandRegister, GXDLMSExtendedRegister,
                                GXDLMSProfileGeneric, GXDLMSRegister)

GUEK = "000102030405060708090A0B0C0D0E0F"
GAK = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
TITLE = b"GRX\x00\x00\x00\x00\x02"
PASSWORD = b"12345678"
NAME = "GRX12345678"
# The meter's wall clock: UTC+1 all year, which it states as a deviation of -60 minutes.
ZONE = datetime.timezone(datetime.timedelta(hours=1))
PERIOD = 900
ROWS = 400
# Registers: value, scaler, unit.
REGISTERS = {
    "1.0.1.8.0.255": (123456, 1, Unit.ACTIVE_ENERGY),
    "1.0.2.8.0.255": (7, 1, Unit.ACTIVE_ENERGY),
    "1.0.3.8.0.255": (4242, 0, Unit.REACTIVE_ENERGY),
    "1.0.16.7.0.255": (-1500, 0, Unit.ACTIVE_POWER),
    "1.0.32.7.0.255": (2311, -1, Unit.VOLTAGE),
    "1.0.52.7.0.255": (2297, -1, Unit.VOLTAGE),
    "1.0.72.7.0.255": (2304, -1, Unit.VOLTAGE),
    "1.0.31.7.0.255": (1234, -2, Unit.CURRENT),
    "1.0.13.7.0.255": (987, -3, Unit.NO_UNIT),
    "1.0.14.7.0.255": (5001, -2, Unit.FREQUENCY),
}
DENIED = "1.0.2.8.0.255"


# The server asks for it under this name; true leaves cutting into blocks to the APDU's encoder.
ValueEventArgs.isSkipMaxPduSize = True
# It also makes a list of a single one.
ValueEventArgs.__iter__ = lambda self: iter([self])
GXReplyData.getCipherIndex = lambda self: self.cipherIndex


def open_request(_cls, settings, data):
    """Deciphers a request; the server's own way leaves out a parameter of its own cipher."""
    data.data.position = data.data.position - 1
    if data.moreData & RequestTypes.FRAME:
        return
    cipher = settings.cipher
    parameters = AesGcmParameter(0, settings.sourceSystemTitle, cipher.blockCipherKey,
                                 cipher.authenticationKey)
    plain = GXCiphering.decrypt(settings, parameters, data.data)
    data.data.clear()
    data.data.set(plain)
    data.command = Command(data.data.getUInt8())


GXDLMS.handleGloDedRequest = classmethod(open_request)

# Object identifiers of the application context and of the authentication mechanism, without their
# last arc, and what the meter states on HDLC: information of 128 bytes, a window of 1.
CONTEXT = bytes.fromhex("608574050801")
MECHANISM = bytes.fromhex("608574050802")
LIMITS = bytes.fromhex("818012050180060180070400000001080400000001")


def tlv(tag, content):
    assert len(content) < 0x80, "short lengths suffice here"
    return bytes([tag, len(content)]) + content


def power_of_ten(scaler):
    return 10.0 ** scaler


def moment(at):
    """The meter's date-time of an instant."""
    made = GXDateTime(at.astimezone(ZONE))
    made.status = ClockStatus.OK
    return made


class Cipher(GXCiphering):
    """Counts on over associations, as a meter does."""

    def reset(self):
        self.security = Security.NONE


class Clock(GXDLMSClock):
    def getValue(self, settings, e):
        if e.index == 2:
            self.time = moment(datetime.datetime.now(datetime.timezone.utc))
        return super().getValue(settings, e)


class Association(GXDLMSAssociationLogicalName):
    """Answers a challenge by GMAC."""

    def getAssociationStatus(self):
        return self.associationStatus

    def invoke(self, settings, e):
        if e.index != 1 or settings.authentication != Authentication.HIGH_GMAC:
            return super().invoke(settings, e)
        proof = bytes(e.parameters)
        counter = int.from_bytes(proof[1:5], "big")
        expected = GXSecure.secure(settings, settings.cipher, counter, settings.stoCChallenge,
                                   settings.sourceSystemTitle)
        if bytes(expected) != proof:
            e.error = ErrorCode.READ_WRITE_DENIED
            return None
        self.associationStatus = AssociationStatus.ASSOCIATED
        own = settings.cipher.invocationCounter
        settings.cipher.invocationCounter += 1
        return GXSecure.secure(settings, settings.cipher, own, settings.ctoSChallenge,
                               settings.cipher.systemTitle)


class Profile(GXDLMSProfileGeneric):
    """Rows by range and by entry."""

    def __init__(self, name, rows):
        super().__init__(name)
        self.rows = rows
        self.selections = []

    def getValue(self, settings, e):
        if e.index != 2:
            return super().getValue(settings, e)
        rows = self.rows
        if e.selector == 1:
            span = [self.instant(settings, bound) for bound in e.parameters[1:3]]
            rows = [row for row in rows if span[0] <= row[0] <= span[1]]
        elif e.selector == 2:
            first, last = e.parameters[0], e.parameters[1] or len(rows)
            rows = rows[first - 1:last]
        data = GXByteBuffer()
        data.setUInt8(DataType.ARRAY)
        _GXCommon.setObjectCount(len(rows), data)
        for at, energy, quality in rows:
            data.setUInt8(DataType.STRUCTURE)
            data.setUInt8(3)
            _GXCommon.setData(settings, data, DataType.OCTET_STRING, moment(at))
            _GXCommon.setData(settings, data, DataType.UINT8, quality)
            _GXCommon.setData(settings, data, DataType.UINT32, energy)
        e.byteArray = True
        return data

    @staticmethod
    def instant(_settings, bound):
        """A date-time as a client sends it; without deviation it is the meter's wall time."""
        raw = bytes(bound)
        year = int.from_bytes(raw[0:2], "big")
        at = datetime.datetime(year, raw[2], raw[3], raw[5], raw[6], raw[7], tzinfo=ZONE)
        deviation = int.from_bytes(raw[9:11], "big", signed=True)
        if raw[9:11] != b"\x80\x00":
            zone = datetime.timezone(datetime.timedelta(minutes=-deviation))
            at = at.replace(tzinfo=zone)
        return at


class Meter(GXDLMSServer):
    def __init__(self, interface, security, pdu_length):
        super().__init__(True, interface)
        self.security = security
        self.refused = 0
        self.asked = 0
        self.settings.maxServerPDUSize = pdu_length
        self.settings.gbtWndowSize = 1
        self.settings.setConnected = lambda state: setattr(self.settings, "connected", state)
        conformance = (Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ | Conformance.GET
                       | Conformance.SELECTIVE_ACCESS | Conformance.ACTION
                       | Conformance.MULTIPLE_REFERENCES)
        self.settings.proposedConformance = conformance
        if security == "keys":
            cipher = Cipher(TITLE)
            cipher.security = Security.AUTHENTICATION_ENCRYPTION
            cipher.blockCipherKey = bytearray.fromhex(GUEK)
            cipher.authenticationKey = bytearray.fromhex(GAK)
            cipher.invocationCounter = 1
            self.settings.cipher = cipher
        self.fill()
        self.initialize()

    def fill(self):
        association = Association()
        self.items.append(association)
        clock = Clock()
        self.items.append(clock)
        name = GXDLMSData("0.0.42.0.0.255")
        name.value = NAME
        self.items.append(name)
        status = GXDLMSData("0.0.96.10.1.255")
        status.value = 0
        self.items.append(status)
        for code, (value, scaler, unit) in REGISTERS.items():
            register = GXDLMSRegister(code)
            register.value = value
            register.scaler = power_of_ten(scaler)
            register.unit = unit
            signed = value < 0
            register.setDataType(2, DataType.INT32 if signed else DataType.UINT32)
            self.items.append(register)
        demand = GXDLMSDemandRegister("1.0.1.4.0.255")
        demand.currentAverageValue = 321
        demand.lastAverageValue = 654
        demand.scaler = power_of_ten(0)
        demand.unit = Unit.ACTIVE_POWER
        demand.period = PERIOD
        for index in (2, 3):
            demand.setDataType(index, DataType.UINT32)
        self.items.append(demand)
        peak = GXDLMSExtendedRegister("1.0.1.6.0.255")
        peak.value = 999
        peak.scaler = power_of_ten(0)
        peak.unit = Unit.ACTIVE_POWER
        peak.setDataType(2, DataType.UINT32)
        self.items.append(peak)
        quarter = datetime.datetime.now(datetime.timezone.utc).timestamp() // PERIOD * PERIOD
        first = quarter - (ROWS - 1) * PERIOD
        instants = (datetime.datetime.fromtimestamp(first + index * PERIOD, datetime.timezone.utc)
                    for index in range(ROWS))
        # One quarter is marked as not valid (bit 2 of the status).
        rows = [(at, 100_000 + index, 4 if index == ROWS - 10 else 0)
                for index, at in enumerate(instants)]
        profile = Profile("1.0.99.1.0.255", rows)
        profile.capturePeriod = PERIOD
        profile.entriesInUse = profile.profileEntries = ROWS
        profile.sortObject = clock
        energy = self.items.findByLN(ObjectType.REGISTER, "1.0.1.8.0.255")
        for obj in (clock, status, energy):
            profile.captureObjects.append((obj, GXDLMSCaptureObject(2, 0)))
        self.items.append(profile)
        association.objectList = self.items

    # What the server calls; the names are the package's.
    def isTarget(self, serverAddress, clientAddress):
        return True

    def onValidateAuthentication(self, authentication, password):
        wanted = {"none": Authentication.NONE, "password": Authentication.LOW,
                  "keys": Authentication.HIGH_GMAC}[self.security]
        fits = authentication == wanted
        if self.security == "password" and fits:
            fits = bytes(password or b"") == PASSWORD
        if fits:
            return SourceDiagnostic.NONE
        self.refused += 1
        print(f"refused {self.refused}", file=sys.stderr, flush=True)
        return SourceDiagnostic.AUTHENTICATION_FAILURE

    def header(self):
        if self.settings.interfaceType == InterfaceType.HDLC:
            self.replyData.set(_GXCommon.LLC_REPLY_BYTES)

    def handleSnrmRequest(self, data):
        self.reset(True)
        self.replyData.set(LIMITS)
        self.settings.connected = ConnectionState.HDLC

    def generateDisconnectRequest(self):
        self.replyData.set(LIMITS)

    def handleReleaseRequest(self, data):
        self.header()
        self.replyData.set(b"\x63\x03\x80\x01\x00")

    def handleAarqRequest(self, data, connectionInfo):
        self.settings.ctoSChallenge = None
        if self.settings.interfaceType == InterfaceType.WRAPPER:
            self.reset(True)
        cipher = self.settings.cipher
        try:
            _GXAPDU.parsePDU(self.settings, cipher, data, None)
            reason = self.onValidateAuthentication(self.settings.authentication,
                                                   self.settings.password)
        except Exception:
            traceback.print_exc()
            reason = SourceDiagnostic.AUTHENTICATION_FAILURE
        accepted = reason == SourceDiagnostic.NONE
        high = accepted and self.settings.authentication > Authentication.LOW
        ciphered = bool(cipher and cipher.isCiphered())
        fields = tlv(0xA1, tlv(0x06, CONTEXT + (b"\x03" if ciphered else b"\x01")))
        fields += tlv(0xA2, tlv(0x02, b"\x00" if accepted else b"\x01"))
        if high:
            reason = SourceDiagnostic.AUTHENTICATION_REQUIRED
        fields += tlv(0xA3, tlv(0xA1, tlv(0x02, bytes([int(reason)]))))
        if ciphered:
            fields += tlv(0xA4, tlv(0x04, TITLE))
        if high:
            self.settings.setStoCChallenge(GXSecure.generateChallenge())
            fields += tlv(0x88, b"\x07\x80") + tlv(0x89, MECHANISM + b"\x05")
            fields += tlv(0xAA, tlv(0x80, bytes(self.settings.stoCChallenge)))
        if accepted:
            fields += tlv(0xBE, tlv(0x04, bytes(_GXAPDU.getUserInformation(self.settings, cipher))))
            if ciphered:
                cipher.invocationCounter += 1
            self.settings.connected |= ConnectionState.DLMS
        self.header()
        self.replyData.set(tlv(0x61, fields))

    def onFindObject(self, objectType, sn, ln):
        return None

    def onGetAttributeAccess(self, arg):
        denied = arg.target.logicalName == DENIED and arg.index == 2
        return AccessMode.NO_ACCESS if denied else AccessMode.READ

    def onGetMethodAccess(self, arg):
        return MethodAccessMode.ACCESS

    def handleCommand(self, cmd, data, sr):
        try:
            return super().handleCommand(cmd, data, sr)
        except Exception:
            # The package answers "unacceptable frame" and says nothing.
            traceback.print_exc()
            raise

    def nothing(self, *_):
        """The package calls it; there is nothing to do."""

    onPreRead = onPostRead = onPreWrite = onPostWrite = onPreAction = onPostAction = nothing
    onPreGet = onPostGet = onConnected = onInvalidConnection = onDisconnected = nothing
    notifyRead = notifyConnected = nothing


class Reply(GXServerReply):
    """The server calls methods where the package's reply has only attributes."""

    def setReply(self, reply):
        self.reply = reply

    def getConnectionInfo(self):
        return self.connectionInfo


class Line(socketserver.BaseRequestHandler):
    def handle(self):
        meter = self.server.meter
        meter.reset(False)
        while True:
            data = self.request.recv(4096)
            if not data:
                return
            reply = Reply(data)
            meter.handleRequest(reply)
            if reply.reply:
                self.request.sendall(bytes(reply.reply))


class Listener(socketserver.TCPServer):
    allow_reuse_address = True


def main(interface, security, pdu_length):
    kinds = {"hdlc": InterfaceType.HDLC, "wrapper": InterfaceType.WRAPPER}
    with Listener(("127.0.0.1", 0), Line) as listener:
        listener.meter = Meter(kinds[interface], security, int(pdu_length))
        print(listener.server_address[1], flush=True)
        listener.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
