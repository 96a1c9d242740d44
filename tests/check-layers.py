#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks who includes whom (docs/ARCHITECTURE.md, "Rooms").

A file of lib/LAYER includes headers of its own and lower layers alone, none that reaches
outside the process, and calls no function that prints or asks the clock; bgpd/ includes include/bgp/ alone.
A header include/bgp/NAME.h belongs to the layer that has NAME.c, one without a .c file to
the highest layer among the headers it includes.

    check-layers.py [DIRECTORY]       one line a violation; exit 1 if there was any
"""
import pathlib
import re
import sys

BELOW = {
    "base": "",
    "bfd": "base",
    "wire": "base",
    "attr": "wire base",
    "fsm": "attr wire base",
    "policy": "attr wire base",
    "rib": "attr base",
    "out": "rib policy attr wire base",
    "conf": "out policy fsm attr wire base",
    "core": "conf out rib policy fsm attr wire base",
}
ORDER = list(BELOW)

# All of libc that the library needs; anything else reaches outside or wants a reason here.
SYSTEM = """assert ctype errno inttypes limits regex stdalign stdarg stdbool stddef stdint stdio
stdlib string strings sys/uio""".split()
EFFECT = re.compile(r"\b(v?f?printf|f?puts|putchar|perror|fopen|getenv|time|rand|random)\s*\("
                    r"|\b(stderr|stdout)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)

top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                   pathlib.Path(__file__).resolve().parent.parent)
violations = []


def includes(path):
    """(line number, name) of each #include in the file."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1)


def layer_of(header, seen=()):
    """The layer of include/bgp/HEADER, by its .c file or by what it includes."""
    for layer in ORDER:
        if (top / "lib" / layer / header).with_suffix(".c").exists():
            return layer
    inner = [name[4:] for _, name in includes(top / "include/bgp" / header)
             if name.startswith("bgp/") and name not in seen]
    layers = [layer_of(name, (*seen, f"bgp/{header}")) for name in inner]
    return max(layers, key=ORDER.index, default="base")


def check_library(path):
    layer = path.parent.name
    if layer not in BELOW:
        violations.append(f"{path}: no layer '{layer}' is known")
        return
    visible = {layer, *BELOW[layer].split()}
    for number, name in includes(path):
        where = f"{path.relative_to(top)}:{number}"
        if name.startswith("bgp/"):
            if not (top / "include" / name).exists():
                violations.append(f"{where}: there is no include/{name}")
            elif (owner := layer_of(name[4:])) not in visible:
                violations.append(f"{where}: {layer} may not see {name} of {owner}")
        elif name.removesuffix(".h") in SYSTEM:
            continue
        elif not (path.parent / name).exists():
            violations.append(f"{where}: <{name}> reaches outside the library")
    blank = COMMENT.sub(lambda m: "\n" * m.group().count("\n"), path.read_text())
    for number, line in enumerate(blank.splitlines(), 1):
        if (found := EFFECT.search(line)):
            name = found.group(1) or found.group(2)
            violations.append(f"{path.relative_to(top)}:{number}: {name} is an effect")


def check_daemon(path):
    for number, name in includes(path):
        if name.startswith("bgp/"):
            ok = (top / "include" / name).exists()
        else:
            ok = "lib/" not in name
        if not ok:
            violations.append(f"{path.relative_to(top)}:{number}: bgpd/ may not see {name}")


for file in sorted(top.glob("lib/*/*.[ch]")):
    check_library(file)
for file in sorted(top.glob("include/bgp/*.h")):
    for number, name in includes(file):
        if not name.startswith("bgp/") and name.removesuffix(".h") not in SYSTEM:
            violations.append(f"{file.relative_to(top)}:{number}: <{name}> in a contract")
for file in sorted(top.glob("bgpd/*.[ch]")):
    check_daemon(file)

print("\n".join(violations), end="\n" if violations else "")
sys.exit(bool(violations))
