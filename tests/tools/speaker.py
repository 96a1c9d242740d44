# SPDX-License-Identifier: BSD-2-Clause
"""The least of an iBGP speaker, for tools that play many peers: OPEN, KEEPALIVEs, whole
messages in and out.  IPv4 unicast, 4-octet AS numbers, End-of-RIB (RFC 4724) announced;
`more` capabilities where one likes."""
import select
import socket
import struct
import time

MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE = 1, 2, 3, 4
END_OF_RIB = b"\0\0\0\0"


def framed(kind, *bodies):
    return b"".join(MARKER + struct.pack(">HB", 19 + len(body), kind) + body
                    for body in bodies)


class Session:
    """One session from `local` to `peer`; made when it is established."""

    def __init__(self, peer, port, local, asn, hold, more=b""):
        self.socket = socket.create_connection((peer, port), 10, (local, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.waiting = []
        self.hold = hold
        self.alive = time.monotonic()
        capabilities = (b"\x01\x04\0\x01\0\x01" b"\x02\0" b"\x40\x02\0\0"
                        b"\x41\x04" + struct.pack(">I", asn) + more)
        parameter = bytes((2, len(capabilities))) + capabilities
        short = asn if asn < 65536 else 23456
        self.send(OPEN, struct.pack(">BHH", 4, short, hold) + socket.inet_aton(local)
                  + bytes((len(parameter),)) + parameter)
        self.expect(OPEN)
        self.send(KEEPALIVE)
        self.expect(KEEPALIVE)

    def send(self, kind, body=b""):
        self.socket.sendall(framed(kind, body))

    def expect(self, kind):
        """Waits for one message; what comes behind it stays for receive()."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            for at, (got, body) in enumerate(self.messages(1)):
                if got == NOTIFICATION:
                    raise SystemExit(f"NOTIFICATION {body[0]}/{body[1]}")
                if got == kind:
                    self.waiting = self.waiting[at + 1:]
                    return
        raise SystemExit(f"no message of type {kind} came")

    def receive(self, timeout):
        """The whole messages that are there, as (type, body); keeps the session alive."""
        found, self.waiting = self.messages(timeout), []
        return found

    def messages(self, timeout):
        if time.monotonic() - self.alive > self.hold / 4:
            self.alive = time.monotonic()
            self.send(KEEPALIVE)
        if self.waiting or not select.select([self.socket], [], [], timeout)[0]:
            return self.waiting
        data = self.socket.recv(1 << 20)
        if not data:
            raise SystemExit("the session was closed")
        data = self.buffer + data
        at = 0
        while len(data) - at >= 19:
            length = (data[at + 16] << 8) | data[at + 17]
            if len(data) - at < length:
                break
            self.waiting.append((data[at + 18], data[at + 19:at + length]))
            at += length
        self.buffer = data[at:]
        return self.waiting
