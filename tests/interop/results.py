#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes tests/interop/RESULTS.md from the logs of the last run of the interop jobs.

    tests/run.sh interop; python3 tests/interop/results.py

A script PEER.sh or FEATURE-PEER.sh is a column; its checks are the rows.  The conversation that
all peers have (lib.sh) is summed up by its variants, the features check by check.
"""
import pathlib
import re
import subprocess
import sys

here = pathlib.Path(__file__).resolve().parent
logs = here.parent.parent / "build-logs"
PEERS = {"bird": "BIRD 2", "frr": "FRR", "gobgp": "GoBGP", "openbgpd": "OpenBGPD",
         "exabgp": "ExaBGP"}
PACKAGES = {"bird": "bird2", "frr": "frr", "gobgp": "gobgpd", "openbgpd": "openbgpd",
            "exabgp": "exabgp"}


def checks(path):
    """(passed, skipped, name) of each check of a log."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        found = re.match(r"(not )?ok (?:\d+ )?- (.*?)( # SKIP.*)?$", line, re.IGNORECASE)
        if found:
            name = re.sub(r" \(within \d+ s\)$", "", found[2])
            yield not found[1], bool(found[3]), name


def version(peer):
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", PACKAGES[peer]],
                         capture_output=True, text=True, check=False).stdout
    return re.sub(r"^\d+:|[-+~].*$", "", out) or "?"


def collect():
    """{feature: {peer: [(passed, skipped, name), ...]}}; the conversation's feature is ''."""
    found = {}
    for path in sorted(logs.glob("interop-*.log")):
        *feature, peer = path.stem.removeprefix("interop-").split("-")
        if peer in PEERS:
            found.setdefault("-".join(feature), {})[peer] = list(checks(path))
    return found


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " :-: |" * (len(head) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def variants(by_peer, peers):
    """The conversation: how many checks of each variant passed."""
    names = []
    for results in by_peer.values():
        for _, _, name in results:
            variant = name.split(": ")[0] if ": " in name else "beside it"
            if variant not in names:
                names.append(variant)
    for variant in names:
        row = [variant]
        for peer in peers:
            mine = [passed for passed, skipped, name in by_peer.get(peer, [])
                    if not skipped and (name.split(": ")[0] if ": " in name else "beside it")
                    == variant]
            row.append(f"{sum(mine)} of {len(mine)}" if mine else "–")
        yield row


def each_check(by_peer, peers):
    names = []
    for results in by_peer.values():
        names += [name for _, _, name in results if name not in names]
    for name in names:
        row = [name.replace("|", "\\|")]
        for peer in peers:
            mine = [("skipped" if skipped else "yes" if passed else "**no**")
                    for passed, skipped, one in by_peer.get(peer, []) if one == name]
            row.append(mine[0] if mine else "–")
        yield row


def main():
    found = collect()
    if not found:
        sys.exit(f"no logs of interop jobs in {logs}: tests/run.sh interop")
    lines = ["# Interoperability", "",
             "Made by `tests/run.sh interop; python3 tests/interop/results.py` from what the tests said;"
             " not by hand.", "",
             "Versions: " + ", ".join(f"{PEERS[p]} {version(p)}" for p in PEERS) + ".", ""]
    for feature in sorted(found):
        peers = [peer for peer in PEERS if peer in found[feature]]
        head = [""] + [PEERS[peer] for peer in peers]
        lines += [f"## {feature or 'The conversation'}", ""]
        lines += table(head, (each_check if feature else variants)(found[feature], peers))
        lines.append("")
    (here / "RESULTS.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
