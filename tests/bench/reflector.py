#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""One run of one scenario against one daemon; prints one JSON line.

    reflector.py SCENARIO DAEMON [generator's options]

The daemon is started anew in a network namespace of its own; the generator runs in a second
one, joined to it by a veth pair.  All is taken down at the end.  Environment: BGPD, the daemon
under test; BENCH_TOOLS, the folder of bgpblast and nullrr; QUIET, how many seconds to wait for
a quiet machine (60); NICE (-15); LIE, what the null reflector gets wrong (see lab/load.sh).
See README.md beside this.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from reflector_daemons import AS, DAEMONS, DUT, DUT6, GEN, GEN6, sh

# ---------------------------------------------------------------- scenarios


def scenario(senders, receivers, *args, ebgp=False, fib=False, timeout=180, quick=None):
    return {"senders": senders, "receivers": receivers, "args": list(args), "ebgp": ebgp,
            "fib": fib, "as0": 65001, "timeout": timeout, "quick": quick}


def clients(n, *args, **more):
    return scenario(n, 0, "--senders-receive", "--prefixes", "4", *args, **more)


def feed(routes, receivers, *args, **more):
    return scenario(1, receivers, "--prefixes", str(routes), "--mode", "internet", *args,
                    timeout=240, **more)


def churn(*args, receivers=0):
    return scenario(200, receivers, "--senders-receive", "--prefixes", "50", *args)


STEADY = ("--churn-interval", "1000", "--churn-spread", "--churn-pct")
OVERLAP = ("--mode", "internet", "--overlap", "--as", "65001", "--as-step", "1", "--settle", "3000",
           "--drop", "1")
SCENARIOS = {
    # clients x 4 blocks, all to all: at most 8 dial at a time, then all announce at once
    "s1-100": clients(100, "--connect-window", "8", "--withdraw-all"),
    "s1-500": clients(500, "--connect-window", "8", "--withdraw-all"),
    "s1-1000": clients(1000, "--connect-window", "8", "--withdraw-all"),
    # all dial in the same instant and announce as soon as each is up
    "s1b-100": clients(100, "--no-barrier", "--connect-window", "0", timeout=60),
    "s1b-1000": clients(1000, "--no-barrier", "--connect-window", "0", timeout=60),
    "s1b-5000": clients(5000, "--prefixes", "1", "--no-barrier", "--connect-window", "0", timeout=60),
    # five clients in turn lose their session, and come back
    "s1c-100": clients(100, "--connect-window", "8", "--drop", "5"),
    "s1c-1000": clients(1000, "--connect-window", "8", "--drop", "5"),
    # one table to many
    "s2-1m-10": feed(1000000, 10, "--withdraw-all"),
    "s2-100k-100": feed(100000, 100, "--withdraw-all"),
    # ten overlapping tables in, one out (eBGP, an AS each)
    "s3-10x1m": scenario(10, 1, "--prefixes", "1000000", *OVERLAP, ebgp=True, timeout=300),
    "s3-10x100k": scenario(10, 1, "--prefixes", "100000", *OVERLAP, ebgp=True, timeout=300),
    # 200 clients x 50 prefixes, 1 % of them flap every 200 ms, from half the clients at once
    "s4": churn("--churn-pct", "1", "--churn-steps", "50", "--churn-interval", "200"),
    # the same rate, clients in turn: latency without waiting behind a burst
    "s4-spread": churn(*STEADY, "1", "--churn-steps", "10"),
    "s4-burst": churn("--churn-pct", "20", "--churn-steps", "5", "--churn-interval", "2000"),
    # 1,000 clients churn for a minute, and again while one reads nothing
    "stall": scenario(1000, 1, "--senders-receive", "--prefixes", "10", *STEADY, "10",
                      "--churn-steps", "59", "--stall", "1"),
    "stall-short": scenario(100, 1, "--senders-receive", "--prefixes", "100", *STEADY, "50",
                            "--churn-steps", "4", "--stall", "1"),
    # a table of 10,000 routes to 5,000 clients, then a minute of nothing; and to one
    "idle-5000": feed(10000, 5000, "--connect-window", "64", "--settle", "60000"),
    "idle-1": feed(10000, 1, "--settle", "1000"),
    "smoke": clients(20, "--withdraw-all", "--churn-pct", "10", "--churn-steps", "5",
                     "--churn-interval", "100", "--drop", "2"),
}

# ---------------------------------------------------------------- the machine


def busy():
    with open("/proc/stat", encoding="ascii") as file:
        values = [int(x) for x in file.readline().split()[1:9]]
    return (sum(values) - values[3] - values[4]) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(limit):
    """Until the machine has been idle for a second; returns the busy cores seen last."""
    end = time.time() + limit
    while True:
        before = busy()
        time.sleep(1)
        cores = busy() - before
        if cores < 0.15 or time.time() > end:
            return round(cores, 2)


def be_urgent():
    """Daemon and generator alike: other work on the machine must not decide the result."""
    level = os.environ.get("NICE", "-15")
    try:
        os.nice(int(level))
        with open("/proc/self/autogroup", "w", encoding="ascii") as file:
            file.write(level)
    except OSError:
        pass


class Net:
    """Two namespaces and a veth pair between them."""

    def __init__(self):
        tag = str(os.getpid())
        self.dut, self.gen = "bbd" + tag, "bbg" + tag
        try:
            self.make()
        except BaseException:
            self.close()
            raise

    def make(self):
        for family in ("ipv4", "ipv6"):
            for name in ("gc_thresh1", "gc_thresh2", "gc_thresh3"):
                with open(f"/proc/sys/net/{family}/neigh/default/{name}", "w",
                          encoding="ascii") as file:
                    file.write("65536")
        for ns in (self.dut, self.gen):
            sh("ip", "netns", "add", ns)
            sh("ip", "-n", ns, "link", "set", "lo", "up")
            # bind() wants it for addresses that a route alone makes local
            sh("ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv6.ip_nonlocal_bind=1")
        dut, gen = ("ip", "-n", self.dut), ("ip", "-n", self.gen)
        sh(*dut, "link", "add", "vd", "type", "veth", "peer", "name", "vg", "netns", self.gen)
        sh(*dut, "addr", "add", DUT + "/16", "dev", "vd")
        sh(*dut, "-6", "addr", "add", DUT6 + "/64", "dev", "vd", "nodad")
        sh(*dut, "link", "set", "vd", "up")
        sh(*gen, "link", "set", "vg", "up")
        # every address of these two prefixes is local to the generator
        sh(*gen, "addr", "add", "172.20.0.2/32", "dev", "vg")
        sh(*gen, "route", "add", "local", "172.20.128.0/17", "dev", "lo")
        sh(*gen, "route", "add", DUT + "/32", "dev", "vg")
        sh(*gen, "-6", "addr", "add", "fd20::2/128", "dev", "vg", "nodad")
        sh(*gen, "-6", "route", "add", "local", "fd20::1:0:0/96", "dev", "lo")
        sh(*gen, "-6", "route", "add", DUT6 + "/128", "dev", "vg")
        # neighbour discovery answers for addresses of the device alone
        sh(*dut, "-6", "route", "add", "fd20::1:0:0/96", "via", "fd20::2", "dev", "vd")

    def close(self):
        for ns in (self.dut, self.gen):
            sh("ip", "netns", "del", ns, check=False)


# ---------------------------------------------------------------- a run


def generator(name, sc, more):
    v6 = sc["family"] == 6
    command = [os.environ["BENCH_TOOLS"] + "/bgpblast",
               "--dut", DUT6 if v6 else DUT, "--local", GEN6 if v6 else GEN,
               "--senders", str(sc["senders"]), "--receivers", str(sc["receivers"]),
               "--dut-as", str(AS), "--timeout", str(sc["timeout"]), "--label", name, *sc["args"]]
    command += ["--recv-as", str(sc["as0"] + sc["senders"])] if sc["ebgp"] else ["--as", str(AS)]
    return command + more


def generator_command(net, daemon, name, sc, more):
    return ["ip", "netns", "exec", net.gen, *generator(name, sc, more),
            "--dut-pid", ",".join(map(str, daemon.pids()))]


def option(more, name, default):
    return more[more.index(name) + 1] if name in more else default


def measure(name, daemon_name, more):
    sc = dict(SCENARIOS[name])
    sc["family"] = int(option(more, "--family", "4"))
    sc["add_path"] = "--addpath" in more
    directory = tempfile.mkdtemp(prefix=f"bench-{name}-{daemon_name}-")
    os.chmod(directory, 0o755)
    net = daemon = None
    result = {}
    be_urgent()
    busy_before = wait_for_quiet(int(os.environ.get("QUIET", "60")))
    try:
        net = Net()
        daemon = DAEMONS[daemon_name](net.dut, directory, sc)
        daemon.start()
        time.sleep(0.5)
        command = generator_command(net, daemon, name, sc, more)
        hook = daemon.memory()
        if hook:
            command += ["--hook", f"ip netns exec {net.dut} {hook} > {directory}/memory.txt 2>&1"]
        p = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           timeout=sc["timeout"] * 5, check=False)
        try:
            result = json.loads(p.stdout)
        except ValueError:
            result = {"ok": False, "error": p.stdout[-500:] + p.stderr[-500:]}
        if hook and os.path.exists(f"{directory}/memory.txt"):
            with open(f"{directory}/memory.txt", encoding="utf-8") as file:
                result["memory"] = file.read()
        if not result.get("ok"):
            result["log_tail"] = daemon.tail()[-1200:]
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        result = {"ok": False, "error": repr(error)[-1500:]}
    finally:
        if daemon:
            daemon.stop()
        if net:
            net.close()
        shutil.rmtree(directory, ignore_errors=True)
    return dict(result, scenario=name, daemon=daemon_name, options=more,
                busy_cores_before=busy_before)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if len(sys.argv) < 3 or sys.argv[1] not in SCENARIOS or sys.argv[2] not in DAEMONS:
        sys.exit("usage: reflector.py SCENARIO DAEMON [generator's options]\nscenarios: "
                 + " ".join(SCENARIOS) + "\ndaemons: " + " ".join(DAEMONS))
    result = measure(sys.argv[1], sys.argv[2], sys.argv[3:])
    print(json.dumps(result))
    sys.exit(0 if result.get("ok") else 1)


if __name__ == "__main__":
    main()
