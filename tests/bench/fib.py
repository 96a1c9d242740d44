#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One run of one scenario of the kernel's table against one daemon; prints one JSON line.

    fib.py SCENARIO DAEMON [generator's options]

One peer announces routes, the daemon puts them into the main table of its namespace, and a
watcher in that namespace tells when exactly they are there; then the peer leaves, and it tells
when none is left.  The clock runs from the first octet that the peer writes, and from the instant
it closes its connection.  The floors send the same routes from memory.

All is taken down at the end.  Environment: BGPD, the daemon under test; BENCH_TOOLS, the folder
of bgpblast, fibwatch and fibfloor; QUIET, how many seconds to wait for a quiet machine (60); NICE
(-15); PATIENCE, after how many seconds of silence the watcher gives up (30); LIE, what a floor
gets wrong (see lab/fibload.sh).  See README.md beside this.
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from reflector import (Net, be_urgent, generator, generator_command, option, scenario,
                       wait_for_quiet)
from reflector_daemons import DAEMONS, usage


def table(routes):
    """All by the peer, which is on the link."""
    return scenario(1, 0, "--prefixes", str(routes), "--mode", "internet", "--as", "65001", ebgp=True,
                    fib=True, timeout=600)


SCENARIOS = {
    "fib-200k": table(200000),
    "fib-1m": table(1000000),
    # as in a cluster of 5,000 nodes with two blocks each, learned from its reflector
    "fib-nexthops": scenario(1, 0, "--prefixes", "10000", "--set-size", "2", "--next-hops", "5000",
                             fib=True, timeout=600),
}
FLOORS = {"floor": [], "floor-objects": ["-o"]}
PEERS = ["bgpd", "bird2", "frr"]


def tool(name):
    return os.path.join(os.environ["BENCH_TOOLS"], name)


class Failed(Exception):
    """What went wrong, for the table."""


def spawn(stack, *command, **more):
    """A process that ends with the run."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
    stack.callback(end, process)
    return process


def end(process):
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()


def say(process, what):
    line = process.stdout.readline()
    if not line:
        raise Failed(f"{what} ended early")
    return line


# ---------------------------------------------------------------- where the routes come from


class Floor:
    """From memory, without BGP."""

    def __init__(self, run, name):
        lie = os.environ.get("LIE", "")
        self.process = spawn(run.stack, *run.inside, tool("fibfloor"), *FLOORS[name],
                             *(["-l", lie] if lie else []), "vd", run.routes, stdin=subprocess.PIPE)
        say(self.process, "the floor")

    def pids(self):
        return [self.process.pid]

    def command(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    begin = leave = command

    def instants(self):
        """When it began to announce and to withdraw."""
        self.process.stdin.close()
        self.process.stdin = None
        told = [json.loads(line) for line in self.process.stdout]
        if any(part["errors"] for part in told):
            raise Failed(f"the kernel refused {sum(part['errors'] for part in told)} messages")
        return tuple(part["begin_mono_s"] for part in told), {"sends": [p["sends"] for p in told]}

    def tail(self):
        return ""


class Peer:
    """A daemon that learns them from the load generator."""

    def __init__(self, run, name):
        self.run, self.full = run, os.path.join(run.directory, "full")
        self.generator = None
        self.daemon = DAEMONS[name](run.net.dut, run.directory, run.sc)
        run.stack.callback(self.daemon.stop)
        self.daemon.start()
        time.sleep(0.5)

    def pids(self):
        return self.daemon.pids()

    def begin(self):
        run = self.run
        more = [*run.more, "--until-file", self.full]
        self.generator = spawn(run.stack,
                               *generator_command(run.net, self.daemon, run.name, run.sc, more))

    def leave(self):
        with open(self.full, "w", encoding="ascii"):
            pass

    def instants(self):
        out = self.generator.communicate(timeout=self.run.sc["timeout"])[0]
        told = json.loads(out)
        if not told["ok"]:
            raise Failed("the generator: " + str(told.get("failed", "not right")))
        return ((told["linger"]["announce_mono_s"], told["leave_mono_s"]),
                {"generator_cpu_s": told["total"]["gen_cpu_s"]})

    def tail(self):
        return self.daemon.tail()[-1200:]


# ---------------------------------------------------------------- a run


def list_routes(name, sc, more, path):
    """What the generator will announce: prefixes and next hops are a function of its options."""
    subprocess.run(generator(name, sc, [*more, "--list", path]), check=True)
    with open(path, encoding="ascii") as file:
        return sum(1 for _ in file)


class Run:
    """What the parts of one run share; `stack` undoes it all."""

    def __init__(self, stack, name, more):
        self.stack, self.name, self.more = stack, name, more
        self.sc = dict(SCENARIOS[name], family=int(option(more, "--family", "4")),
                       add_path="--addpath" in more)
        if self.sc["family"] != 4:
            raise Failed("IPv4 alone is watched")
        self.directory = tempfile.mkdtemp(prefix=f"bench-{name}-")
        stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        os.chmod(self.directory, 0o755)
        self.routes = os.path.join(self.directory, "routes.txt")
        self.count = list_routes(name, self.sc, more, self.routes)
        self.net = Net()
        stack.callback(self.net.close)
        self.inside = ("ip", "netns", "exec", self.net.dut)


def phase(watcher, source, before):
    """The watcher's report, and what the source used since `before`."""
    report = json.loads(say(watcher, "the watcher"))
    after = usage(source.pids())
    user, system = after[0] - before[0], after[1] - before[1]
    return report, {"user_s": user, "cpu_s": user + system, "peak_mb": after[2]}, after


def why_not(report):
    if report["ok"]:
        return None
    return ", ".join(f"{report[what]} {what}" for what in ("missing", "wrong", "extra", "held"))


def measure_run(run, daemon_name):
    source = (Floor if daemon_name in FLOORS else Peer)(run, daemon_name)
    watcher = spawn(run.stack, *run.inside, tool("fibwatch"), run.routes, os.environ.get("PATIENCE", "30"))
    say(watcher, "the watcher")
    before = usage(source.pids())
    source.begin()
    there, used, before = phase(watcher, source, before)
    result = dict(used, routes=run.count, there=there)
    if not there["ok"]:
        return dict(result, ok=False, failed=why_not(there), log_tail=source.tail())
    source.leave()
    gone, used, _ = phase(watcher, source, before)
    (announced, left), more = source.instants()
    result.update(more, ok=gone["ok"], gone=gone, gone_cpu_s=used["cpu_s"],
                  first_s=there["first_mono_s"] - announced,
                  converged_s=there["done_mono_s"] - announced, gone_s=gone["done_mono_s"] - left)
    result["us_a_route"] = result["converged_s"] * 1e6 / run.count
    if not gone["ok"]:
        result.update(failed="leaving: " + why_not(gone), log_tail=source.tail())
    return result


def measure(name, daemon_name, more):
    be_urgent()
    busy_before = wait_for_quiet(int(os.environ.get("QUIET", "60")))
    try:
        with contextlib.ExitStack() as stack:
            result = measure_run(Run(stack, name, more), daemon_name)
    except Failed as error:
        result = {"ok": False, "failed": str(error)}
    except (OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
        result = {"ok": False, "error": repr(error)[-1500:]}
    return dict(result, scenario=name, daemon=daemon_name, options=more,
                busy_cores_before=busy_before)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    daemons = [*FLOORS, *PEERS]
    if len(sys.argv) < 3 or sys.argv[1] not in SCENARIOS or sys.argv[2] not in daemons:
        sys.exit("usage: fib.py SCENARIO DAEMON [generator's options]\nscenarios: "
                 + " ".join(SCENARIOS) + "\ndaemons: " + " ".join(daemons))
    result = measure(sys.argv[1], sys.argv[2], sys.argv[3:])
    print(json.dumps({key: round(value, 6) if isinstance(value, float) else value
                      for key, value in result.items()}))
    sys.exit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
