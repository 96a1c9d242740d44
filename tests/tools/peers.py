#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many iBGP peers in one process, each with an address and a route of its own.

    peers.py --to ADDRESS --as N --count N

Peer I has the address 10.9.1.I and announces 10.100.I.0/24 with itself as next hop, then
End-of-RIB.  Prints one line a peer as its session is established, "ADDRESS PREFIX TIME", and
"ready" after the last; keeps all sessions up until standard input ends.
"""
import argparse
import select
import socket
import struct
import sys
import time

from speaker import END_OF_RIB, NOTIFICATION, UPDATE, Session


def announcement(address, octets):
    """An UPDATE's body: ORIGIN igp, empty AS_PATH, NEXT_HOP, LOCAL_PREF 100, one /24."""
    block = (b"\x40\x01\x01\0" b"\x40\x02\0" b"\x40\x03\x04" + socket.inet_aton(address)
             + b"\x40\x05\x04" + struct.pack(">I", 100))
    return b"\0\0" + struct.pack(">H", len(block)) + block + bytes((24, *octets))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", required=True)
    parser.add_argument("--as", dest="asn", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    args = parser.parse_args()
    sessions = []
    for number in range(1, args.count + 1):
        address = f"10.9.1.{number}"
        session = Session(args.to, 179, address, args.asn, 90)
        print(address, f"10.100.{number}.0/24", f"{time.time():.6f}", flush=True)
        session.send(UPDATE, announcement(address, (10, 100, number)))
        session.send(UPDATE, END_OF_RIB)
        sessions.append(session)
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 0)[0]:
        for session in sessions:
            for kind, body in session.receive(0.01):
                if kind == NOTIFICATION:
                    raise SystemExit(f"NOTIFICATION {body[0]}/{body[1]}")


if __name__ == "__main__":
    main()
