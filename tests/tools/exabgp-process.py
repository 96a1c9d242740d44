#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The process behind ExaBGP in tests/interop/exabgp.sh.

    exabgp-process.py COMMANDS STATE

What is written to the fifo COMMANDS goes to ExaBGP; what ExaBGP says of the session and its
routes is kept in the file STATE, one line a fact: "state up", "route PREFIX NEXT-HOP".
"""
import json
import os
import sys
import threading


def pass_commands(path):
    while True:
        with open(path) as commands:
            for line in commands:
                print(line, end="", flush=True)


def keep(path, state, routes):
    with open(path + ".new", "w") as out:
        out.write(f"state {state}\n")
        for prefix, next_hop in sorted(routes.items()):
            out.write(f"route {prefix} {next_hop}\n")
    os.rename(path + ".new", path)


def apply(update, routes):
    for families in update.get("announce", {}).values():
        for next_hop, prefixes in families.items():
            if next_hop.startswith("fe80:"):
                continue  # the second half of an IPv6 next hop
            for prefix in prefixes:
                if isinstance(prefix, dict) and "nlri" in prefix:
                    routes[prefix["nlri"]] = next_hop
    for prefixes in update.get("withdraw", {}).values():
        for prefix in prefixes:
            routes.pop(prefix["nlri"], None)


def main():
    commands, path = sys.argv[1:]
    threading.Thread(target=pass_commands, args=(commands,), daemon=True).start()
    state, routes = "down", {}
    keep(path, state, routes)
    for line in sys.stdin:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        neighbor = event.get("neighbor", {})
        if event.get("type") == "state":
            state = neighbor["state"]
            if state == "down":
                routes.clear()
        elif event.get("type") == "update":
            apply(neighbor.get("message", {}).get("update", {}), routes)
        keep(path, state, routes)


main()
