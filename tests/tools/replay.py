#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Replays recorded updates of many peers into one speaker, again and again.

    replay.py FILE --to ADDRESS --seconds N [options]

FILE is MRT (RFC 6396), BGP4MP or BGP4MP_ET, plain, .gz or .bz2.  Each peer of the record gets
a session of its own, from 10.9.1.1 on, with its own AS; an observer (iBGP) takes what the
speaker makes of it all.  A round sends every UPDATE of the record in its order and waits until
the observer has heard nothing for a moment; then a line of JSON says what there is.  Rounds
follow until the time is over.  A session that ends, or a NOTIFICATION, ends the tool: exit
code 1.
"""
import argparse
import json
import struct
import sys
import time

import mrt
from feed import AS_PATH, Table, attributes, is_refused
from speaker import END_OF_RIB, NOTIFICATION, UPDATE, Session, framed

IPV6 = b"\x01\x04\0\x02\0\x01"
AS4_PATH, CHUNK = 17, 200


def by_peer(path):
    """{(AS, address): [body, ...]} of the peers with 4-octet AS numbers."""
    peers = {}
    for message in mrt.messages(path):
        if message.as4 and message.kind == UPDATE:
            peers.setdefault((message.asn, message.address), []).append(message.body)
    return peers


def has_fault(body, asn):
    """Is an UPDATE as RFC 7606, 7607 or 9774 would not have it, or not from its peer's AS?"""
    withdrawn, = struct.unpack_from(">H", body)
    total, = struct.unpack_from(">H", body, 2 + withdrawn)
    block = body[4 + withdrawn:4 + withdrawn + total]
    attrs = attributes(block)
    if AS_PATH not in attrs:
        return False
    path = attrs[AS_PATH][1]
    first = struct.unpack_from(">I", path, 2)[0] if len(path) >= 6 and path[0] == 2 else None
    return is_refused(attrs) or first != asn or AS4_PATH in attrs


class Player:
    """One peer: its session and what it has to say."""

    def __init__(self, number, to, asn, bodies):
        self.session = Session(to, 179, f"10.9.1.{number + 1}", asn, 90, IPV6)
        self.session.send(UPDATE, END_OF_RIB)
        self.stretches = [framed(UPDATE, *bodies[i:i + CHUNK])
                          for i in range(0, len(bodies), CHUNK)]

    def say(self, stretch):
        if stretch < len(self.stretches):
            self.session.socket.sendall(self.stretches[stretch])

    def listen(self):
        for kind, body in self.session.receive(0):
            if kind == NOTIFICATION:
                raise SystemExit(f"replay.py: a peer got NOTIFICATION {body[0]}/{body[1]}")


class Observer:
    """Takes what the speaker passes on."""

    def __init__(self, to, asn):
        self.session = Session(to, 179, "10.9.0.3", asn, 90, IPV6)
        self.table = Table()
        self.quiet_since = time.monotonic()

    def listen(self, timeout):
        for kind, body in self.session.receive(timeout):
            if kind == NOTIFICATION:
                raise SystemExit(f"replay.py: the observer got NOTIFICATION {body[0]}/{body[1]}")
            if kind == UPDATE:
                self.table.update(body)
                self.quiet_since = time.monotonic()


def play_round(players, observer):
    for stretch in range(max(len(player.stretches) for player in players)):
        for player in players:
            player.say(stretch)
            player.listen()
            observer.listen(0)
    while time.monotonic() - observer.quiet_since < 0.5:
        observer.listen(0.1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--to", required=True, help="the speaker's address")
    parser.add_argument("--as", dest="asn", type=int, required=True, help="the speaker's AS")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--peers", action="store_true", help="print the peers' AS and end")
    args = parser.parse_args()
    recorded = by_peer(args.file)
    if args.peers:
        for number, (asn, _) in enumerate(recorded):
            print(f"10.9.1.{number + 1} {asn}")
        return
    faults = sum(has_fault(body, asn) for (asn, _), bodies in recorded.items() for body in bodies)
    observer = Observer(args.to, args.asn)
    players = [Player(number, args.to, asn, bodies)
               for number, ((asn, _), bodies) in enumerate(recorded.items())]
    began, rounds = time.monotonic(), 0
    updates = sum(len(bodies) for bodies in recorded.values())
    while rounds == 0 or time.monotonic() - began < args.seconds:
        play_round(players, observer)
        rounds += 1
        print(json.dumps({"round": rounds, "updates": updates, "faults": faults,
                          "seconds": round(time.monotonic() - began, 2),
                          "routes": len(observer.table.routes),
                          "received_updates": observer.table.updates}), flush=True)
    # The sessions stay up until somebody has looked.
    while sys.stdin.readline().strip() != "end":
        pass


if __name__ == "__main__":
    main()
