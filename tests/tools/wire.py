#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One iBGP peer by hand: announces what it is told and prints what it hears, with the time.

    wire.py --to ADDRESS --from ADDRESS --as N [--hold SECONDS] [--route PREFIX=NEXTHOP]...
            [--end-of-rib N [--pause SECONDS]]

Connects, announces the routes, then N End-of-RIB markers (1), a hundred messages at a time
with a pause between (0).  Prints "up TIME" when the
session is established, "+ PREFIX TIME" and "- PREFIX TIME" for each IPv4 prefix that is
announced and withdrawn to it, "said TIME" when all its own was written, and "down TIME" at
the end of the session.  Keeps it up until standard input ends.
"""
import argparse
import ipaddress
import select
import socket
import struct
import sys
import time

from speaker import END_OF_RIB, NOTIFICATION, UPDATE, Session, framed

BATCH = 100  # messages between two looks at what came

def nlri(prefix):
    network = ipaddress.ip_network(prefix)
    return bytes((network.prefixlen,)) + network.network_address.packed[
        :(network.prefixlen + 7) // 8]


def announcement(prefix, next_hop):
    """An UPDATE's body: ORIGIN igp, empty AS_PATH, NEXT_HOP, LOCAL_PREF 100, one prefix."""
    block = (b"\x40\x01\x01\0" b"\x40\x02\0" b"\x40\x03\x04" + socket.inet_aton(next_hop)
             + b"\x40\x05\x04" + struct.pack(">I", 100))
    return b"\0\0" + struct.pack(">H", len(block)) + block + nlri(prefix)


def prefixes(octets):
    at = 0
    while at < len(octets):
        bits = octets[at]
        after = at + 1 + (bits + 7) // 8
        yield f"{socket.inet_ntoa((octets[at + 1:after] + bytes(4))[:4])}/{bits}"
        at = after


def tell(what, *more):
    print(what, *more, f"{time.time():.6f}", flush=True)


def heard(body):
    withdrawn, = struct.unpack_from(">H", body)
    total, = struct.unpack_from(">H", body, 2 + withdrawn)
    for prefix in prefixes(body[2:2 + withdrawn]):
        tell("-", prefix)
    for prefix in prefixes(body[4 + withdrawn + total:]):
        tell("+", prefix)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", required=True)
    parser.add_argument("--from", dest="local", required=True)
    parser.add_argument("--as", dest="asn", type=int, required=True)
    parser.add_argument("--hold", type=int, default=90, help="as negotiated")
    parser.add_argument("--route", action="append", default=[])
    parser.add_argument("--end-of-rib", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0)
    args = parser.parse_args()
    routes = [announcement(*route.split("=")) for route in args.route]
    mine, due = routes + [END_OF_RIB] * args.end_of_rib, 0
    session = Session(args.to, 179, args.local, args.asn, args.hold)
    tell("up")
    try:
        while not select.select([sys.stdin], [], [], 0)[0]:
            if mine and time.monotonic() >= due:
                due = time.monotonic() + args.pause
                session.socket.sendall(framed(UPDATE, *mine[:BATCH]))
                mine = mine[BATCH:]
                if not mine:
                    tell("said")
            wait = due - time.monotonic() if mine else 0.05
            for kind, body in session.receive(max(wait, 0)):
                if kind == UPDATE:
                    heard(body)
                elif kind == NOTIFICATION:
                    raise SystemExit(f"NOTIFICATION {body[0]}/{body[1]}")
    finally:
        tell("down")


if __name__ == "__main__":
    main()
