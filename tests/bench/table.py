#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The table of a scenario from its runs: medians, the range where it is wide, and ratios.

    table.py FILE        a JSON line a run, as reflector.py and fib.py print them
"""
import json
import statistics
import sys

CONVERGE = [("established s", "establish_s.max", 3), ("converged s", "converged_s", 3),
            ("CPU s", "converge_res.dut_cpu_s", 2), ("peak MB", "total.dut_hwm_mb", 1),
            ("generator CPU s", "converge_res.gen_cpu_s", 2), ("withdrawn s", "withdraw_all_s", 3)]
STORM = [("sessions up", "establish_s.n", 0), ("last session s", "establish_s.max", 3),
         ("from the first SYN s", "converged_from_start_s", 3), ("lost", "counts.sessions_lost", 0),
         ("CPU s", "total.dut_cpu_s", 2), ("peak MB", "total.dut_hwm_mb", 1)]
RESTART = [("gone everywhere s", "drop_withdrawn_s.p50", 4), ("session up s", "restart_up_s.p50", 4),
           ("client has all s", "restart_self_full_s.p50", 4), ("worst s", "restart_self_full_s.max", 4),
           ("all have client s", "restart_all_full_s.p50", 4)]
OVERLAP = [("converged s", "converged_s", 2), ("CPU s", "converge_res.dut_cpu_s", 2),
           ("resident MB", "settle_res.dut_rss_mb", 0), ("octets a path", "octets_a_path", 0),
           ("path changes sent", "counts.path_changes", 0), ("not best", "check.not_best", 0),
           ("a feed lost s", "drop_withdrawn_s.p50", 3)]
CHURN = [("announce p50 ms", "churn.announce_ms.p50", 1), ("p99", "churn.announce_ms.p99", 1),
         ("withdraw p50 ms", "churn.withdraw_ms.p50", 1), ("p99 ", "churn.withdraw_ms.p99", 1),
         ("CPU s", "churn_res.dut_cpu_s", 2), ("resident MB", "churn_res.dut_rss_mb", 1)]
STALL = [("p50 ms", "churn.announce_ms.p50", 1), ("p99", "churn.announce_ms.p99", 1),
         ("stalled: p50 ms", "stall.announce_ms.p50", 1), ("p99 ", "stall.announce_ms.p99", 1),
         ("growth MB", "stalled.rss_growth_mb", 1), ("sessions kept", "stalled.kept", 0),
         ("right again s", "stalled.full_again_s", 3)]
IDLE = [("converged s", "converged_s", 2), ("resident MB", "settle_res.dut_rss_mb", 1),
        ("CPU s in the idle time", "settle_res.dut_cpu_s", 2), ("idle s", "settle_res.wall_s", 0)]
FIB = [("first s", "first_s", 3), ("all there s", "converged_s", 3), ("us a route", "us_a_route", 2),
       ("CPU s", "cpu_s", 2), ("in user space", "user_s", 2), ("peak MB", "peak_mb", 0),
       ("watcher CPU s", "there.cpu_s", 2), ("all gone s", "gone_s", 3), ("CPU s ", "gone_cpu_s", 2)]
COLUMNS = [("s1b", STORM), ("s1c", RESTART), ("s1", CONVERGE), ("s2", CONVERGE), ("s3", OVERLAP),
           ("s4", CHURN), ("stall", STALL), ("idle", IDLE), ("smoke", CONVERGE),
           ("fib", FIB)]
ORDER = ["null", "floor", "floor-objects", "bgpd", "bird2", "frr-fast", "frr", "openbgpd", "gobgp"]


def get(run, path):
    for key in path.split("."):
        run = run.get(key) if isinstance(run, dict) else None
    return run if isinstance(run, (int, float)) and not isinstance(run, bool) else None


def values(runs, path):
    return [v for v in (get(r, path) for r in runs) if v is not None]


def cell(runs, path, digits):
    found = values(runs, path)
    if not found:
        return "–"
    text = f"{statistics.median(found):,.{digits}f}"
    if len(found) > 1 and max(found) != min(found):
        text += f" ({min(found):,.{digits}f}–{max(found):,.{digits}f})"
    return text


def generator_bound(runs):
    share = [get(r, "converge_res.gen_cpu_s") / get(r, "converge_res.wall_s")
             for r in runs if get(r, "converge_res.wall_s")]
    return bool(share) and statistics.median(share) > 0.5


def ratio(by_daemon, path, name):
    ours, theirs = values(by_daemon.get("bgpd", []), path), values(by_daemon.get(name, []), path)
    if not ours or not theirs or not statistics.median(theirs):
        return "–"
    return f"{statistics.median(ours) / statistics.median(theirs):.2f}"


def print_table(name, by_daemon, columns):
    daemons = sorted(by_daemon, key=ORDER.index)
    print(f"\n**{name}**\n\n| daemon | runs | right | " + " | ".join(c[0].strip() for c in columns) + " |")
    print("| --- " * (3 + len(columns)) + "|")
    for daemon in daemons:
        runs = by_daemon[daemon]
        right = sum(bool(r.get("ok")) for r in runs)
        why = next((str(r.get("failed") or r.get("error", ""))[:60] for r in runs if not r.get("ok")), "")
        mark = " *" if generator_bound(runs) else ""
        cells = [cell(runs, path, digits) for _, path, digits in columns]
        print(f"| {daemon}{mark} | {len(runs)} | {right}{' ' + why if why else ''} | "
              + " | ".join(cells) + " |")
    for daemon in daemons:
        if daemon != "bgpd" and "bgpd" in by_daemon:
            cells = [ratio(by_daemon, path, daemon) for _, path, _ in columns]
            print(f"| bgpd / {daemon} | | | " + " | ".join(cells) + " |")
    if any(generator_bound(runs) for runs in by_daemon.values()):
        print("\n\\* the generator was busy more than half of the time: it, not the daemon, is measured.")


def main():
    runs = {}
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            run = json.loads(line)
            if get(run, "settle_res.dut_rss_mb") and get(run, "prefixes_per_sender"):
                run["octets_a_path"] = (run["settle_res"]["dut_rss_mb"] * 1048576
                                        / (run["prefixes_per_sender"] * run["senders"]))
            title = " ".join([run["scenario"], *run.get("options", [])])
            runs.setdefault(title, {}).setdefault(run["daemon"], []).append(run)
    for title, by_daemon in runs.items():
        columns = next(c for prefix, c in COLUMNS if title.startswith(prefix))
        print_table(title, by_daemon, columns)


if __name__ == "__main__":
    main()
