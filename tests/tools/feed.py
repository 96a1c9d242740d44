#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Replays a recorded feed into a route reflector and checks what a client gets out of it.

    feed.py FILE --to ADDRESS [options]

FILE is MRT (RFC 6396), BGP4MP or BGP4MP_ET, plain, .gz or .bz2.  Two iBGP sessions are
opened: the feeder sends the UPDATEs of FILE at full speed, the observer takes all that the
reflector sends and keeps the last state of each prefix.  Then every prefix is compared:
ORIGINATOR_ID kept, the reflector's cluster id in front of CLUSTER_LIST (RFC 4456 8), every
other attribute the same octets and flags (but for the Extended Length bit, which is the
encoder's choice).

UPDATEs that only withdraw are kept back.  One line of JSON tells the result.  A line on
standard input then has what was kept back sent, another one ends the feeder's session,
which leaves nothing; each gives one more line of JSON.  The sessions stay up until standard
input ends.  Exit code 1 if anything was missing, extra or different.

A reflector refuses AS_SET (RFC 9774) and AS 0 (RFC 7607: such an AGGREGATOR is dropped, with
such an AS_PATH the route) unless --accept-as-set says otherwise.
"""
import argparse
import json
import os
import select
import signal
import socket
import struct
import sys
import time

import mrt
from speaker import END_OF_RIB, NOTIFICATION, UPDATE, Session, framed

AS_PATH, AGGREGATOR, ORIGINATOR_ID, CLUSTER_LIST = 2, 7, 9, 10
AS_SET, AS_CONFED_SET = 1, 4
AS_ZERO = b"\0\0\0\0"
EXTENDED_LENGTH = 0x10


# ---------------------------------------------------------------- attributes

def attributes(block):
    """{type: (flags without Extended Length, value)} of a path attribute block."""
    found, at = {}, 0
    while at < len(block):
        flags, kind = block[at], block[at + 1]
        if flags & EXTENDED_LENGTH:
            length, = struct.unpack_from(">H", block, at + 2)
            at += 4
        else:
            length = block[at + 2]
            at += 3
        found[kind] = (flags & ~EXTENDED_LENGTH, bytes(block[at:at + length]))
        at += length
    return found


def is_refused(attrs):
    """Is there an AS_SET or AS 0 in the AS_PATH?"""
    path, at = attrs.get(AS_PATH, (0, b""))[1], 0
    while at < len(path):
        end = at + 2 + 4 * path[at + 1]
        if path[at] in (AS_SET, AS_CONFED_SET):
            return True
        if any(path[i:i + 4] == AS_ZERO for i in range(at + 2, end, 4)):
            return True
        at = end
    return False


class Table:
    """The last state of each prefix: {NLRI octets: attribute block}."""

    def __init__(self):
        self.routes = {}
        self.updates = 0

    def update(self, body, taken=lambda block: True):
        """Applies an UPDATE's body; a block that is not taken withdraws (RFC 7606 2)."""
        withdrawn, = struct.unpack_from(">H", body)
        total, = struct.unpack_from(">H", body, 2 + withdrawn)
        block = body[4 + withdrawn:4 + withdrawn + total]
        for prefix in self.prefixes(body, 2, 2 + withdrawn):
            self.routes.pop(prefix, None)
        announced = self.prefixes(body, 4 + withdrawn + total, len(body))
        self.updates += 1
        if taken(block):
            for prefix in announced:
                self.routes[prefix] = block
        else:
            for prefix in announced:
                self.routes.pop(prefix, None)

    @staticmethod
    def prefixes(body, at, end):
        found = []
        while at < end:
            after = at + 1 + (body[at] + 7) // 8
            found.append(body[at:after])
            at = after
        return found


def text(prefix):
    octets = (prefix[1:] + b"\0\0\0\0")[:4]
    return f"{'.'.join(map(str, octets))}/{prefix[0]}"


# ---------------------------------------------------------------- the feeder

def feed(session, updates, later, wake):
    """Sends `updates` in one go, End-of-RIB, and `later` once there is something in `wake`."""
    session.socket.sendall(framed(UPDATE, *updates))
    session.send(UPDATE, END_OF_RIB)
    while True:
        for kind, body in session.receive(0.2):
            if kind == NOTIFICATION:
                raise SystemExit(f"feed.py: the feeder got NOTIFICATION {body[0]}/{body[1]}")
        if later and select.select([wake], [], [], 0)[0]:
            session.socket.sendall(framed(UPDATE, *later))
            later = []


# ---------------------------------------------------------------- the comparison

class Reflector:
    """What the one between the two sessions has to do."""

    def __init__(self, feeder_id, cluster_id, accept_as_set):
        self.feeder_id, self.cluster_id = feeder_id, cluster_id
        self.lenient = accept_as_set
        self.verdicts = {}

    def takes(self, block):
        if block not in self.verdicts:
            self.verdicts[block] = self.lenient or not is_refused(attributes(block))
        return self.verdicts[block]

    def reflected(self, block):
        """What the attributes have to be behind it."""
        attrs = attributes(block)
        attrs.setdefault(ORIGINATOR_ID, (0x80, self.feeder_id))
        flags, clusters = attrs.get(CLUSTER_LIST, (0x80, b""))
        attrs[CLUSTER_LIST] = (flags, self.cluster_id + clusters)
        if not self.lenient and attrs.get(AGGREGATOR, (0, b""))[1][:4] == AS_ZERO:
            del attrs[AGGREGATOR]
        return attrs


def compare(reflector, wanted, got):
    """The prefixes that are missing, extra, different."""
    same, different = {}, []
    for prefix, block in wanted.items():
        other = got.get(prefix)
        if other is None:
            continue
        pair = (block, other)
        if pair not in same:
            same[pair] = reflector.reflected(block) == attributes(other)
        if not same[pair]:
            different.append(prefix)
    return ([p for p in wanted if p not in got], [p for p in got if p not in wanted],
            different)


def explain(prefix, want, have):
    for kind in sorted(want.keys() | have.keys()):
        if want.get(kind) != have.get(kind):
            show = [f"{a[0]:02x} {a[1].hex()}" if a else "none"
                    for a in (want.get(kind), have.get(kind))]
            print(f"{text(prefix)}: attribute {kind}: wanted {show[0]}, got {show[1]}",
                  file=sys.stderr)


def observe(session, table, expected, limit):
    """Takes UPDATEs until all is there and a second was quiet, or for `limit` seconds."""
    began = last = time.monotonic()
    while time.monotonic() - began < limit:
        for kind, body in session.receive(0.2):
            if kind == UPDATE:
                table.update(body)
                last = time.monotonic()
            elif kind == NOTIFICATION:
                raise SystemExit(f"feed.py: the observer got NOTIFICATION {body[0]}/{body[1]}")
        if len(table.routes) == expected and time.monotonic() - last > 1:
            break
    return last - began


def report(reflector, wanted, got, seconds):
    """Prints the result; true if all is as it has to be."""
    missing, extra, different = compare(reflector, wanted.routes, got.routes)
    for prefix in different[:3]:
        explain(prefix, reflector.reflected(wanted.routes[prefix]),
                attributes(got.routes[prefix]))
    for what, prefixes in (("missing", missing), ("extra", extra)):
        for prefix in prefixes[:3]:
            print(f"{text(prefix)}: {what}", file=sys.stderr)
    print(json.dumps({
        "sent_updates": wanted.updates, "expected": len(wanted.routes),
        "received": len(got.routes), "received_updates": got.updates,
        "missing": len(missing), "extra": len(extra), "different": len(different),
        "seconds": round(seconds, 2)}), flush=True)
    return not (missing or extra or different)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--to", required=True, help="the reflector's address")
    parser.add_argument("--port", type=int, default=179)
    parser.add_argument("--as", dest="asn", type=int, default=3856)
    parser.add_argument("--feeder", default="10.9.0.2", help="the feeder's address and id")
    parser.add_argument("--observer", default="10.9.0.3", help="the client's address and id")
    parser.add_argument("--cluster-id", default="10.9.0.1")
    parser.add_argument("--hold", type=int, default=90)
    parser.add_argument("--limit", type=float, default=40, help="seconds for it all to arrive")
    parser.add_argument("--accept-as-set", action="store_true",
                        help="the reflector takes AS_SET and AS 0")
    return parser.parse_args()


def only_withdraws(body):
    return body != END_OF_RIB and body[2 + struct.unpack_from(">H", body)[0]:][:2] == b"\0\0"


def main():
    args = arguments()
    updates = [message.body for message in mrt.messages(args.file)
               if message.kind == UPDATE and message.body != END_OF_RIB]
    later = [body for body in updates if only_withdraws(body)]
    updates = [body for body in updates if not only_withdraws(body)]
    reflector = Reflector(socket.inet_aton(args.feeder), socket.inet_aton(args.cluster_id),
                          args.accept_as_set)
    wanted, got = Table(), Table()
    for body in updates:
        wanted.update(body, reflector.takes)
    observer = Session(args.to, args.port, args.observer, args.asn, args.hold)
    wake, waker = os.pipe()
    child = os.fork()
    if child == 0:
        observer.socket.close()
        feed(Session(args.to, args.port, args.feeder, args.asn, args.hold), updates, later, wake)

    def check():
        seconds = observe(observer, got, len(wanted.routes), args.limit)
        return report(reflector, wanted, got, seconds)

    try:
        good = check()
        while next_order(observer):
            if child is None:
                continue
            if later:
                for body in later:
                    wanted.update(body, reflector.takes)
                later = []
                os.write(waker, b"x")
            else:
                child = end(child)
                wanted.routes.clear()
            good = check() and good
        return not good
    finally:
        end(child)


def next_order(session):
    """Waits for a line on standard input; false at its end."""
    while not select.select([sys.stdin], [], [], 0)[0]:
        session.receive(0.2)
    return sys.stdin.readline() != ""


def end(child):
    if child is not None:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


if __name__ == "__main__":
    sys.exit(main())
