#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Malformed messages that broke other daemons, over TCP into ours, and the right reaction.

    malformed.py [TEXT...]     all cases, or those whose names hold TEXT

Each case is a peer of its own (a range takes them in) that says something wrong.  Beside it
two reflector clients go on: what the one announces the other must get, at once, after every
case; neither session ever ends.  Cases say what RFC 7606 and its kin ask for:

    withdraw    treat-as-withdraw: that prefix leaves, one announced before and one announced
                after are there, the session stays
    discard     the route comes without the attribute
    carried     the route comes, the attribute's octets unchanged
    reset A/B   NOTIFICATION A/B, and the session ends
    up          nothing at all happens

A case's name begins with the rows of docs/robustness.md that it is for: that page and the cases
are checked against each other first.

Environment: BGPD_BUILD, the build directory (build-asan: a sanitizer sees what we do not).
"""
import ctypes
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

top = pathlib.Path(__file__).resolve().parent.parent.parent
build = pathlib.Path(os.environ.get("BGPD_BUILD", top / "build-asan"))
MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE, REFRESH = 1, 2, 3, 4, 5
AS, LIMIT = 64512, 5.0
US, SOURCE, OBSERVER = "10.9.0.1", "10.9.0.3", "10.9.0.4"
DISABLED, CHURN = "10.9.0.5", "10.9.0.6"


def h(text):
    """Octets from hex with blanks; "ff*16" repeats an octet."""
    out = b""
    for word in text.split():
        octets, _, times = word.partition("*")
        out += bytes.fromhex(octets) * int(times or 1)
    return out


def framed(kind, body=b""):
    return MARKER + struct.pack(">HB", 19 + len(body), kind) + body


# ---------------------------------------------------------------- UPDATEs

def attr(flags, kind, value):
    if isinstance(value, str):
        value = h(value)
    if len(value) > 255 or flags & 0x10:
        return bytes((flags | 0x10, kind)) + struct.pack(">H", len(value)) + value
    return bytes((flags, kind, len(value))) + value


def nlri(prefix):
    address, length = prefix.split("/")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return bytes((int(length),)) + socket.inet_pton(family, address)[:(int(length) + 7) // 8]


def update(attributes=b"", prefixes=b"", withdrawn=b""):
    return (struct.pack(">H", len(withdrawn)) + withdrawn + struct.pack(">H", len(attributes))
            + attributes + prefixes)


ORIGIN = attr(0x40, 1, "00")
LOCAL_PREF = attr(0x40, 5, "00000064")
MED = attr(0x80, 4, "00000007")


def as_path(*numbers):
    value = bytes((2, len(numbers))) if numbers else b""
    return attr(0x40, 2, value + b"".join(struct.pack(">I", n) for n in numbers))


def next_hop(address):
    return attr(0x40, 3, socket.inet_aton(address))


def mp_reach(prefixes, hop=h("fd09 00*12 0002"), afi=2, safi=1):
    return attr(0x90, 14, struct.pack(">HBB", afi, safi, len(hop)) + hop + b"\0" + prefixes)


def mp_unreach(prefixes, afi=2, safi=1):
    return attr(0x90, 15, struct.pack(">HB", afi, safi) + prefixes)


# ---------------------------------------------------------------- sessions

def capability(code, value=b""):
    if isinstance(value, str):
        value = h(value)
    return bytes((code, len(value))) + value


def capabilities(asn):
    return (capability(1, "0001 00 01") + capability(1, "0002 00 01") + capability(2)
            + capability(65, struct.pack(">I", asn)))


def open_body(asn, address, caps, parameters=None):
    if parameters is None:
        parameters = bytes((2, len(caps))) + caps
    return (struct.pack(">BHH", 4, asn if asn < 65536 else 23456, 90) + socket.inet_aton(address)
            + bytes((len(parameters),)) + parameters)


class Ended(Exception):
    """The other side closed, or said why."""


class Peer:
    """A connection from `address`; messages that came are kept in order."""

    def __init__(self, address, asn):
        self.address, self.asn = address, asn
        self.socket = socket.create_connection((US, 179), LIMIT, (address, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.closed, self.notification = b"", False, None
        self.opened = None

    def send(self, octets):
        self.socket.sendall(octets)

    def read(self, timeout):
        """The messages that come within `timeout`, at least one if there are any."""
        if self.closed or not select.select([self.socket], [], [], timeout)[0]:
            return []
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            data = b""
        self.closed = not data
        self.buffer += data
        found = []
        while len(self.buffer) >= 19:
            length, kind = struct.unpack_from(">HB", self.buffer, 16)
            if len(self.buffer) < length:
                break
            body, self.buffer = self.buffer[19:length], self.buffer[length:]
            if kind == NOTIFICATION:
                self.notification = body
            if kind == OPEN:
                self.opened = body
            found.append((kind, body))
        return found

    def establish(self, caps=None):
        self.send(framed(OPEN, open_body(self.asn, self.address,
                                         capabilities(self.asn) if caps is None else caps))
                  + framed(KEEPALIVE))
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            if any(kind == KEEPALIVE for kind, _ in self.read(0.2)):
                return self
            if self.closed or self.notification:
                break
        raise AssertionError(f"not Established: {self.said()}")

    def said(self):
        if self.notification is None:
            return "closed" if self.closed else "nothing"
        return f"NOTIFICATION {self.notification[0]}/{self.notification[1]}"

    def ended(self):
        end = time.monotonic() + LIMIT
        while not self.closed and time.monotonic() < end:
            self.read(0.2)
        return self.closed

    def is_up(self):
        self.read(0)
        return not self.closed and self.notification is None

    def close(self):
        self.socket.close()


class Table:
    """What the observer holds: {prefix octets by family: {attribute: (flags, value)}}."""

    def __init__(self, peer):
        self.peer, self.routes = peer, {}

    def take(self, timeout):
        for kind, body in self.peer.read(timeout):
            if kind == UPDATE:
                self.apply(body)
        if self.peer.closed or self.peer.notification:
            raise AssertionError(f"the observer: {self.peer.said()}")

    def apply(self, body):
        gone, = struct.unpack_from(">H", body)
        total, = struct.unpack_from(">H", body, 2 + gone)
        attributes, at, end = {}, 4 + gone, 4 + gone + total
        while at < end:
            flags, kind, length = body[at], body[at + 1], body[at + 2]
            at += 3
            if flags & 0x10:
                length = length << 8 | body[at]
                at += 1
            attributes[kind] = (flags & ~0x10, body[at:at + length])
            at += length
        for prefix in split(body[2:2 + gone]):
            self.routes.pop((1, prefix), None)
        for prefix in split(attributes.get(15, (0, b""))[1][3:]):
            self.routes.pop((2, prefix), None)
        for prefix in split(body[end:]):
            self.routes[1, prefix] = attributes
        reach = attributes.get(14, (0, b""))[1]
        for prefix in split(reach[5 + reach[3]:] if reach else b""):
            self.routes[2, prefix] = attributes

    def get(self, prefix):
        return self.routes.get((2 if ":" in prefix else 1, nlri(prefix)))

    def wait(self, what, condition):
        end = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"not within {LIMIT} s: {what}")
            self.take(0.05)


def split(octets):
    found, at = [], 0
    while at < len(octets):
        after = at + 1 + (octets[at] + 7) // 8
        found.append(octets[at:after])
        at = after
    return found


# ---------------------------------------------------------------- the stage

class Stage:
    """Two namespaces, our daemon in one, this process in the other."""

    def __init__(self):
        self.tag = f"bgpdm{os.getpid()}"
        self.directory = tempfile.mkdtemp(prefix="bgpd-malformed.")
        self.daemon, self.slowest, self.count, self.peers = None, 0.0, 0, 0

    def start(self):
        r, w = f"{self.tag}-r", f"{self.tag}-w"
        for name in (r, w):
            subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "link", "add", "v0", "netns", r, "type", "veth",
                        "peer", "name", "v0", "netns", w], check=True)
        for name, address in ((r, "10.9.0.1/16"), (w, "10.9.0.2/16")):
            for words in (["link", "set", "lo", "up"], ["addr", "add", address, "dev", "v0"],
                          ["link", "set", "v0", "up"]):
                subprocess.run(["ip", "-n", name, *words], check=True)
        # This side is all addresses of the subnet.
        subprocess.run(["ip", "-n", w, "route", "add", "local", "10.9.0.0/16", "dev", "v0",
                        "table", "local"], check=True)
        subprocess.run(["ip", "-n", w, "route", "add", "10.9.0.1/32", "dev", "v0",
                        "table", "local"], check=True)
        self.socket_path = f"{self.directory}/r.sock"
        self.configure()
        self.log = open(f"{self.directory}/r.log", "w+", encoding="utf-8", errors="replace")
        self.daemon = subprocess.Popen(["ip", "netns", "exec", r, str(build / "bgpd/bgpd"),
                                        "-f", f"{self.directory}/r.conf"],
                                       stdout=self.log, stderr=self.log)
        enter(w)
        end = time.monotonic() + 20
        while True:
            try:
                self.source = Peer(SOURCE, AS).establish()
                break
            except (OSError, AssertionError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self.table = Table(Peer(OBSERVER, AS).establish())

    def configure(self, more=""):
        """Its file; a SIGHUP makes it true."""
        file = pathlib.Path(f"{self.directory}/r.conf.new")
        file.write_text(f"""
router {{ as = {AS} id = "{US}" resolve-next-hops = false graceful-restart = false }}
kernel {{ install = false }}
control {{ socket = "{self.socket_path}" }}
log {{ level = "info" }}
filter "all" {{ default = "accept" }}
peer "source" {{ address = "{SOURCE}" as = {AS} client = true passive = true }}
peer "observer" {{ address = "{OBSERVER}" as = {AS} client = true passive = true }}
group "inside" {{ range = {{"10.9.64.0/18"}} as = {AS} client = true }}
group "outside" {{ range = {{"10.9.128.0/17"}} as = 65001 import = "all" }}
peer "disabled" {{ address = "{DISABLED}" as = {AS} enabled = false }}
{more}
""")
        file.rename(f"{self.directory}/r.conf")

    def stop(self):
        code = None
        if self.daemon:
            pid = self.daemon.pid
            self.daemon.send_signal(signal.SIGTERM)
            try:
                code = self.daemon.wait(20)
            except subprocess.TimeoutExpired:
                os.kill(pid, signal.SIGKILL)
        for name in ("r", "w"):
            subprocess.run(["ip", "netns", "del", f"{self.tag}-{name}"], check=False)
        return code

    def bystanders(self):
        """The two clients go on as if nothing were."""
        self.count += 1
        prefix, began = f"10.200.{self.count % 250}.0/24", time.monotonic()
        med = struct.pack(">I", self.count)
        self.source.send(framed(UPDATE, update(
            ORIGIN + as_path() + next_hop(SOURCE) + attr(0x80, 4, med) + LOCAL_PREF,
            nlri(prefix))) + framed(KEEPALIVE))
        self.table.peer.send(framed(KEEPALIVE))
        self.table.wait(f"{prefix} from the other client",
                        lambda: (self.table.get(prefix) or {}).get(4) == (0x80, med))
        self.slowest = max(self.slowest, time.monotonic() - began)
        if not self.source.is_up():
            raise AssertionError(f"the source: {self.source.said()}")

    def peer(self, ebgp=False):
        self.peers += 1
        base = "10.9.128.0" if ebgp else "10.9.64.0"
        address = struct.unpack(">I", socket.inet_aton(base))[0] + self.peers
        return Peer(socket.inet_ntoa(struct.pack(">I", address)), 65001 if ebgp else AS)

    def show(self, peer):
        out = subprocess.run([str(build / "bgpd/bgpctl"), "-s", self.socket_path, "-j", "show",
                              "peer", peer.address], capture_output=True, check=True, text=True)
        return json.loads(out.stdout)


def enter(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", "rb") as file:
        if libc.setns(file.fileno(), 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), "setns")


# ---------------------------------------------------------------- the cases

cases = []


def case(name):
    def note(run):
        cases.append((name, run))
        return run
    return note


BEFORE, BAD, AFTER = "10.50.1.0/24", "10.50.2.0/24", "10.50.3.0/24"


class Talk:
    """An Established peer with something wrong to say."""

    def __init__(self, stage, ebgp=False, caps=None):
        self.stage, self.ebgp = stage, ebgp
        self.peer = stage.peer(ebgp)
        if caps is not None:
            caps = capabilities(self.peer.asn) + caps
        self.peer.establish(caps)

    def good(self, **other):
        """The attributes of a right UPDATE, some of them others."""
        parts = {"origin": ORIGIN,
                 "path": as_path(self.peer.asn) if self.ebgp else as_path(65010),
                 "hop": next_hop(self.peer.address),
                 "pref": b"" if self.ebgp else LOCAL_PREF, "more": b""}
        parts.update(other)
        return b"".join(parts.values())

    def announce(self, prefix):
        self.peer.send(framed(UPDATE, update(self.good(), nlri(prefix))))

    def begin(self):
        self.announce(BEFORE)
        self.announce(BAD)
        self.arrives(BEFORE)
        self.arrives(BAD)

    def arrives(self, prefix):
        table = self.stage.table
        table.wait(f"{prefix} at the observer", lambda: table.get(prefix))
        return table.get(prefix)

    def leaves(self, prefix):
        table = self.stage.table
        table.wait(f"{prefix} leaves the observer", lambda: not table.get(prefix))

    def goes_on(self):
        """The session stands, what was there is there, what comes now comes."""
        self.announce(AFTER)
        self.arrives(AFTER)
        self.arrives(BEFORE)
        if not self.peer.is_up():
            raise AssertionError(f"the session ended: {self.peer.said()}")

    def end(self):
        self.peer.close()
        for prefix in (BEFORE, BAD, AFTER):
            self.leaves(prefix)


def withdraw(stage, body, ebgp=False, caps=None):
    """`body` is an UPDATE about BAD, or makes one from the talk."""
    talk = Talk(stage, ebgp, caps)
    talk.begin()
    talk.peer.send(framed(UPDATE, body(talk) if callable(body) else body))
    stage.bystanders()
    talk.leaves(BAD)
    talk.goes_on()
    shown = stage.show(talk.peer)
    if shown["update_faults"]["withdraw"] < 1 or not shown["last_error"]:
        raise AssertionError(f"not counted, or not told: {shown['update_faults']}")
    talk.end()


def arrives(stage, more, ebgp=False, without=None, carried=None, faults=None, **other):
    """The route comes; without an attribute, or with these octets in it."""
    talk = Talk(stage, ebgp)
    talk.announce(BEFORE)
    talk.arrives(BEFORE)
    talk.peer.send(framed(UPDATE, update(talk.good(more=more, **other), nlri(BAD))))
    stage.bystanders()
    got = talk.arrives(BAD)
    if without is not None and without in got:
        raise AssertionError(f"attribute {without} came along: {got[without]}")
    for kind, value in (carried or {}).items():
        if kind not in got or got[kind][1] != value:
            raise AssertionError(f"attribute {kind}: {got.get(kind)}, not {value.hex()}")
    talk.goes_on()
    shown = stage.show(talk.peer)["update_faults"]
    if faults is not None and shown["discard"] != faults:
        raise AssertionError(f"{shown['discard']} discards counted")
    talk.end()


def discard(stage, kind, more, ebgp=False):
    arrives(stage, more, ebgp, without=kind, faults=1)


def check_notification(peer, wanted, data=None):
    if not peer.ended() or peer.notification is None:
        raise AssertionError(f"no NOTIFICATION: {peer.said()}")
    code = peer.notification[0], peer.notification[1]
    if code not in wanted:
        raise AssertionError(f"NOTIFICATION {code[0]}/{code[1]}")
    if data is not None and peer.notification[2:] != data:
        raise AssertionError(f"data {peer.notification[2:].hex()}, not {data.hex()}")


def reset(stage, octets, *wanted, data=None, ebgp=False, caps=None):
    """Whole messages; NOTIFICATION one of `wanted`."""
    talk = Talk(stage, ebgp, caps)
    talk.begin()
    talk.peer.send(octets(talk) if callable(octets) else octets)
    stage.bystanders()
    check_notification(talk.peer, wanted, data)
    talk.end()


def bad_open(stage, octets, *wanted):
    peer = stage.peer()
    peer.send(octets)
    stage.bystanders()
    check_notification(peer, wanted)
    peer.close()


def open_with(caps=b"", parameters=None, asn=AS):
    return framed(OPEN, open_body(asn, "10.9.64.1", caps, parameters))


def ignored(stage, caps):
    """The session comes up in spite of a capability that is wrong."""
    talk = Talk(stage, caps=caps)
    talk.announce(BEFORE)
    talk.arrives(BEFORE)
    talk.goes_on()
    shown = stage.show(talk.peer)
    talk.end()
    return shown


# ---- OPEN: rows 1 to 11

@case("1: extended parameters of length 2 (RFC 9072 2)")
def _(stage):
    bad_open(stage, h("ff*16 0022 01 04 dead 0005 c0a83901 ff ff 0002 0001"), (2, 0))


@case("2: the message ends at the length of its parameters")
def _(stage):
    bad_open(stage, h("ff*16 001d 01 04 dead 00de adbeef6b ff"), (2, 0), (1, 2))


@case("3: parameter headers of two octets in the extended form")
def _(stage):
    bad_open(stage, framed(OPEN, struct.pack(">BHH", 4, AS, 90) + socket.inet_aton("10.9.64.1")
                           + h("ff ff 0004 02 02 0200")), (2, 0))


@case("4: a capability longer than its parameter")
def _(stage):
    bad_open(stage, open_with(parameters=h("02 06 01 08 0001 0001")), (2, 0))


@case("4, 6: the AS4 capability with two octets (RFC 6793)")
def _(stage):
    bad_open(stage, open_with(capability(65, "0001")), (2, 0))


@case("5: the AS4 capability empty, another behind it")
def _(stage):
    bad_open(stage, open_with(capability(65) + capability(1, "0001 00 01")), (2, 0))


@case("7: long-lived restart of six octets is ignored (RFC 9494)")
def _(stage):
    ignored(stage, capability(71, "0001 01 00 0000"))


@case("8, 9: a software version whose inner length is 0, or too long")
def _(stage):
    ignored(stage, capability(75, "00") + capability(75, "05 4142"))
    ignored(stage, capability(75, "03 4142") + capability(75))


@case("10: host names that overrun, without an end, of odd octets")
def _(stage):
    shown = ignored(stage, capability(73, "c8 4142"))
    if shown["hostname"] is not None:
        raise AssertionError(shown["hostname"])
    ignored(stage, capability(73, "02 4142 c8 43"))
    shown = ignored(stage, capability(73, "04 1b5b316d 00"))
    if "\x1b" in (shown["hostname"] or ""):
        raise AssertionError("an escape sequence came through")


@case("11: an unknown capability of length 0, twenty times")
def _(stage):
    ignored(stage, capability(200) * 20)


@case("11: a dynamic CAPABILITY message")
def _(stage):
    reset(stage, framed(6, h("00 41 00")), (1, 3), data=b"\x06")


# ---- headers: row 12

for text, octets, wanted, what in (
        ("a length of 18", "ff*16 0012 04", (1, 2), "0012"),
        ("a length of 4097", "ff*16 1001 02", (1, 2), "1001"),
        ("an UPDATE of 22", "ff*16 0016 02 000000", (1, 2), "0016"),
        ("a NOTIFICATION of 20", "ff*16 0014 03 06", (1, 2), "0014"),
        ("a KEEPALIVE of 20", "ff*16 0014 04 00", (1, 2), "0014"),
        ("a ROUTE-REFRESH of 22 (RFC 7313 5)", "ff*16 0016 05 000100", (7, 1),
         "ff*16 0016 05 000100"),
        ("a bad marker", "ff*15 fe 0013 04", (1, 1), ""),
        ("type 0", "ff*16 0013 00", (1, 3), "00"),
        ("type 255", "ff*16 0013 ff", (1, 3), "ff")):
    def run(stage, octets=octets, wanted=wanted, what=what):
        reset(stage, h(octets), wanted, data=h(what))
    case(f"12: {text} (RFC 4271 6.1)")(run)


@case("12: an OPEN of 28")
def _(stage):
    bad_open(stage, h("ff*16 001c 01 04 fc00 005a 0a094001"), (1, 2))


@case("13: ROUTE-REFRESH with an ORF longer than the message")
def _(stage):
    talk = Talk(stage)
    talk.begin()
    talk.peer.send(framed(REFRESH, h("0001 00 01 01 80 ffff 00")))
    stage.bystanders()
    if talk.peer.is_up():
        talk.goes_on()
    else:
        check_notification(talk.peer, [(7, 1), (1, 2)])
    talk.end()


# ---- NOTIFICATION: rows 14, 15

def notified(stage, body, words):
    talk = Talk(stage)
    talk.begin()
    talk.peer.send(framed(NOTIFICATION, body))
    stage.bystanders()
    if not talk.peer.ended() or talk.peer.notification is not None:
        raise AssertionError(f"a NOTIFICATION was answered: {talk.peer.said()}")
    stage.log.flush()
    log = pathlib.Path(stage.log.name).read_text(encoding="utf-8", errors="replace")
    if not any(word in log for word in words) or "\x1b" in log:
        tail = " | ".join(line for line in log.splitlines() if "NOTIFICATION" in line)[-300:]
        raise AssertionError(f"the log says none of {words}: {tail}")
    talk.end()


@case("14: a shutdown text shorter than it says, with an escape (RFC 9003)")
def _(stage):
    notified(stage, h("06 02 c8 62 79 65 1b 5b 31 6d"), ["bye"])


@case("14: a shutdown text of 255 octets")
def _(stage):
    notified(stage, h("06 02 ff 7a*255"), ["z" * 100])


@case("15: an unknown code is shown by its number")
def _(stage):
    notified(stage, h("63 4d 01 02"), ["code 99/subcode 77"])


# ---- UPDATE: rows 16 to 42

def put(name, body, **more):
    """A case of treat-as-withdraw: `body` makes the UPDATE from the talk."""
    def run(stage):
        withdraw(stage, body, **more)
    case(name)(run)


def put_more(name, more, **options):
    put(name, lambda talk: update(talk.good(more=more), nlri(BAD)), **options)


put("16: an attribute with extended length beyond the end (RFC 7606 4)",
    lambda talk: update(talk.good() + h("d0 c8 ffff 00"), nlri(BAD)))
put("17: ORIGIN of two octets", lambda talk: update(
    talk.good(origin=attr(0x40, 1, "0000")), nlri(BAD)))
put("17, 58: ORIGIN of value 3", lambda talk: update(
    talk.good(origin=attr(0x40, 1, "03")), nlri(BAD)))
put_more("17: MULTI_EXIT_DISC of three octets", attr(0x80, 4, "000001"))
put("17: LOCAL_PREF of five octets", lambda talk: update(
    talk.good(pref=attr(0x40, 5, "0000000064")), nlri(BAD)))
put("18: no attribute at all, with NLRI (RFC 7606 3 d)", lambda talk: update(b"", nlri(BAD)))
put("18: no NEXT_HOP", lambda talk: update(talk.good(hop=b""), nlri(BAD)))
put("18: no ORIGIN", lambda talk: update(talk.good(origin=b""), nlri(BAD)))
put("18: no AS_PATH", lambda talk: update(talk.good(path=b""), nlri(BAD)))
put("19: an unknown attribute with all flags, and none that must be there",
    lambda talk: update(h("ff 1f 0010 00*16"), nlri(BAD)))
put("20: an empty attribute 255 and NLRI is no End-of-RIB",
    lambda talk: update(h("c0 ff 00"), nlri(BAD)))


@case("21: MP_UNREACH, and NLRI without what must be there")
def _(stage):
    talk = Talk(stage)
    talk.begin()
    talk.peer.send(framed(UPDATE, update(ORIGIN + as_path(65010) + LOCAL_PREF
                                         + mp_reach(nlri("2001:db8:50::/48")))))
    talk.arrives("2001:db8:50::/48")
    talk.peer.send(framed(UPDATE, update(mp_unreach(nlri("2001:db8:50::/48")), nlri(BAD))))
    stage.bystanders()
    talk.leaves("2001:db8:50::/48")
    talk.leaves(BAD)
    talk.goes_on()
    talk.end()


def put_reset(name, body, *wanted, **more):
    def run(stage):
        reset(stage, lambda talk: framed(UPDATE, body(talk) if callable(body) else body),
              *wanted, **more)
    case(name)(run)


V6 = nlri("2001:db8:50::/48")
PLAIN = ORIGIN + as_path(65010) + LOCAL_PREF
put_reset("22: MP_REACH whose next hop is longer than the rest (RFC 7606 7.11)",
          update(PLAIN + attr(0x90, 14, "0002 01 10 fd09 0000")), (3, 1), (3, 9))
put_reset("22: a next hop of 9 octets", update(PLAIN + mp_reach(V6, h("fd*9"))), (3, 1), (3, 9))
put_reset("22: a next hop of 64 octets", update(PLAIN + mp_reach(V6, h("fd*64"))), (3, 1), (3, 9))
put_reset("23: MP_UNREACH with a truncated prefix",
          update(mp_unreach(h("40 20010db8"))), (3, 9), (3, 1))
put_reset("24: a next hop of length 0", update(PLAIN + mp_reach(V6, b"")), (3, 9), (3, 1))
put_reset("25: withdrawn and attributes longer than the message",
          h("0008 0000"), (3, 1))
put_reset("25: a withdrawn prefix that overruns its field",
          h("0002 18 0a 0000"), (3, 10))
put("25: an attribute that overruns the attributes (RFC 7606 4)",
    lambda talk: update(talk.good() + h("80 04 08 00000001"), nlri(BAD)))
put_reset("26: an IPv4 prefix of 33 bits",
          lambda talk: update(talk.good(), h("21 0a320200 80")), (3, 10))
put_reset("26: an IPv6 prefix of 129 bits",
          update(PLAIN + mp_reach(h("81 20010db8 00*13"))), (3, 9), (3, 1))


@case("26: bits behind the prefix length are forgiven")
def _(stage):
    talk = Talk(stage)
    talk.announce(BEFORE)
    talk.peer.send(framed(UPDATE, update(talk.good(), h("14 0a32 7f"))))
    stage.bystanders()
    talk.arrives("10.50.112.0/20")
    talk.goes_on()
    talk.end()
    talk.leaves("10.50.112.0/20")


put("27: a wrong length, and MP_REACH of a family that was not agreed on",
    lambda talk: update(talk.good(more=attr(0x80, 4, "01")
                                  + mp_reach(h("70 00*14"), h("0a090002"), 25, 70)), nlri(BAD)))
put_reset("28: an unknown attribute that claims to be well-known (RFC 4271 6.3)",
          lambda talk: update(talk.good(more=attr(0x40, 99, "0102")), nlri(BAD)), (3, 2),
          data=h("40 63 02 0102"))
put("29: ORIGIN without the transitive flag", lambda talk: update(
    talk.good(origin=attr(0x00, 1, "00")), nlri(BAD)))


@case("30: AS4_PATH in front of AS_PATH, from a peer with 4-octet numbers (RFC 6793 6)")
def _(stage):
    arrives(stage, b"", origin=attr(0xc0, 17, "0201 0000fde8") + ORIGIN, without=17)


put("31: an empty AS_PATH over eBGP", lambda talk: update(talk.good(path=as_path()), nlri(BAD)),
    ebgp=True)
put("31: an AS_PATH that begins with another AS (RFC 4271 6.3)",
    lambda talk: update(talk.good(path=as_path(65002, 65001)), nlri(BAD)), ebgp=True)
for length in (0, 1, 3, 5, 16):
    put(f"32: NEXT_HOP of {length} octets", lambda talk, length=length: update(
        talk.good(hop=attr(0x40, 3, b"\x0a" * length)), nlri(BAD)))


def no_use(name, hop):
    """Not best any more, whatever it is called."""
    def run(stage):
        talk = Talk(stage)
        talk.begin()
        talk.peer.send(framed(UPDATE, update(talk.good(hop=next_hop(hop)), nlri(BAD))))
        stage.bystanders()
        talk.leaves(BAD)
        talk.goes_on()
        talk.end()
    case(name)(run)


for hop in ("0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", US):
    no_use(f"32: NEXT_HOP {hop} (RFC 4271 5.1.3)", hop)
for text, path in (("a segment of no AS", "0200"), ("segment type 0", "0001 0000fde8"),
                   ("segment type 5", "0501 0000fde8"), ("a segment that overruns", "02ff 0000fde8"),
                   ("AS 0 (RFC 7607)", "0202 0000fde8 00000000"), ("half an AS", "0201 0000"),
                   ("one octet", "02"), ("an AS_SET (RFC 9774)", "0101 0000fde8")):
    put(f"33: AS_PATH with {text}", lambda talk, path=path: update(
        talk.good(path=attr(0x40, 2, path)), nlri(BAD)))


put("33: AS_PATH with a confederation's segment over eBGP (RFC 5065 5)",
    lambda talk: update(talk.good(path=attr(0x40, 2, "0201 0000fde9 0301 0000fde8")), nlri(BAD)),
    ebgp=True)


@case("34: 300 AS numbers in two segments")
def _(stage):
    path = h("02ff") + h("0000fde8") * 255 + h("022d") + h("0000fde8") * 45
    arrives(stage, b"", path=attr(0x40, 2, path), carried={2: path})


@case("35: 4,000 AS numbers in a long message (RFC 8654) are more than we take")
def _(stage):
    path = (h("02ff") + h("0000fde8") * 255) * 15 + h("02af") + h("0000fde8") * 175
    withdraw(stage, lambda talk: update(talk.good(path=attr(0x40, 2, path)), nlri(BAD)),
             caps=capability(6))


@case("36: all attributes that nobody knows at once are carried")
def _(stage):
    kinds = [kind for kind in range(41, 128) if kind != 128]
    more = b"".join(attr(0xc0, kind, bytes((kind,))) for kind in kinds)
    arrives(stage, more, carried={kind: bytes((kind,)) for kind in kinds})


@case("37: a route that is too long after CLUSTER_LIST is added leaves, nothing else")
def _(stage):
    talk = Talk(stage)
    talk.begin()
    room = 4096 - 19 - 4 - len(talk.good()) - len(nlri(BAD)) - 4
    more = attr(0xc0, 8, h("fc000001") * (room // 4))
    talk.peer.send(framed(UPDATE, update(talk.good(more=more), nlri(BAD))))
    stage.bystanders()
    talk.leaves(BAD)
    talk.goes_on()
    talk.end()


@case("38: an attribute twice: the first counts (RFC 7606 3 g)")
def _(stage):
    arrives(stage, MED + attr(0x80, 4, "00000009"), carried={4: h("00000007")})


put_reset("38: MP_REACH twice (RFC 7606 3 g)",
          update(PLAIN + mp_reach(V6) + mp_reach(V6)), (3, 1))
put_reset("38: MP_UNREACH twice (RFC 7606 3 g)",
          update(mp_unreach(V6) + mp_unreach(V6)), (3, 1))
for text, kind, length in (("EXTENDED_COMMUNITIES", 16, 7), ("EXTENDED_COMMUNITIES", 16, 0),
                           ("COMMUNITIES", 8, 3), ("COMMUNITIES", 8, 0),
                           ("LARGE_COMMUNITIES", 32, 11), ("LARGE_COMMUNITIES", 32, 0)):
    put_more(f"39: {text} of {length} octets (RFC 7606 7)", attr(0xc0, kind, b"\1" * length))
for text, kind, length in (("ORIGINATOR_ID", 9, 5), ("CLUSTER_LIST", 10, 0), ("CLUSTER_LIST", 10, 3)):
    put_more(f"40: {text} of {length} octets over iBGP (RFC 7606 7.9)",
             attr(0x80, kind, b"\1" * length))

    def run(stage, kind=kind, length=length):
        arrives(stage, attr(0x80, kind, b"\1" * length), ebgp=True)
    case(f"40: {text} of {length} octets over eBGP is discarded")(run)
for text, kind, value in (("AGGREGATOR of 5", 7, "01*5"), ("AGGREGATOR of 7", 7, "01*7"),
                          ("AGGREGATOR of 9", 7, "01*9"),
                          ("AGGREGATOR of AS 0 (RFC 7607)", 7, "00000000 0a090002"),
                          ("AS4_AGGREGATOR of 7", 18, "01*7")):
    def run(stage, kind=kind, value=value):
        discard(stage, kind, attr(0xc0, kind, value))
    case(f"41: {text} octets is discarded (RFC 7606 7.7)")(run)


@case("41: ATOMIC_AGGREGATE of one octet is discarded (RFC 7606 7.6)")
def _(stage):
    discard(stage, 6, attr(0x40, 6, "00"))


put_more("42: ONLY_TO_CUSTOMER of three octets (RFC 9234 5)", attr(0xc0, 35, "0000fd"))
put_more("42: ONLY_TO_CUSTOMER of five octets", attr(0xc0, 35, "0000fde800"))
put_more("42: ONLY_TO_CUSTOMER of AS 0", attr(0xc0, 35, "00000000"))


# ---- optional attributes and other families: rows 43 to 52

@case("43: AIGP, truncated, is not passed on (RFC 7311 3)")
def _(stage):
    arrives(stage, attr(0x80, 26, "01 000b 00"), without=26)


for text, kind, value in (
        ("44: PREFIX_SID, all zero", 40, "00 0000 00*8"),
        ("45: TUNNEL_ENCAP whose TLV overruns", 23, "0001 ffff 01"),
        ("45: TUNNEL_ENCAP with a thousand empty TLVs", 23, "0001 0000 " * 200),
        ("46: attribute 255", 255, "0102030405"),
        ("47: an entropy label that is corrupt", 28, "ff00ff"),
        ("48: NEXT_HOP_DEPENDENT capabilities whose TLV underflows", 39, "0001 01 0a090002 0001 ffff"),
        ("52: a label of odd length inside PREFIX_SID", 40, "05 0005 01 00 03 00 00")):
    def run(stage, kind=kind, value=value):
        arrives(stage, attr(0xc0, kind, value), carried=None if kind == 40 else {kind: h(value)})
    case(f"{text}: the route is taken")(run)
for text, afi, safi, octets in (
        ("50: flow specification of length 0", 1, 133, "00"),
        ("50: flow specification cut short", 1, 133, "05 01 18 0a"),
        ("51: labels without a bottom", 1, 4, "40 000010 000010 0a"),
        ("51: VPN-IPv4 shorter than its labels", 1, 128, "10 0000"),
        ("51: EVPN", 25, 70, "02 21 00*4")):
    def run(stage, afi=afi, safi=safi, octets=octets):
        arrives(stage, mp_reach(h(octets), h("0a090002") if afi != 1 or safi != 133 else b"",
                                afi, safi))
    case(f"{text}, not agreed on, is ignored (RFC 4760 7)")(run)


# ---- again and again, and at a bad moment: rows 55 and 56

@case("55: a disabled peer connects: closed, and not a word")
def _(stage):
    for _ in range(20):
        peer = Peer(DISABLED, AS)
        try:
            peer.send(open_with())
        except OSError:
            pass
        if not peer.ended() or peer.opened or peer.notification:
            raise AssertionError(f"it was heard: {peer.said()}")
        peer.close()


@case("55: 400 connections cut at each stage, reloads meanwhile")
def _(stage):
    goes_on = Talk(stage)
    goes_on.begin()
    stages = (b"", MARKER, open_with(), open_with(capabilities(AS)),
              open_with(capabilities(AS)) + framed(KEEPALIVE))
    for n in range(400):
        peer = Peer(DISABLED, AS) if n % 10 == 9 else stage.peer()
        if n % 3 == 0:  # a reset instead of an end
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            peer.send(stages[n % len(stages)])
            if n % 2 == 0:
                peer.read(0.01)
        except OSError:
            pass
        peer.close()
        if n % 20 == 0:
            churn = f'peer "churn" {{ address = "{CHURN}" as = {AS} }}'
            stage.configure(churn if n % 40 == 0 else "")
            stage.daemon.send_signal(signal.SIGHUP)
            stage.bystanders()
    stage.configure()
    stage.daemon.send_signal(signal.SIGHUP)
    stage.bystanders()
    goes_on.goes_on()
    goes_on.end()


@case("56: malformed again and again: each time later, and it survives Established")
def _(stage):
    waits = []
    peer = stage.peer()
    peer.close()
    for _ in range(6):
        began = time.monotonic()
        while True:
            try:
                again = Peer(peer.address, AS)
                again.establish()
                break
            except (AssertionError, OSError):
                again.close()
                if time.monotonic() - began > 30:
                    raise
                time.sleep(0.02)
        waits.append(time.monotonic() - began)
        again.send(framed(UPDATE, h("0008 0000")))
        check_notification(again, [(3, 1)])
        again.close()
        stage.bystanders()
    if not waits[-1] > 2 * waits[1] or waits[-1] < 0.5:
        raise AssertionError("it comes up after " + " ".join(f"{w:.2f}" for w in waits) + " s")


# ---------------------------------------------------------------- the page

ROWS = range(1, 59)


def page_differs():
    """Where docs/robustness.md and the tests do not agree."""
    text = (top / "docs/robustness.md").read_text(encoding="utf-8")
    rows = {int(row): shown
            for row, shown in re.findall(r"^\| (\d+) \|.*\|([^|]*)\|$", text, re.M)}
    mine = {int(row) for name, _ in cases for row in name.split(":")[0].split(", ")}
    told = {row for row, shown in rows.items() if "malformed.py" in shown}
    found = [f"row {row} is missing, or not one" for row in set(ROWS) ^ set(rows)]
    found += [f"row {row}: {'the page' if row in mine else 'malformed.py'} does not have it"
              for row in mine ^ told]
    for row, shown in sorted(rows.items()):
        if not shown.strip():
            found.append(f"row {row} has no test")
        for module, names in re.findall(r"test_(\w+): ([\w, ]+)", shown):
            file = top / f"tests/unit/test_{module}.c"
            source = file.read_text(encoding="utf-8") if file.exists() else ""
            found += [f"row {row}: no {name} in test_{module}" for name in names.split(", ")
                      if f"START_TEST({name.strip()})" not in source]
        for folder, script in re.findall(r"\b(lab|interop|fuzz)/([\w-]+)", shown):
            if not list(top.glob(f"tests/{folder}/{script}.*")):
                found.append(f"row {row}: no tests/{folder}/{script}")
    return found


def main():
    chosen = [one for one in cases
              if not sys.argv[1:] or any(word in one[0] for word in sys.argv[1:])]
    wrong = page_differs()
    print(("not ok" if wrong else "ok") + " - docs/robustness.md names all rows, and their tests")
    for line in wrong:
        print(f"#   {line}")
    stage, failed = Stage(), len(wrong)
    try:
        stage.start()
        for name, run in chosen:
            try:
                run(stage)
                stage.bystanders()
                print(f"ok - {name}", flush=True)
            except (AssertionError, OSError) as error:
                failed += 1
                print(f"not ok - {name}\n#   {error}", flush=True)
                if stage.daemon.poll() is not None:
                    break
    finally:
        code = stage.stop()
        log = pathlib.Path(stage.log.name).read_text(encoding="utf-8", errors="replace")
        good = code == 0 and "Sanitizer" not in log and "runtime error" not in log
        print(("ok" if good else "not ok") + " - the daemon lives to its end, no sanitizer spoke")
        print(f"# the other two: the slowest route took {stage.slowest * 1000:.0f} ms")
        if not good:
            print(log[-3000:])
        shutil.rmtree(stage.directory)
    sys.exit(1 if failed or not good else 0)


if __name__ == "__main__":
    main()
