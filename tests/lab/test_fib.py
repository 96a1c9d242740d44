#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The kernel side of the daemon (bgpd/kernel.h, bgpd/fib.h) against real kernels.

Each test makes its own network namespaces, drives build/tests/tools/fibtool in one of them
and reads what the kernel has with `ip -j route` and `ip monitor`.

    test_fib.py [NAME...]      all tests, or those whose names hold NAME
"ok NAME" or "not ok NAME" a test; exit code 1 if one failed.
Environment: BGPD_BUILD, the build directory (default build-release); FIBTOOL, the program
itself; SLOW=1 allows four times the time; SEED, of the random changes.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback

top = pathlib.Path(__file__).resolve().parent.parent.parent
build = pathlib.Path(os.environ.get("BGPD_BUILD", top / "build-release"))
fibtool = os.environ.get("FIBTOOL", str(build / "tests/tools/fibtool"))
slow = 4 if os.environ.get("SLOW") else 1  # a sanitizer, a loaded machine
count = 0


def sh(*words, check=True, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def wait_until(what, condition, limit=5.0):
    end = time.monotonic() + limit * slow
    while True:
        if condition():
            return
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.01)


class Lines:
    """A process whose lines are kept with the time of their coming."""

    def __init__(self, words, **more):
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, bufsize=1,
                                        stderr=subprocess.STDOUT, **more)
        self.lines = []
        self.news = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append((time.monotonic(), line.rstrip("\n")))
                self.news.notify_all()
        with self.news:
            self.lines.append((time.monotonic(), "<end>"))
            self.news.notify_all()

    def mark(self):
        return len(self.lines)

    def wait(self, pattern, since=0, limit=5.0):
        """The time and the match of the first line since then; waits for it."""
        end = time.monotonic() + limit * slow
        at = since
        with self.news:
            while True:
                while at < len(self.lines):
                    when, line = self.lines[at]
                    at += 1
                    found = re.search(pattern, line)
                    if found:
                        return when, found
                    if line == "<end>":
                        raise AssertionError(f"ended: {self.tail()}")
                if not self.news.wait(end - time.monotonic()) and time.monotonic() >= end:
                    raise AssertionError(f"no line like {pattern!r}: {self.tail()}")

    def has(self, pattern, since=0):
        return any(re.search(pattern, line) for _, line in self.lines[since:])

    def text(self, since=0):
        return [line for _, line in self.lines[since:]]

    def tail(self):
        return "\n".join(line for _, line in self.lines[-25:])

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(10)


class Tool(Lines):
    def __init__(self, lab, *options, prefix=(), wait=True):
        super().__init__(["ip", "netns", "exec", lab.ns, *prefix, fibtool, *options],
                         stdin=subprocess.PIPE)
        lab.started.append(self)
        if wait:
            self.wait(r"^synced")

    def ask(self, command, limit=20.0):
        since = self.mark()
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        self.wait(r"^\.$", since, limit)
        lines = self.text(since)
        return lines[:lines.index(".")]

    def settle(self, limit=10.0):
        since = self.mark()
        self.ask(f"settle {limit * slow}", limit + 5)
        return float(self.wait(r"^settled (\S+)$", since, 0.1)[1].group(1))

    def set(self, route):
        self.ask("set " + route)

    def put(self, *routes):
        for route in routes:
            self.set(route)
        self.settle()

    def state(self, prefix):
        line = [i for i in self.ask("state " + prefix) if i.startswith(prefix)][-1]
        return line[len(prefix) + 1:]

    def counts(self):
        pairs = [i.split() for i in self.ask("counts")]
        return {i[0]: int(i[1]) for i in pairs if len(i) == 2 and i[1].isdigit()}

    def facts(self):
        return [i for i in self.ask("facts", 30) if re.match("igp |workload ", i)]

    def quit(self):
        self.process.stdin.write("quit\n")
        self.process.stdin.flush()
        code = self.process.wait(20)
        assert code == 0, f"exit code {code}: {self.tail()}"


class Lab:
    """A node with eth0 (192.0.2.1/24, fd00:2::1/64) towards a switch, and more on demand."""

    def __init__(self):
        global count
        count += 1
        self.ns = f"fibt{os.getpid()}-{count}"
        self.far = self.ns + "f"
        self.started = []
        for name in (self.ns, self.far):
            sh("ip", "netns", "add", name)
            sh("ip", "-n", name, "link", "set", "lo", "up")
        self.veth("eth0")
        self.ip("addr add 192.0.2.1/24 dev eth0")
        self.ip("addr add fd00:2::1/64 dev eth0 nodad")

    def veth(self, name, up=True):
        sh("ip", "link", "add", name, "netns", self.ns, "type", "veth", "peer", "name", name,
           "netns", self.far)
        sh("ip", "netns", "exec", self.ns, "sysctl", "-qw",
           f"net.ipv6.conf.{name}.accept_dad=0")
        sh("ip", "-n", self.far, "link", "set", name, "up")
        if up:
            self.ip(f"link set {name} up")
            self.carrier(name)

    def carrier(self, name):
        wait_until(f"carrier on {name}", lambda: json.loads(
            sh("ip", "-j", "-n", self.ns, "link", "show", name))[0]["operstate"] == "UP")

    def ip(self, command, check=True):
        return sh("ip", "-n", self.ns, *command.split(), check=check)

    def batch(self, lines, check=True):
        sh("ip", "-n", self.ns, "-force", "-batch", "-", text="\n".join(lines) + "\n", check=check)

    def routes(self, which="proto bgp", table="main"):
        """What `ip route` shows, as texts that compare, both families."""
        out = []
        for family in ("-4", "-6"):
            text = sh("ip", "-j", "-N", family, "-n", self.ns, "route", "show", "table", table,
                      *which.split(), check=False)
            for r in json.loads(text or "[]"):
                hops = ["{} {}".format(h.get("gateway") or h.get("via", {}).get("host") or "-",
                                       h.get("dev")) for h in r.get("nexthops", [r])]
                kind = r.get("type", "1")
                out.append("{} {} {} metric {}".format(
                    r["dst"], kind, ", ".join(sorted(hops)), r.get("metric", 0)))
        return sorted(out)

    def has(self, pattern, **more):
        return any(re.search(pattern, i) for i in self.routes(**more))

    def monitor(self):
        lines = Lines(["ip", "-n", self.ns, "monitor", "route"])
        self.started.append(lines)
        time.sleep(0.2)
        return lines

    def end(self):
        for process in self.started:
            process.stop()
        for name in (self.ns, self.far):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Skip(Exception):
    """The machine lacks what the test needs."""


tests = []


def test(function):
    tests.append(function)
    return function


def equal(got, want):
    assert got == want, f"\n  got:    {got}\n  wanted: {want}"


# ---------------------------------------------------------------- writing


@test
def install_both_families(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0",
          "10.2.0.0/26 blackhole", "2001:db8:2::/64 blackhole", "10.3.0.0/24 unreachable",
          "10.4.0.0/24 dev eth0")
    equal(lab.routes(), sorted([
        "10.1.0.0/16 1 192.0.2.9 eth0 metric 32", "10.2.0.0/26 6 - None metric 32",
        "10.3.0.0/24 7 - None metric 32", "10.4.0.0/24 1 - eth0 metric 32",
        "2001:db8:1::/48 1 fd00:2::9 eth0 metric 32", "2001:db8:2::/64 6 - lo metric 32"]))
    for prefix in ("10.1.0.0/16", "2001:db8:1::/48", "10.2.0.0/26", "2001:db8:2::/64"):
        equal(t.state(prefix), "installed")
    c = t.counts()
    equal((c["installed"], c["add_ok"], c["add_refused"]), (6, 6, 0))
    for prefix in ("10.1.0.0/16", "2001:db8:1::/48", "2001:db8:2::/64"):
        t.ask("clear " + prefix)
    t.settle()
    equal(len(lab.routes()), 3)
    equal(t.state("10.1.0.0/16"), "none")
    # No message is sent for what is there already.
    before = t.counts()
    t.put("10.4.0.0/24 dev eth0", "10.2.0.0/26 blackhole")
    t.ask("clear 10.2.0.0/26")
    t.put("10.2.0.0/26 blackhole")
    equal(t.counts()["replace_ok"], before["replace_ok"])
    t.quit()


@test
def multipath_and_onlink(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0 via 192.0.2.8 dev eth0 weight 3",
          "2001:db8:1::/48 via fd00:2::9 dev eth0 via fd00:2::8 dev eth0",
          "10.2.0.0/16 via 198.51.100.1 dev eth0 onlink", "10.3.0.0/16 via fd00:2::9 dev eth0")
    assert lab.has("^10.1.0.0/16 1 192.0.2.8 eth0, 192.0.2.9 eth0"), lab.routes()
    assert lab.has("^2001:db8:1::/48 1 fd00:2::8 eth0, fd00:2::9 eth0"), lab.routes()
    assert "onlink" in lab.ip("route show 10.2.0.0/16")
    assert "weight 3" in lab.ip("route show 10.1.0.0/16")
    assert "via inet6 fd00:2::9" in lab.ip("route show 10.3.0.0/16")
    before = t.counts()
    t.quit()
    # All of them are recognised by the next one.
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.8 dev eth0 weight 3 via 192.0.2.9 dev eth0",
          "2001:db8:1::/48 via fd00:2::8 dev eth0 via fd00:2::9 dev eth0",
          "10.2.0.0/16 via 198.51.100.1 dev eth0 onlink", "10.3.0.0/16 via fd00:2::9 dev eth0")
    c = t.counts()
    equal((c["add_ok"], c["replace_ok"], c["installed"]), (0, 0, before["installed"]))
    t.ask("clear 2001:db8:1::/48")
    t.settle()
    assert not lab.has("2001:db8:1::"), lab.routes()
    t.quit()


@test
def replace_without_a_gap(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0")
    m = lab.monitor()
    for hop in ("8", "7", "6"):
        t.put(f"10.1.0.0/16 via 192.0.2.{hop} dev eth0",
              f"2001:db8:1::/48 via fd00:2::{hop} dev eth0")
    t.put("10.1.0.0/16 blackhole", "2001:db8:1::/48 blackhole")
    t.put("10.1.0.0/16 via 192.0.2.5 dev eth0 via 192.0.2.6 dev eth0",
          "2001:db8:1::/48 via fd00:2::5 dev eth0 via fd00:2::6 dev eth0")
    t.put("10.1.0.0/16 via 192.0.2.5 dev eth0", "2001:db8:1::/48 via fd00:2::5 dev eth0")
    m.wait(r"2001:db8:1::/48 via fd00:2::5 dev")
    time.sleep(0.1)
    assert not m.has("Deleted"), m.tail()
    equal(lab.routes(), ["10.1.0.0/16 1 192.0.2.5 eth0 metric 32",
                         "2001:db8:1::/48 1 fd00:2::5 eth0 metric 32"])
    equal(t.counts()["replace_ok"], 12)
    t.quit()


@test
def preferred_source(lab):
    lab.ip("addr add 203.0.113.1/32 dev lo")
    t = Tool(lab, "--prefer-source", "203.0.113.1")
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "10.2.0.0/16 blackhole",
          "2001:db8:1::/48 via fd00:2::9 dev eth0")
    assert "src 203.0.113.1" in lab.ip("route show 10.1.0.0/16")
    m = lab.monitor()
    t.ask("reload")
    t.settle()
    assert "src" not in lab.ip("route show 10.1.0.0/16")
    assert not m.has("Deleted"), m.tail()
    t.quit()


@test
def default_route_only_when_allowed(lab):
    t = Tool(lab)
    t.put("0.0.0.0/0 via 192.0.2.9 dev eth0", "::/0 via fd00:2::9 dev eth0")
    equal(lab.routes(), [])
    assert t.state("0.0.0.0/0").startswith("denied"), t.state("0.0.0.0/0")
    t.ask("reload --default-route")
    t.settle()
    equal(len(lab.routes()), 2)
    t.ask("reload")
    t.settle()
    equal(lab.routes(), [])
    t.quit()


@test
def other_table(lab):
    t = Tool(lab, "--table", "1000", "--metric", "0")
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0")
    equal(lab.routes(), [])
    equal(lab.routes(table="1000"), ["10.1.0.0/16 1 192.0.2.9 eth0 metric 0",
                                     "2001:db8:1::/48 1 fd00:2::9 eth0 metric 1024"])
    assert "igp 192.0.2.0/24 via - dev eth0 metric 0 connected" in t.facts(), t.facts()
    lab.ip("route add 10.8.0.0/16 via 192.0.2.7 table 1000")
    t.wait("igp 10.8.0.0/16 via 192.0.2.7")
    # Metric 0 is the kernel's wildcard: the other one of our protocol is not ours.
    lab.ip("route add 10.1.0.0/16 via 192.0.2.3 proto bgp metric 5 table 1000")
    t.ask("clear 10.1.0.0/16")
    t.ask("clear 2001:db8:1::/48")
    t.settle()
    equal(lab.routes(table="1000"), ["10.1.0.0/16 1 192.0.2.3 eth0 metric 5"])
    t.quit()


# ---------------------------------------------------------------- ownership


@test
def foreign_routes_are_left_alone(lab):
    foreign = ["10.1.0.0/16 via 192.0.2.3 proto static metric 100",
               "10.1.0.0/16 via 192.0.2.4 proto bgp metric 20",
               "10.9.0.0/16 via 192.0.2.3 proto bgp metric 33",
               "2001:db8:1::/48 via fd00:2::3 proto static metric 100",
               "2001:db8:1::/48 via fd00:2::4 proto bgp metric 20"]
    for route in foreign:
        lab.ip("route add " + route)
    before = lab.routes("")
    t = Tool(lab)
    equal(t.counts()["stale"], 0)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0")
    equal(len(lab.routes("")), len(before) + 2)
    t.put("10.1.0.0/16 via 192.0.2.8 dev eth0", "2001:db8:1::/48 via fd00:2::8 dev eth0")
    equal(len(lab.routes("")), len(before) + 2)
    t.ask("sweep")
    t.ask("clear 10.1.0.0/16")
    t.ask("clear 2001:db8:1::/48")
    t.settle()
    equal(lab.routes(""), before)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0")
    t.ask("flush")
    equal(lab.routes(""), before)
    t.quit()


@test
def conflict_waits_and_resolves(lab):
    lab.ip("route add 10.1.0.0/16 via 192.0.2.3 proto static metric 32")
    lab.ip("route add 2001:db8:1::/48 via fd00:2::3 proto static metric 32")
    lab.ip("route add blackhole 10.2.0.0/16 proto 80 metric 32")
    before = lab.routes("")
    t = Tool(lab)
    for _ in range(2):
        t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0",
              "10.2.0.0/16 via 192.0.2.9 dev eth0")
        t.put("10.1.0.0/16 via 192.0.2.8 dev eth0")
    equal(lab.routes(""), before)
    assert t.state("10.1.0.0/16").startswith("conflict missing owner static"), t.tail()
    assert t.state("10.2.0.0/16").startswith("conflict missing owner 80"), t.tail()
    equal(t.counts()["conflict"], 3)
    equal(len([i for i in t.text() if "conflict: a route" in i]), 3)
    lab.ip("route del 10.1.0.0/16 proto static")
    lab.ip("route del 2001:db8:1::/48 proto static")
    wait_until("ours goes in", lambda: lab.has("10.1.0.0/16 1 192.0.2.8") and
               lab.has("2001:db8:1::/48 1 fd00:2::9"), 1)
    wait_until("state", lambda: t.state("10.1.0.0/16") == "installed", 1)
    # What somebody puts in later finds our place taken, or is seen.
    lab.ip("route del 10.2.0.0/16 proto 80")
    lab.ip("route add 10.2.0.0/16 via 192.0.2.5 proto 80 metric 32", check=False)
    t.settle()
    equal(t.counts()["conflict"], int(not lab.has("10.2.0.0/16 1 192.0.2.9")))
    t.quit()


@test
def connected_prefix_is_never_installed(lab):
    t = Tool(lab)
    t.put("192.0.2.0/24 via 192.0.2.9 dev eth0", "fd00:2::/64 via fd00:2::9 dev eth0",
          "192.0.2.1/32 via 192.0.2.9 dev eth0", "198.51.100.0/24 via 192.0.2.9 dev eth0")
    equal(lab.routes(), ["198.51.100.0/24 1 192.0.2.9 eth0 metric 32"])
    assert t.state("192.0.2.0/24").startswith("conflict missing owner kernel"), t.tail()
    lab.veth("eth1")
    lab.ip("addr add 198.51.100.1/24 dev eth1")
    wait_until("ours leaves", lambda: lab.routes() == [], 1)
    lab.ip("addr del 198.51.100.1/24 dev eth1")
    wait_until("ours returns", lambda: lab.has("198.51.100.0/24"), 1)
    # A link that goes down takes its subnet along without an event.
    lab.ip("addr add 198.51.100.1/24 dev eth1")
    wait_until("ours leaves", lambda: lab.routes() == [], 1)
    lab.ip("link set eth1 down")
    wait_until("ours returns", lambda: lab.has("198.51.100.0/24"), 1)
    t.quit()


@test
def the_loop_does_not_wait_for_the_kernel(lab):
    """Somebody has the kernel's lock: the daemon goes on, and nothing is lost."""
    lab.veth("cali1")
    t = Tool(lab, "--import", CALI)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0")
    t.ask("race sleep 3")
    begun = time.monotonic()
    t.set("10.2.0.0/16 via 192.0.2.9 dev eth0")
    t.set("10.1.0.0/16 via 192.0.2.8 dev eth0")
    t.ask("clear 10.2.0.0/16")
    t.set("10.3.0.0/16 via 192.0.2.9 dev eth0")
    lab.ip("route add 10.233.1.3 dev cali1")
    equal(t.counts()["pending"], 3)
    assert time.monotonic() - begun < 1, time.monotonic() - begun
    when, _ = t.wait("routes have not been taken for 2 s", limit=3)
    assert when - begun > 1.9, when - begun
    t.wait("workload 0 10.233.1.3/32 present")  # what is known comes behind the answers
    t.settle()
    equal(lab.routes("proto bgp"), ["10.1.0.0/16 1 192.0.2.8 eth0 metric 32",
                                    "10.3.0.0/16 1 192.0.2.9 eth0 metric 32"])
    equal((t.counts()["unknown"], t.counts()["lost"]), (0, 0))
    # A reload that moves the routes waits for what is on its way to the old place.
    t.ask("race sleep 1")
    t.set("10.4.0.0/16 via 192.0.2.9 dev eth0")
    t.ask(f"reload --import {CALI} --metric 77")
    t.settle()
    wait_until("moved", lambda: lab.routes("proto bgp") == [
        "10.1.0.0/16 1 192.0.2.8 eth0 metric 77", "10.3.0.0/16 1 192.0.2.9 eth0 metric 77",
        "10.4.0.0/16 1 192.0.2.9 eth0 metric 77"], 2)
    t.quit()


@test
def appended_beside_ours(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0")
    for verb in ("append", "prepend"):
        lab.ip(f"route {verb} 10.1.0.0/16 via 192.0.2.3 proto static metric 32")
        t.wait("conflict: a route of protocol static has 10.1.0.0/16")
        assert lab.has("192.0.2.9"), lab.routes()
        t.put("10.1.0.0/16 via 192.0.2.8 dev eth0")
        equal(lab.routes("proto static"), ["10.1.0.0/16 1 192.0.2.3 eth0 metric 32"])
        lab.ip("route del 10.1.0.0/16 proto static")
        wait_until("ours", lambda: lab.routes() == ["10.1.0.0/16 1 192.0.2.8 eth0 metric 32"])
        t.put("10.1.0.0/16 via 192.0.2.9 dev eth0")
        t.lines.clear()
    t.quit()


@test
def taken_over_between(lab):
    """Another owner puts its route over ours after our events were read, before our change."""
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0")
    t.ask(f"race ip -n {lab.ns} route replace 10.1.0.0/16 via 192.0.2.3 proto static "
          "metric 32 mtu 1300")
    t.set("10.1.0.0/16 via 192.0.2.8 dev eth0")
    t.wait("10.1.0.0/16 was put in the place of ours while we changed it")
    wait_until("restored", lambda: lab.routes("proto static") ==
               ["10.1.0.0/16 1 192.0.2.3 eth0 metric 32"], 1)
    assert "mtu 1300" in lab.ip("route show 10.1.0.0/16")
    t.settle()
    equal(lab.routes("proto bgp 10.1.0.0/16"), [])
    assert t.state("10.1.0.0/16").startswith("conflict"), t.tail()
    t.ask(f"race ip -n {lab.ns} -6 route replace 2001:db8:1::/48 via fd00:2::3 proto static "
          "metric 32")
    t.set("2001:db8:1::/48 via fd00:2::8 dev eth0")
    t.wait("2001:db8:1::/48 was put in the place of ours")
    wait_until("restored", lambda: lab.has("fd00:2::3", which="proto static"), 1)
    t.settle()
    equal(lab.routes(), [])
    equal(t.counts()["restored"], 2)
    # Deleted in that instant: nothing is made blindly, then ours goes in.
    lab.ip("route del 10.1.0.0/16 proto static")
    wait_until("ours", lambda: lab.has("10.1.0.0/16 1 192.0.2.8"), 12)
    t.ask(f"race ip -n {lab.ns} route del 10.1.0.0/16")
    t.set("10.1.0.0/16 via 192.0.2.7 dev eth0")
    wait_until("ours", lambda: lab.has("10.1.0.0/16 1 192.0.2.7"), 12)
    equal(t.counts()["replace_refused"], 1)
    # Somebody's route comes in the instant before ours is added.
    t.ask(f"race ip -n {lab.ns} route add 10.5.0.0/16 via 192.0.2.3 proto static metric 32")
    t.put("10.5.0.0/16 via 192.0.2.7 dev eth0")
    equal(lab.routes("10.5.0.0/16"), ["10.5.0.0/16 1 192.0.2.3 eth0 metric 32"])
    assert t.state("10.5.0.0/16").startswith("conflict"), t.tail()
    equal((t.counts()["restored"], t.counts()["add_refused"]), (2, 1))
    t.quit()


# ---------------------------------------------------------------- adoption


@test
def adopt_confirm_sweep(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "10.2.0.0/16 via 192.0.2.9 dev eth0",
          "10.3.0.0/16 via 192.0.2.9 dev eth0", "10.4.0.0/26 blackhole",
          "2001:db8:1::/48 via fd00:2::9 dev eth0", "2001:db8:2::/48 via fd00:2::9 dev eth0")
    t.process.kill()
    t.process.wait()
    m = lab.monitor()
    t = Tool(lab)
    t.wait("^synced adopted 6$")
    equal(t.counts()["stale"], 6)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0",
          "10.4.0.0/26 blackhole")
    c = t.counts()
    equal((c["add_ok"], c["replace_ok"], c["installed"], c["stale"]), (0, 0, 3, 3))
    assert not m.lines, m.tail()
    t.put("10.2.0.0/16 via 192.0.2.8 dev eth0")
    equal(len(lab.routes()), 6)
    equal(t.state("10.3.0.0/16"), "stale")
    t.ask("sweep")
    t.settle()
    equal(lab.routes(), sorted(["10.1.0.0/16 1 192.0.2.9 eth0 metric 32",
                                "10.2.0.0/16 1 192.0.2.8 eth0 metric 32",
                                "10.4.0.0/26 6 - None metric 32",
                                "2001:db8:1::/48 1 fd00:2::9 eth0 metric 32"]))
    deleted = [i for i in m.text() if "Deleted" in i]
    equal(len(deleted), 2)
    # After the sweep nothing of ours is there that is not wanted.
    lab.ip("route add 10.7.0.0/16 via 192.0.2.3 proto bgp metric 32")
    wait_until("removed", lambda: not lab.has("10.7.0.0/16"), 1)
    t.quit()


@test
def flush_with_and_without_a_daemon(lab):
    lab.ip("route add 10.9.0.0/16 via 192.0.2.3 proto bgp metric 33")
    t = Tool(lab)
    t.ask("many 1000 10.1.0.0 via 192.0.2.9 dev eth0")
    t.put("2001:db8:1::/48 via fd00:2::9 dev eth0")
    equal(len(lab.routes()), 1002)
    equal([i for i in t.ask("flush") if i == "done"], ["done"])
    equal(lab.routes(), ["10.9.0.0/16 1 192.0.2.3 eth0 metric 33"])
    t.ask("many 1000 10.1.0.0 via 192.0.2.9 dev eth0")
    t.settle()
    t.quit()
    equal(len(lab.routes()), 1001)
    out = sh("ip", "netns", "exec", lab.ns, fibtool, "--flush")
    equal(out.strip(), "removed 1000")
    equal(lab.routes(), ["10.9.0.0/16 1 192.0.2.3 eth0 metric 33"])


@test
def reload_moves_routes(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0")
    t.ask("reload --metric 50")
    wait_until("moved", lambda: lab.routes() == [
        "10.1.0.0/16 1 192.0.2.9 eth0 metric 50", "2001:db8:1::/48 1 fd00:2::9 eth0 metric 50"])
    t.ask("reload --metric 50 --protocol 200")
    wait_until("moved", lambda: lab.routes("proto 200") == [
        "10.1.0.0/16 1 192.0.2.9 eth0 metric 50", "2001:db8:1::/48 1 fd00:2::9 eth0 metric 50"])
    equal(lab.routes(), [])
    t.ask("reload --table 77")
    wait_until("moved", lambda: len(lab.routes(table="77")) == 2)
    wait_until("left", lambda: lab.routes("proto 200") == [])
    time.sleep(0.3)
    equal(t.counts()["installed"], 2)
    t.quit()


# ---------------------------------------------------------------- repair


@test
def foreign_deletion_is_repaired(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0")
    for _ in range(2):
        m = lab.monitor()
        start = time.monotonic()
        lab.ip("route del 10.1.0.0/16")
        lab.ip("-6 route del 2001:db8:1::/48")
        wait_until("both back", lambda: len(lab.routes()) == 2, 1.0)
        assert time.monotonic() - start < 1.0 * slow
        m.wait("Deleted")
        time.sleep(11 if _ == 0 and not os.environ.get("QUICK") else 0)
        if os.environ.get("QUICK"):
            break
    t.wait("10.1.0.0/16 was deleted by another process")
    t.quit()


@test
def fights_back_off(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0")
    took = []
    for _ in range(3):
        lab.ip("route del 10.1.0.0/16")
        start = time.monotonic()
        wait_until("back", lambda: lab.has("10.1.0.0/16"), 8)
        took.append(time.monotonic() - start)
        time.sleep(0.6)  # not the same accident
    assert took[0] < 0.5 * slow and 0.7 < took[1] < 1.5 * slow and 1.7 < took[2] < 2.6 * slow, took
    assert t.has("was deleted by another process .*for the 2th time, back in 1 s"), t.tail()
    # One who replaces ours is named, and keeps the place.
    lab.ip("route replace 10.1.0.0/16 via 192.0.2.3 proto 80 metric 32")
    t.wait("10.1.0.0/16 was replaced by a route of protocol 80")
    time.sleep(0.3)
    equal(lab.routes("10.1.0.0/16"), ["10.1.0.0/16 1 192.0.2.3 eth0 metric 32"])
    assert t.state("10.1.0.0/16").startswith("conflict missing owner 80"), t.tail()
    lab.ip("route del 10.1.0.0/16 proto 80")
    time.sleep(0.5)
    assert t.state("10.1.0.0/16").startswith("pending missing | taken out 4 times"), t.tail()
    t.quit()


@test
def flush_is_one_accident(lab):
    """`ip route flush` looks again, and takes out what was put back while it went on."""
    t = Tool(lab)
    n = 3000
    t.ask(f"many {n} 10.1.0.0 via 192.0.2.9 dev eth0")
    t.settle()
    lab.ip("route flush proto bgp")
    start = time.monotonic()
    wait_until("all are back", lambda: len(lab.routes()) == n, 1.0)
    t.settle()
    equal(t.counts()["installed"], n)
    assert not t.has("for the 2th time"), t.tail()
    print(f"# {n} put back {time.monotonic() - start:.3f} s after the flush")
    # One who goes on is fought.
    m = lab.monitor()
    end = time.monotonic() + 3 * slow
    while time.monotonic() < end and "taken out 2 times" not in t.state("10.1.0.7/32"):
        lab.ip("route del 10.1.0.7", check=False)
        time.sleep(0.02)
    assert "taken out 2 times" in t.state("10.1.0.7/32"), t.state("10.1.0.7/32")
    assert len([i for i in m.text() if i.startswith("Deleted")]) <= 6, m.tail()
    t.quit()


@test
def link_down_and_up(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0",
          "10.2.0.0/26 blackhole")
    since = t.mark()
    lab.ip("link set eth0 down")
    equal(lab.routes(), ["10.2.0.0/26 6 - None metric 32"])
    t.wait("igp_gone 192.0.2.0/24", since)
    t.wait("address 192.0.2.1/24 dev eth0 gone", since)
    wait_until("noticed", lambda: t.counts()["installed"] == 1, 1)
    assert t.state("10.1.0.0/16").startswith("failed missing error ENETUNREACH") or \
        t.state("10.1.0.0/16").startswith("failed missing error ENETDOWN"), t.tail()
    lab.ip("link set eth0 up")
    lab.ip("addr add fd00:2::1/64 dev eth0 nodad")
    wait_until("repaired", lambda: len(lab.routes()) == 3, 1.5)
    wait_until("state", lambda: t.counts()["installed"] == 3, 1)
    assert not t.has("another process"), t.tail()
    # Down and up at once, nothing else changed: no event tells of the IPv4 route.
    since = t.mark()
    lab.batch(["link set eth0 down", "link set eth0 up"])
    wait_until("repaired", lambda: lab.has("10.1.0.0/16"), 1.5)
    t.quit()


@test
def address_removed_and_back(lab):
    lab.ip("addr add 203.0.113.1/32 dev lo")
    t = Tool(lab, "--prefer-source", "203.0.113.1")
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0")
    # The kernel takes the routes that prefer it along.
    lab.ip("addr del 203.0.113.1/32 dev lo")
    equal(lab.routes(), [])
    wait_until("noticed", lambda: t.counts()["installed"] == 0, 1)
    assert t.state("10.1.0.0/16").startswith("failed missing error EINVAL"), t.tail()
    lab.ip("addr add 203.0.113.1/32 dev lo")
    wait_until("repaired", lambda: lab.has("10.1.0.0/16"), 1)
    # The last address of a link takes all IPv4 routes of the link along.
    since = t.mark()
    lab.ip("addr del 192.0.2.1/24 dev eth0")
    t.wait("address 192.0.2.1/24 dev eth0 gone", since)
    wait_until("noticed", lambda: t.counts()["installed"] == 0, 1)
    lab.ip("addr add 192.0.2.1/24 dev eth0")
    wait_until("repaired", lambda: lab.has("10.1.0.0/16"), 1)
    equal(t.ask("local 192.0.2.1")[-1], "yes")
    equal(t.ask("local 192.0.2.2")[-1], "no")
    equal(t.ask("connected 192.0.2.77")[-1], "eth0 192.0.2.0/24")
    equal(t.ask("connected 192.0.3.77")[-1], "no")
    t.quit()


@test
def refused_change_leaves_no_wrong_route(lab):
    t = Tool(lab)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0", "2001:db8:1::/48 via fd00:2::9 dev eth0")
    t.put("10.1.0.0/16 via 198.51.100.1 dev eth0", "2001:db8:1::/48 via fd00:7::1 dev eth0")
    wait_until("gone", lambda: lab.routes() == [], 1)
    state = t.state("10.1.0.0/16")
    assert re.match("failed missing error ENETUNREACH .*invalid gateway", state), state
    state = t.state("2001:db8:1::/48")
    assert re.match("failed missing error EHOSTUNREACH", state), state
    before = t.counts()
    time.sleep(2.2)
    after = t.counts()
    assert 1 <= after["add_refused"] - before["add_refused"] <= 4, (before, after)
    # It goes in as soon as the gateway can be reached.
    lab.ip("addr add 198.51.100.2/24 dev eth0")
    lab.ip("addr add fd00:7::2/64 dev eth0 nodad")
    wait_until("in", lambda: len(lab.routes()) == 2, 1)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0")
    assert lab.has("10.1.0.0/16 1 192.0.2.9")
    t.quit()


# ---------------------------------------------------------------- imports


CALI = "interface=cali*,veth*;prefix=10.233.0.0/16,fd00:233::/32"


@test
def import_appears_and_disappears(lab):
    lab.veth("cali1")
    lab.veth("cali2")
    lab.ip("route add 10.233.1.9 dev cali1 scope link proto 80")
    t = Tool(lab, "--import", CALI, "--import", "type=6,1;protocol=4")
    t.wait("^workload 0 10.233.1.9/32 present")
    took = []
    for route in ("10.233.1.3 dev cali1 scope host proto boot", "10.233.1.4 dev cali2 scope link",
                  "fd00:233::4 dev cali2", "10.233.9.0/26 via 10.233.1.9 dev cali1 onlink"):
        since = t.mark()
        start = time.monotonic()
        lab.ip("route add " + route)
        word = route.split()[0]
        took.append(t.wait(f"^workload 0 {word}(/32|/128)? present", since)[0] - start)
        since = t.mark()
        lab.ip("route del " + route)
        t.wait(f"^workload 0 {word}(/32|/128)? gone", since)
    print(f"# route command to callback: {max(took) * 1000:.0f} ms at most")
    assert max(took) < 0.1 * slow, took
    since = t.mark()
    for route in ("10.99.1.3 dev cali1 scope link", "10.233.1.5 via 192.0.2.3 dev eth0",
                  "10.233.1.6 dev cali1 proto bgp metric 77", "10.233.1.7 dev cali1 proto kernel",
                  "10.233.1.8 dev cali1 tos 8", "10.233.1.1 dev cali1 proto bgp metric 32",
                  "10.233.1.2 dev cali1 table 7"):
        lab.ip("route add " + route)
    lab.ip("route add blackhole 10.233.2.0/26 proto static")
    t.wait("^workload 1 10.233.2.0/26 present", since)
    equal([i for i in t.text(since) if i.startswith("workload")],
          ["workload 1 10.233.2.0/26 present"])
    # Two routes of one prefix: gone with the last, whichever it is.
    since = t.mark()
    lab.ip("route add 10.233.1.9 dev cali2 scope link metric 5")
    lab.ip("route del 10.233.1.9 dev cali1")
    time.sleep(0.1)
    assert not t.has("10.233.1.9/32 (present|gone)", since), t.text(since)
    lab.ip("route replace 10.233.1.9 dev cali1 metric 5")
    time.sleep(0.1)
    assert not t.has("10.233.1.9/32 gone", since), t.text(since)
    lab.ip("route replace 10.233.1.9 via 192.0.2.3 dev eth0 metric 5")
    t.wait("10.233.1.9/32 gone", since)
    t.quit()


@test
def import_of_local_addresses(lab):
    t = Tool(lab, "--import", "type=2;protocol=2;prefix=203.0.113.0/24")
    lab.ip("addr add 203.0.113.5/32 dev lo")
    t.wait("workload 0 203.0.113.5/32 present")
    lab.veth("eth1")
    lab.ip("addr add 203.0.113.6/32 dev eth1")
    t.wait("workload 0 203.0.113.6/32 present")
    since = t.mark()
    # The kernel keeps local routes of a link that is down.
    lab.ip("link set eth1 down")
    time.sleep(0.4)
    assert not t.has("203.0.113.6/32 gone", since), t.tail()
    lab.ip("link del eth1")
    t.wait("workload 0 203.0.113.6/32 gone", since)
    lab.ip("addr del 203.0.113.5/32 dev lo")
    t.wait("workload 0 203.0.113.5/32 gone", since)
    t.quit()


@test
def interface_goes(lab):
    lab.veth("cali1")
    t = Tool(lab, "--import", CALI)
    lab.ip("route add 10.233.1.3 dev cali1 scope link")
    lab.ip("route add 10.233.1.4 dev cali1 scope host")
    lab.ip("route add fd00:233::4 dev cali1")
    lab.ip("route add 10.8.0.0/16 via 10.233.1.3 dev cali1 onlink")
    t.wait("workload 0 fd00:233::4/128 present")
    since = t.mark()
    start = time.monotonic()
    lab.ip("link set cali1 down")
    when, _ = t.wait("workload 0 10.233.1.3/32 gone", since)
    assert when - start < 0.1 * slow, when - start
    t.wait("workload 0 fd00:233::4/128 gone", since)
    t.wait("igp_gone 10.8.0.0/16", since)
    time.sleep(0.3)
    # ptp's route, of host scope, is still in the kernel.
    assert "10.233.1.4" in lab.ip("route")
    assert not t.has("10.233.1.4/32 gone", since), t.tail()
    lab.ip("link set cali1 up")
    lab.ip("route add 10.233.1.3 dev cali1 scope link")
    t.wait("workload 0 10.233.1.3/32 present", since)
    since = t.mark()
    start = time.monotonic()
    lab.ip("link del cali1")
    when, _ = t.wait("workload 0 10.233.1.3/32 gone", since)
    assert when - start < 0.1 * slow, when - start
    t.wait("workload 0 10.233.1.4/32 gone", since)
    time.sleep(0.3)
    equal([i for i in t.facts() if i.startswith("workload")], [])
    equal(t.counts()["links"], 2)
    # A bridge tells that a port left it, in a message that looks like a deleted link.
    lab.veth("cali3")
    lab.ip("route add 10.233.1.5 dev cali3")
    t.wait("workload 0 10.233.1.5/32 present")
    since = t.mark()
    lab.ip("link add br0 type bridge")
    lab.ip("link set cali3 master br0")
    lab.ip("link set cali3 nomaster")
    lab.ip("route add 10.233.1.7 dev cali3")
    t.wait("workload 0 10.233.1.7/32 present", since)
    assert not t.has("10.233.1.5/32 gone", since), t.tail()
    # A rename counts too.
    lab.veth("tmp1")
    lab.ip("route add 10.233.1.6 dev tmp1")
    t.wait("igp 10.233.1.6/32")
    since = t.mark()
    lab.ip("link set tmp1 name cali9")
    t.wait("workload 0 10.233.1.6/32 present", since)
    t.quit()


@test
def imports_change_on_reload(lab):
    lab.veth("cali1")
    lab.ip("route add 10.233.1.3 dev cali1")
    lab.ip("route add 10.9.1.3 dev cali1")
    lab.ip("route add blackhole 10.233.7.0/26")
    t = Tool(lab, "--import", CALI)
    t.wait("workload 0 10.233.1.3/32 present")
    since = t.mark()
    t.ask("reload --import interface=cali*;prefix=10.9.0.0/16 --import type=6")
    equal(sorted(i for i in t.text(since) if i.startswith("workload")), [
        "workload 0 10.233.1.3/32 gone", "workload 0 10.9.1.3/32 present",
        "workload 1 10.233.7.0/26 present"])
    t.ask("reload")
    equal([i for i in t.facts() if i.startswith("workload")], [])
    t.quit()


# ---------------------------------------------------------------- next hops


@test
def next_hop_facts(lab):
    lab.veth("eth1")
    lab.ip("addr add 198.51.100.1/24 dev eth1")
    lab.ip("route add default via 192.0.2.254")
    lab.ip("route add 10.50.0.0/16 via 192.0.2.7 metric 20")
    t = Tool(lab)
    facts = t.facts()
    assert "igp 0.0.0.0/0 via 192.0.2.254 dev eth0 metric 0" in facts, facts
    assert "igp 192.0.2.0/24 via - dev eth0 metric 0 connected" in facts, facts
    assert "igp fd00:2::/64 via - dev eth0 metric 256 connected" in facts, facts
    assert not any("fe80" in i or "ff00" in i for i in facts), facts
    # Ours are no facts.
    t.put("10.60.0.0/16 via 192.0.2.9 dev eth0")
    assert not t.has("igp 10.60"), t.tail()
    lab.ip("route add 10.50.0.0/16 via 198.51.100.7 metric 10")
    t.wait("igp 10.50.0.0/16 via 198.51.100.7 dev eth1 metric 10")
    # The carrier goes: the route stays in the kernel, and resolves nothing.
    since = t.mark()
    sh("ip", "-n", lab.far, "link", "set", "eth1", "down")
    t.wait("igp 10.50.0.0/16 via 192.0.2.7 dev eth0 metric 20", since)
    t.wait("igp_gone 198.51.100.0/24", since)
    sh("ip", "-n", lab.far, "link", "set", "eth1", "up")
    t.wait("igp 10.50.0.0/16 via 198.51.100.7", since)
    lab.ip("route replace 10.50.0.0/16 via 198.51.100.8 metric 10")
    t.wait("igp 10.50.0.0/16 via 198.51.100.8", since)
    since = t.mark()
    lab.ip("link set eth1 down")
    t.wait("igp 10.50.0.0/16 via 192.0.2.7", since)
    since = t.mark()
    lab.ip("route del 10.50.0.0/16 metric 20")
    t.wait("igp_gone 10.50.0.0/16", since)
    # Several hops: the first that works; IPv6 deletes them one by one.
    lab.ip("route add 10.51.0.0/16 nexthop via 192.0.2.7 nexthop via 192.0.2.8")
    t.wait("igp 10.51.0.0/16 via 192.0.2.7")
    lab.ip("route add fd00:51::/64 nexthop via fd00:2::7 nexthop via fd00:2::8")
    t.wait("igp fd00:51::/64 via fd00:2::7")
    lab.ip("route del fd00:51::/64 via fd00:2::7")
    t.wait("igp fd00:51::/64 via fd00:2::8")
    lab.ip("route append fd00:51::/64 via fd00:2::6 metric 1024")
    lab.ip("route del fd00:51::/64 via fd00:2::8")
    t.wait("igp fd00:51::/64 via fd00:2::6")
    lab.ip("route del fd00:51::/64 via fd00:2::6")
    t.wait("igp_gone fd00:51::/64")
    t.quit()


@test
def nexthop_objects_of_others(lab):
    t = Tool(lab)
    lab.ip("nexthop add id 5 via 192.0.2.7 dev eth0")
    lab.ip("route add 10.52.0.0/16 nhid 5")
    t.wait("igp 10.52.0.0/16 via 192.0.2.7")
    lab.ip("nexthop replace id 5 via 192.0.2.8 dev eth0")
    t.wait("igp 10.52.0.0/16 via 192.0.2.8", limit=1)
    lab.ip("nexthop del id 5")
    t.wait("igp_gone 10.52.0.0/16", limit=1)
    t.quit()


# ---------------------------------------------------------------- nexthop objects


def objects(lab, protocol="bgp"):
    """What `ip nexthop` shows: by id its gateway and device, or its members and weights."""
    out = {}
    for n in json.loads(lab.ip("-j nexthop") or "[]"):
        if n["protocol"] != protocol:
            continue
        out[n["id"]] = f"{n.get('gateway', '-')} {n.get('dev')}" if "group" not in n else tuple(
            (m["id"], m.get("weight", 1)) for m in n["group"])
    return out


def nhids(lab, which="proto bgp"):
    """By prefix the id of its object; None of a classic route."""
    out = {}
    for family in ("-4", "-6"):
        text = sh("ip", "-j", family, "-n", lab.ns, "route", "show", *which.split(), check=False)
        out.update({r["dst"]: r.get("nhid") for r in json.loads(text or "[]")})
    return out


def nexthop_monitor(lab, what="nexthop"):
    lines = Lines(["ip", "-n", lab.ns, "monitor", *what.split()])
    lab.started.append(lines)
    time.sleep(0.2)
    return lines


ON = ("--nexthop-objects", "on")
WAYS = {"classic": ("--nexthop-objects", "off"), "objects": ON}


def over_both_ways(function):
    """A test with classic routes, and one with objects."""
    for name, options in WAYS.items():
        def run_it(lab, options=options):
            function(lab, options)
        run_it.__name__ = f"{function.__name__}_{name}"
        test(run_it)


@test
def objects_on(lab):
    t = Tool(lab, *ON)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9",
          "10.2.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9",
          "10.3.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.8",
          "2001:db8:1::/48 via fd00:2::9 dev eth0 nh 2001:db8::9",
          "10.4.0.0/16 via fd00:2::9 dev eth0 nh 2001:db8::9",
          "10.5.0.0/26 blackhole", "10.6.0.0/16 dev eth0",
          "10.7.0.0/16 via 198.51.100.1 dev eth0 onlink", "10.8.0.0/16 via 192.0.2.7 dev eth0")
    ids = nhids(lab)
    there = objects(lab)
    equal(len(there), 6)
    assert all(0x40000000 <= i < 0x80000000 for i in there), there
    equal(ids["10.1.0.0/16"], ids["10.2.0.0/16"])
    assert ids["10.1.0.0/16"] != ids["10.3.0.0/16"], "each BGP next hop has its own"
    equal(ids["2001:db8:1::/48"], ids["10.4.0.0/16"])
    equal(ids["10.5.0.0/26"], None)
    equal(there[ids["10.6.0.0/16"]], "- eth0")
    assert "onlink" in lab.ip(f"nexthop show id {ids['10.7.0.0/16']}")
    assert lab.has("^10.1.0.0/16 1 192.0.2.9 eth0"), lab.routes()
    c = t.counts()
    equal((c["installed"], c["nexthops"], c["nexthop_ok"], c["add_refused"]), (9, 6, 6, 0))
    equal(t.state("10.1.0.0/16"), f"installed nhid {ids['10.1.0.0/16']}")
    # With the last route the object goes.
    t.ask("clear 10.1.0.0/16")
    t.settle()
    equal(len(objects(lab)), 6)
    t.ask("clear 10.2.0.0/16")
    t.put("2001:db8:1::/48 via fd00:2::8 dev eth0 nh 2001:db8::8")
    t.ask("clear 10.4.0.0/16")
    t.settle()
    equal(len(objects(lab)), 5)
    assert lab.has("^2001:db8:1::/48 1 fd00:2::8"), lab.routes()
    equal(t.counts()["nexthops"], 5)
    t.quit()


@test
def objects_off(lab):
    t = Tool(lab, "--nexthop-objects", "off")
    t.ask("spread 600 11.0.0.0 300 10.99.0.1 dev eth0 onlink")
    t.settle()
    equal(t.counts()["installed"], 600)
    equal(objects(lab), {})
    equal(set(nhids(lab).values()), {None})
    t.quit()


@test
def objects_auto(lab):
    t = Tool(lab)
    # 256 kinds of routes are classic, those after are not.
    t.ask("spread 512 11.0.0.0 256 10.99.0.1 dev eth0 onlink")
    t.settle()
    equal(objects(lab), {})
    m = nexthop_monitor(lab, "route")
    t.ask("spread 900 11.1.0.0 300 10.99.0.1 dev eth0 onlink")
    t.settle()
    ids = nhids(lab)
    equal([i for i in ids if i.startswith("11.0.") and ids[i] is not None], [])
    assert not any("11.0." in i for i in m.text()), "what is installed stays as it is"
    equal(len([i for i in ids if i.startswith("11.1.") and ids[i] is None]), 0)
    equal(len(objects(lab)), 300)
    # Who changes becomes a reference.
    t.put("11.0.0.7/32 via 192.0.2.77 dev eth0 onlink nh 192.0.2.77")
    assert nhids(lab)["11.0.0.7"] in objects(lab)
    equal(t.counts()["installed"], 512 + 900)
    assert not m.has("Deleted"), m.tail()
    t.ask("unmany 900 11.1.0.0")
    t.ask("unmany 512 11.0.0.0")
    t.settle()
    equal((objects(lab), t.counts()["nexthops"]), ({}, 0))
    t.quit()


@test
def no_objects_in_an_old_kernel(lab):
    t = Tool(lab, *ON, "--old-kernel")
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0")
    assert t.has("log .*nexthop-objects is 'on', but this kernel has none"), t.tail()
    equal((nhids(lab), objects(lab)), ({"10.1.0.0/16": None}, {}))
    t.quit()
    t = Tool(lab, "--old-kernel")
    t.ask("spread 600 11.0.0.0 300 10.99.0.1 dev eth0 onlink")
    t.settle()
    equal((t.counts()["installed"], objects(lab)), (600, {}))
    assert not t.has("^log"), t.tail()
    t.quit()


@test
def one_object_moves_all_its_routes(lab):
    n = 2000
    t = Tool(lab, *ON)
    t.ask(f"many {n} 11.0.0.0 via 192.0.2.9 dev eth0 nh 203.0.113.9")
    t.put("2001:db8:1::/48 via fd00:2::9 dev eth0 nh 2001:db8::9",
          "2001:db8:2::/48 via fd00:2::9 dev eth0 nh 2001:db8::9")
    equal(len(objects(lab)), 2)
    equal(len(set(nhids(lab).values())), 2)
    nexthops, routes = nexthop_monitor(lab), nexthop_monitor(lab, "route")
    before = t.counts()
    for hop in ("8", "7"):
        t.ask(f"many {n} 11.0.0.0 via 192.0.2.{hop} dev eth0 nh 203.0.113.9")
        t.put(f"2001:db8:1::/48 via fd00:2::{hop} dev eth0 nh 2001:db8::9",
              f"2001:db8:2::/48 via fd00:2::{hop} dev eth0 nh 2001:db8::9")
        equal(sorted(objects(lab).values()), sorted([f"192.0.2.{hop} eth0", f"fd00:2::{hop} eth0"]))
    time.sleep(1.3)  # nobody is left behind
    after = t.counts()
    equal(after["nexthop_ok"] - before["nexthop_ok"], 4)
    for key in ("add_ok", "replace_ok", "delete_ok"):
        equal(after[key], before[key])
    equal(len([i for i in nexthops.text() if i.startswith("id ")]), 4)
    assert not routes.has("Deleted") and not nexthops.has("Deleted"), routes.tail()
    equal(len([i for i in lab.routes() if "192.0.2.7 eth0" in i]), n)
    equal((after["installed"], after["taken"], after["restored"]), (n + 2, 0, 0))
    t.quit()


@test
def one_next_hop_with_two_ways(lab):
    """Routes that stay behind when an object moves get a way of their own."""
    t = Tool(lab, *ON)
    a = [f"10.{i}.0.0/16" for i in range(4)]
    t.put(*[f"{p} via 192.0.2.9 dev eth0 nh 203.0.113.9" for p in a])
    time.sleep(0.01)
    t.put(*[f"{p} via 192.0.2.8 dev eth0 nh 203.0.113.9" for p in a[:2]])
    for _ in range(2):
        wait_until("apart", lambda: all(
            lab.has(f"^{p} 1 192.0.2.{8 if p in a[:2] else 9} eth0") for p in a), 3)
        time.sleep(1.2)
    writes = [t.counts()[i] for i in ("nexthop_ok", "replace_ok", "add_ok")]
    equal(writes, [2, 2, 4])
    equal(t.counts()["installed"], 4)
    t.quit()


@test
def object_groups(lab):
    two = "via 192.0.2.9 dev eth0 nh 203.0.113.9 via 192.0.2.8 dev eth0 nh 203.0.113.8"
    six = "via fd00:2::9 dev eth0 nh 2001:db8::9 via fd00:2::8 dev eth0 nh 2001:db8::8"
    t = Tool(lab, *ON)
    t.put(f"10.1.0.0/16 {two}", f"10.2.0.0/16 {two} weight 3", f"10.3.0.0/16 {two}",
          "10.4.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9", f"2001:db8:1::/48 {six}")
    ids, there = nhids(lab), objects(lab)
    equal(ids["10.1.0.0/16"], ids["10.3.0.0/16"])
    groups = {i: there[i] for i in there if isinstance(there[i], tuple)}
    equal((len(there), len(groups)), (7, 3))
    members = {m for g in groups.values() for m, _ in g}
    assert ids["10.4.0.0/16"] in members, "members are shared"
    equal(sorted(w for _, w in groups[ids["10.2.0.0/16"]]), [1, 3])
    assert lab.has("^10.1.0.0/16 1 192.0.2.8 eth0, 192.0.2.9 eth0"), lab.routes()
    # A member moves: its object alone is written.
    nexthops, routes = nexthop_monitor(lab), nexthop_monitor(lab, "route")
    moved = two.replace("192.0.2.9", "192.0.2.5")
    t.put(f"10.1.0.0/16 {moved}", f"10.2.0.0/16 {moved} weight 3", f"10.3.0.0/16 {moved}",
          "10.4.0.0/16 via 192.0.2.5 dev eth0 nh 203.0.113.9")
    time.sleep(0.2)
    equal(len([i for i in nexthops.text() if "via" in i]), 1)
    equal((t.counts()["replace_ok"], routes.has("Deleted")), (0, False))
    assert lab.has("^10.2.0.0/16 1 192.0.2.5 eth0, 192.0.2.8 eth0"), lab.routes()
    equal(nhids(lab), ids)
    # To one hop and back, and both hops from one BGP next hop.
    t.put("10.1.0.0/16 via 192.0.2.8 dev eth0 nh 203.0.113.8", f"10.1.0.0/16 {moved}",
          "2001:db8:1::/48 via fd00:2::8 dev eth0 nh 2001:db8::8", f"2001:db8:1::/48 {six}",
          "10.5.0.0/16 via 192.0.2.5 dev eth0 nh 203.0.113.1 "
          "via 192.0.2.6 dev eth0 nh 203.0.113.1")
    assert lab.has("^10.5.0.0/16 1 192.0.2.5 eth0, 192.0.2.6 eth0"), lab.routes()
    equal(nhids(lab)["10.1.0.0/16"], ids["10.1.0.0/16"])
    assert not routes.has("Deleted"), routes.tail()
    for prefix in nhids(lab):
        t.ask("clear " + prefix)
    t.settle()
    equal((objects(lab), t.counts()["nexthop_refused"]), ({}, 0))
    many = " ".join(f"via 192.0.2.{i} dev eth0 nh 203.0.113.{i}" for i in range(2, 11))
    t.put(f"10.1.0.0/16 {many}")
    equal(len(objects(lab)), 10)
    t.quit()


@test
def objects_are_adopted(lab):
    two = "via 192.0.2.9 dev eth0 nh 203.0.113.9 via 192.0.2.8 dev eth0 nh 203.0.113.8"
    # Two next hops with one way: each finds its own object again.
    routes = ["10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9",
              "10.2.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.7",
              f"10.3.0.0/16 {two}", "2001:db8:1::/48 via fd00:2::9 dev eth0 nh 2001:db8::9",
              "10.4.0.0/16 via 192.0.2.4 dev eth0 nh 203.0.113.4"]
    t = Tool(lab, *ON)
    t.put(*routes)
    ids, there = nhids(lab), objects(lab)
    t.process.kill()
    t.process.wait()
    m = nexthop_monitor(lab, "nexthop route")
    t = Tool(lab, *ON)
    t.wait("^synced adopted 5$")
    assert re.match(r"stale nhid \d+$", t.state("10.3.0.0/16")), t.tail()
    t.put(*reversed(routes[:4]))
    equal((nhids(lab), objects(lab)), (ids, there))
    c = t.counts()
    equal((c["nexthop_ok"], c["add_ok"], c["replace_ok"], c["installed"], c["stale"]),
          (0, 0, 0, 4, 1))
    assert not m.lines, m.tail()
    t.ask("sweep")
    t.settle()
    equal(len(objects(lab)), len(there) - 1)
    equal(nhids(lab), {i: ids[i] for i in ids if i != "10.4.0.0/16"})
    # The object that was adopted moves with its routes.
    t.put("10.2.0.0/16 via 192.0.2.5 dev eth0 nh 203.0.113.7")
    equal(objects(lab)[ids["10.2.0.0/16"]], "192.0.2.5 eth0")
    equal(t.counts()["replace_ok"], 0)
    t.process.kill()
    t.process.wait()
    # One whose next hop moved meanwhile gets another object; nothing else is touched.
    t = Tool(lab, *ON)
    m = nexthop_monitor(lab, "route")
    t.put(*routes[:4])
    equal((t.counts()["replace_ok"], t.counts()["add_ok"]), (1, 0))
    t.ask("sweep")
    t.settle()
    equal(len(objects(lab)), len(there) - 1)
    assert not m.has("Deleted"), m.tail()
    t.quit()


@test
def foreign_changes_of_objects_are_repaired(lab):
    two = "via 192.0.2.9 dev eth0 nh 203.0.113.9 via 192.0.2.8 dev eth0 nh 203.0.113.8"
    t = Tool(lab, *ON)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9",
          "2001:db8:1::/48 via fd00:2::9 dev eth0 nh 2001:db8::9", f"10.2.0.0/16 {two}")
    ids, there = nhids(lab), objects(lab)
    want = lab.routes()
    lab.ip(f"nexthop del id {ids['2001:db8:1::/48']}")
    wait_until("deleted one", lambda: lab.routes() == want and objects(lab) == there, 1)
    # The routes of an IPv4 object go in silence, and its groups lose it.
    lab.ip(f"nexthop del id {ids['10.1.0.0/16']}")
    wait_until("member", lambda: lab.routes() == want and objects(lab) == there, 1)
    lab.ip(f"nexthop del id {ids['10.2.0.0/16']}")
    wait_until("group", lambda: lab.routes() == want and objects(lab) == there, 3)
    t.wait(r"our nexthop \d+ was deleted by another process")
    time.sleep(0.2)
    other = next(i for i in there if there[i] == "192.0.2.8 eth0")
    lab.ip(f"nexthop replace id {other} via 192.0.2.3 dev eth0 protocol bgp")
    wait_until("changed one", lambda: lab.routes() == want and objects(lab) == there, 1)
    t.wait(rf"our nexthop {other} was changed by another process; putting it back")
    # Again and again: ever later.
    took = []
    for _ in range(2):
        lab.ip(f"nexthop replace id {other} via 192.0.2.3 dev eth0 protocol bgp")
        start = time.monotonic()
        wait_until("back", lambda: objects(lab) == there, 5)
        took.append(time.monotonic() - start)
    assert 0.7 < took[0] < 2.2 * slow and 1.7 < took[1] < 3.3 * slow, took
    equal(lab.routes(), want)
    wait_until("state", lambda: t.counts()["installed"] == 3, 2)
    t.quit()


@test
def objects_of_a_link_that_goes(lab):
    two = "via 192.0.2.9 dev eth0 nh 203.0.113.9 via 198.51.100.9 dev eth1 nh 203.0.113.8"
    lab.veth("eth1")
    lab.ip("addr add 198.51.100.1/24 dev eth1")
    t = Tool(lab, *ON)
    routes = ["10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9",
              "10.2.0.0/16 via 198.51.100.9 dev eth1 nh 203.0.113.8",
              "10.3.0.0/16 via fd00:2::9 dev eth0 nh 2001:db8::9", f"10.4.0.0/16 {two}"]
    t.put(*routes)
    want, there = lab.routes(), objects(lab)
    since = t.mark()
    lab.ip("link set eth1 down")
    t.wait("igp_gone 198.51.100.0/24", since)
    wait_until("noticed", lambda: t.counts()["installed"] == 2, 2)
    assert t.state("10.2.0.0/16").startswith("failed missing error ENETDOWN"), t.tail()
    assert lab.has("^10.4.0.0/16 1 192.0.2.9 eth0"), "the other member carries on"
    assert re.match(r"pending differs nhid \d+ \| waits", t.state("10.4.0.0/16")), t.tail()
    lab.ip("link set eth1 up")
    wait_until("repaired", lambda: lab.routes() == want, 3)
    wait_until("state", lambda: t.counts()["installed"] == 4, 3)
    equal(objects(lab), there)
    # The carrier is enough to take objects and routes along, without a word.
    since = t.mark()
    sh("ip", "-n", lab.far, "link", "set", "eth0", "down")
    t.wait("igp_gone 192.0.2.0/24", since)
    wait_until("noticed", lambda: t.counts()["installed"] <= 2, 2)
    sh("ip", "-n", lab.far, "link", "set", "eth0", "up")
    wait_until("repaired", lambda: lab.routes() == want, 3)
    equal(objects(lab), there)
    lab.batch(["link set eth1 down", "link set eth1 up"])
    wait_until("repaired", lambda: lab.routes() == want and objects(lab) == there, 4)
    assert not t.has("another process"), t.tail()
    # Nor is the loss of a member missed when the last word of its group was an event.
    group = nhids(lab)["10.4.0.0/16"]
    since = t.mark()
    lab.ip(f"nexthop replace id {group} group {there[group][0][0]},7 protocol bgp")
    t.wait(rf"our nexthop {group} was changed by another process", since)
    wait_until("repaired", lambda: objects(lab) == there, 4)
    lab.batch(["link set eth1 down", "link set eth1 up"])
    wait_until("repaired", lambda: lab.routes() == want and objects(lab) == there, 4)
    t.quit()


@test
def a_refused_object_fails_its_routes(lab):
    t = Tool(lab, *ON)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9",
          "10.2.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9")
    # The next hop moves to where it cannot be: no route may stay on the old way.
    t.put("10.1.0.0/16 via 198.51.100.1 dev eth0 nh 203.0.113.9",
          "10.2.0.0/16 via 198.51.100.1 dev eth0 nh 203.0.113.9",
          "2001:db8:1::/48 via fd00:7::1 dev eth0 nh 2001:db8::9")
    wait_until("gone", lambda: lab.routes() == [], 1)
    for prefix, error in (("10.1.0.0/16", "ENETUNREACH"), ("10.2.0.0/16", "ENETUNREACH"),
                          ("2001:db8:1::/48", "EHOSTUNREACH")):
        state = t.state(prefix)
        assert re.match(f"failed missing error {error} \\| ", state), state
    before = t.counts()
    time.sleep(2.2)
    after = t.counts()
    assert after["nexthop_refused"] - before["nexthop_refused"] <= 8, (before, after)
    lab.ip("addr add 198.51.100.2/24 dev eth0")
    lab.ip("addr add fd00:7::2/64 dev eth0 nodad")
    wait_until("in", lambda: len(lab.routes()) == 3, 1)
    wait_until("state", lambda: t.counts()["installed"] == 3, 1)
    t.quit()


@test
def another_reason_to_refuse_is_not_doubted_for_ever(lab):
    """A preferred source that is nobody's, while next hops come and go for six seconds."""
    t = Tool(lab, "--quiet", "--prefer-source", "203.0.113.1", *ON)
    for i in range(100):
        t.set(f"10.{i}.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9")
    t.settle()
    began, turns, start = t.counts(), 0, time.monotonic()
    while time.monotonic() - start < 6:
        t.set(f"10.200.0.0/16 via 192.0.2.{10 + turns % 200} dev eth0 nh 203.0.114.{turns % 200}")
        time.sleep(0.02)
        turns += 1
    tries = (t.counts()["add_refused"] - began["add_refused"] - turns) / 100
    print(f"# {turns} next hops, {tries:.1f} tries a route")
    assert 1 < tries < 14, tries
    lab.ip("addr add 203.0.113.1/32 dev lo")
    wait_until("in", lambda: t.counts()["installed"] == 101, 2)
    t.quit()


@test
def foreign_objects_are_left_alone(lab):
    t = Tool(lab, *ON)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9")
    taken = nhids(lab)["10.1.0.0/16"]
    t.quit()
    sh("ip", "netns", "exec", lab.ns, fibtool, "--flush")
    equal(objects(lab), {})
    lab.ip(f"nexthop add id {taken} via 192.0.2.3 dev eth0 protocol static")
    lab.ip(f"nexthop add id {taken + 1} via 192.0.2.3 dev eth0 protocol static")
    foreign = objects(lab, "static")
    t = Tool(lab, *ON)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9")
    own = nhids(lab)["10.1.0.0/16"]
    equal(own, taken + 2)
    # One that is put there in the instant before ours.
    lab.ip(f"nexthop del id {taken}")
    t.ask("clear 10.1.0.0/16")
    t.settle()
    t.ask(f"race ip -n {lab.ns} nexthop add id {taken} via 192.0.2.3 dev eth0 protocol static")
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9")
    wait_until("ours", lambda: nhids(lab).get("10.1.0.0/16") == taken + 2, 1)
    assert lab.has("^10.1.0.0/16 1 192.0.2.9 eth0"), lab.routes()
    # Somebody takes ours over: it is not ours any more.
    lab.ip(f"nexthop replace id {taken + 2} via 192.0.2.4 dev eth0 protocol static")
    wait_until("another id", lambda: nhids(lab).get("10.1.0.0/16") == taken + 3, 2)
    equal(objects(lab, "static")[taken + 2], "192.0.2.4 eth0")
    # Somebody's route and somebody's group refer to ours: it is not deleted.
    t.put("10.2.0.0/16 via 192.0.2.8 dev eth0 nh 203.0.113.8")
    second = nhids(lab)["10.2.0.0/16"]
    lab.ip(f"route add 10.9.0.0/16 nhid {taken + 3} proto static table 77")
    lab.ip(f"nexthop add id 5 group {second} protocol static")
    t.settle()
    time.sleep(0.1)
    t.ask("clear 10.1.0.0/16")
    t.ask("clear 10.2.0.0/16")
    t.settle()
    equal(sorted(objects(lab)), sorted([taken + 3, second]))
    t.quit()
    # Nor by one that finds them at its start, nor by --flush.
    t = Tool(lab, *ON)
    t.ask("sweep")
    t.settle()
    equal(sorted(objects(lab)), sorted([taken + 3, second]))
    t.ask("flush")
    t.quit()
    sh("ip", "netns", "exec", lab.ns, fibtool, "--flush")
    equal(sorted(objects(lab)), sorted([taken + 3, second]))
    equal(objects(lab, "static")[taken + 1], foreign[taken + 1])
    assert "10.9.0.0/16" in lab.ip("route show table 77")
    lab.ip("route del 10.9.0.0/16 table 77")
    lab.ip("nexthop del id 5")
    sh("ip", "netns", "exec", lab.ns, fibtool, "--flush")
    equal(objects(lab), {})


@test
def flush_removes_objects(lab):
    two = "via 192.0.2.9 dev eth0 nh 203.0.113.9 via 192.0.2.8 dev eth0 nh 203.0.113.8"
    t = Tool(lab, *ON)
    for how in ("daemon", "none"):
        t.ask("many 300 11.0.0.0 via 192.0.2.9 dev eth0 nh 203.0.113.9")
        t.put(f"10.1.0.0/16 {two}", "2001:db8:1::/48 via fd00:2::9 dev eth0")
        equal(len(objects(lab)), 4)
        if how == "daemon":
            equal([i for i in t.ask("flush") if i == "done"], ["done"])
        else:
            t.quit()
            equal(sh("ip", "netns", "exec", lab.ns, fibtool, "--flush").strip(), "removed 302")
        equal((objects(lab), lab.routes()), ({}, []))


@test
def flush_with_metric_zero(lab):
    """The kernel's wildcard: a deletion names the object, or it matches nothing."""
    place = (*ON, "--metric", "0")
    routes = ["10.1.0.0/16 via 192.0.2.9 dev eth0", "10.2.0.0/16 via 192.0.2.8 dev eth0",
              "10.3.0.0/16 via 192.0.2.9 dev eth0 via 192.0.2.8 dev eth0", "10.4.0.0/26 blackhole"]
    for how in ("daemon", "none"):
        t = Tool(lab, *place)
        t.put(*routes)
        equal(len(objects(lab)), 3)
        if how == "daemon":
            equal([i for i in t.ask("flush") if i == "done"], ["done"])
        t.quit()
        if how == "none":
            equal(sh("ip", "netns", "exec", lab.ns, fibtool, "--flush", "--metric", "0").strip(),
                  "removed 4")
        equal((objects(lab), lab.routes()), ({}, []))


@test
def reload_changes_the_use_of_objects(lab):
    two = "via 192.0.2.9 dev eth0 nh 203.0.113.9 via 192.0.2.8 dev eth0 nh 203.0.113.8"
    six = "via fd00:2::9 dev eth0 nh 2001:db8::9 via fd00:2::8 dev eth0 nh 2001:db8::8"
    t = Tool(lab, *ON)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9", f"10.2.0.0/16 {two}",
          "2001:db8:1::/48 via fd00:2::9 dev eth0 nh 2001:db8::9", f"2001:db8:2::/48 {six}")
    want, there, ids = lab.routes(), objects(lab), nhids(lab)
    m = nexthop_monitor(lab, "route")
    t.ask("reload --nexthop-objects off")
    t.settle()
    equal((objects(lab), set(nhids(lab).values())), ({}, {None}))
    equal(lab.routes(), want)
    equal(t.counts()["replace_ok"], 4)
    t.ask("reload --nexthop-objects on")
    t.settle()
    equal((objects(lab), nhids(lab), lab.routes()), (there, ids, want))
    t.ask("reload")
    t.settle()
    equal((objects(lab), nhids(lab), t.counts()["replace_ok"]), (there, ids, 8))
    assert not m.has("Deleted"), m.tail()
    # Elsewhere: new objects there, before the old ones leave.
    t.ask("reload --nexthop-objects on --metric 50")
    wait_until("moved", lambda: len(objects(lab)) == len(there) and
               all("metric 50" in i for i in lab.routes()))
    assert not set(objects(lab)) & set(there), "another range"
    t.ask("reload --nexthop-objects on --metric 50 --protocol 200")
    wait_until("moved", lambda: len(objects(lab, "200")) == len(there))
    t.settle()
    equal((objects(lab), len(lab.routes("proto 200")), t.counts()["installed"]), ({}, 4, 4))
    equal(t.counts()["taken"], 0)
    t.quit()


@test
def objects_without_compatible_routes(lab):
    """nexthop_compat_mode 0: routes are shown without their hops, and changed in silence."""
    sh("ip", "netns", "exec", lab.ns, "sysctl", "-qw", "net.ipv4.nexthop_compat_mode=0")
    two = "via 192.0.2.9 dev eth0 nh 203.0.113.9 via 192.0.2.8 dev eth0 nh 203.0.113.8"
    routes = ["10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9", f"10.2.0.0/16 {two}",
              "2001:db8:1::/48 via fd00:2::9 dev eth0 nh 2001:db8::9"]
    t = Tool(lab, *ON)
    t.put(*routes)
    ids, there = nhids(lab), objects(lab)
    assert None not in ids.values(), ids
    equal(t.counts()["installed"], 3)
    t.process.kill()
    t.process.wait()
    m = nexthop_monitor(lab, "nexthop route")
    t = Tool(lab, *ON)
    t.put(*routes)
    t.ask("sweep")
    t.settle()
    equal((nhids(lab), objects(lab), t.counts()["installed"]), (ids, there, 3))
    assert not m.lines, m.tail()
    t.put("10.1.0.0/16 via 192.0.2.5 dev eth0 nh 203.0.113.9")
    equal(objects(lab)[ids["10.1.0.0/16"]], "192.0.2.5 eth0")
    t.put(routes[0])
    time.sleep(1.2)
    for prefix in ("10.1.0.0/16", "2001:db8:1::/48", "10.2.0.0/16"):
        lab.ip(f"nexthop del id {ids[prefix]}")
        wait_until("repaired", lambda: (nhids(lab), objects(lab)) == (ids, there), 3)
    lab.batch(["link set eth0 down", "link set eth0 up", "addr add fd00:2::1/64 dev eth0 nodad"])
    wait_until("repaired", lambda: (nhids(lab), objects(lab)) == (ids, there), 5)
    t.quit()


@test
def beside_a_foreign_route(lab):
    """Who stands at our place is not touched when the object of ours moves."""
    t = Tool(lab, *ON)
    routes = [f"10.{i}.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9" for i in (1, 2)]
    t.put(*routes)
    lab.ip("route append 10.1.0.0/16 via 192.0.2.3 proto static metric 32")
    t.wait("conflict: a route of protocol static has 10.1.0.0/16")
    t.put(routes[1].replace("192.0.2.9", "192.0.2.8"))
    time.sleep(0.2)
    equal(lab.routes("proto static"), ["10.1.0.0/16 1 192.0.2.3 eth0 metric 32"])
    equal(t.counts()["restored"], 0)
    t.quit()


@test
def objects_in_a_storm(lab):
    storm(lab, int(os.environ.get("SEED", "11")))


@test
def objects_in_another_storm(lab):
    """One in which groups are refused many times, while members of theirs are gone."""
    storm(lab, 219)


def storm(lab, seed):
    """Random routes and moves of next hops, links that flap, others who delete and change."""
    import random
    rng = random.Random(seed)
    lab.veth("eth1")
    lab.ip("addr add 198.51.100.1/24 dev eth1")
    t = Tool(lab, "--quiet", *ON)
    ways = {i: f"192.0.2.{i + 10} dev eth0" for i in range(8)}
    want = {}

    def hop(i):
        return f"via {ways[i]} nh 203.0.113.{i + 1}"

    for turn in range(12):
        for _ in range(rng.randrange(4)):  # next hops move, and all who have them say so
            host = rng.randrange(10, 60)
            ways[rng.randrange(8)] = rng.choice(
                (f"192.0.2.{host} dev eth0", f"198.51.100.{host} dev eth1"))
        for _ in range(40):
            prefix = f"10.{rng.randrange(60)}.0.0/16"
            want[prefix] = rng.choice(([rng.randrange(8)], rng.sample(range(8), rng.randrange(2, 5)),
                                       None))
        for prefix, hops in want.items():
            if hops is None:
                t.ask("clear " + prefix)
            elif len({ways[i] for i in hops}) == len(hops):
                t.set(f"{prefix} {' '.join(hop(i) for i in hops)}")
            else:
                want[prefix] = hops[:1]
                t.set(f"{prefix} {hop(hops[0])}")
        there = list(objects(lab))
        lines = [rng.choice((f"nexthop del id {i}",
                             f"nexthop replace id {i} via 192.0.2.99 dev eth0 protocol bgp"))
                 for i in rng.sample(there, min(len(there), rng.randrange(3)))]
        if rng.randrange(3) == 0:
            lines += ["link set eth1 down", "link set eth1 up"]
        lab.batch(lines, check=False)
        if rng.randrange(4) == 0:
            t.ask("sweep")
    lab.carrier("eth1")
    goal = sorted("{} 1 {} metric 32".format(prefix, ", ".join(sorted(
        ways[i].replace("dev ", "") for i in hops))) for prefix, hops in want.items() if hops)
    try:  # fights are given up for at most so long
        wait_until("as wanted", lambda: lab.routes() == goal, 40)
    except AssertionError:
        missing = sorted(set(goal) - set(lab.routes()))
        states = [t.state(i.split()[0]) for i in missing]
        raise AssertionError(f"missing {missing}, wrong {sorted(set(lab.routes()) - set(goal))}\n"
                             f"{states}\n{objects(lab)}\n{t.tail()}") from None
    wait_until("installed", lambda: t.counts()["installed"] == len(goal), 70)
    t.ask("sweep")
    t.settle()
    used = {i for i in nhids(lab).values() if i}
    groups = {i: g for i, g in objects(lab).items() if isinstance(g, tuple)}
    used |= {m for i in used & set(groups) for m, _ in groups[i]}
    # A route that was written with its own hops may stay so, beside the object that it wants.
    beside = {", ".join(sorted(ways[i].replace("dev ", "") for i in want[prefix]))
              for prefix, nhid in nhids(lab).items() if nhid is None}
    there = objects(lab)
    wanted = {i for i, g in groups.items()
              if ", ".join(sorted(there[m] for m, _ in g)) in beside}
    used |= wanted | {m for i in wanted for m, _ in groups[i]}
    equal([i for i in there if i not in used and there[i] not in beside], [])
    for prefix in want:
        t.ask("clear " + prefix)
    t.settle()
    wait_until("empty", lambda: (objects(lab), lab.routes()) == ({}, []), 10)
    t.quit()


@test
def ten_thousand_over_five_thousand(lab):
    lab.ip("addr add 10.100.0.1/16 dev eth0")
    lab.ip("addr add fd00:100::1/64 dev eth0 nodad")
    for mode in ("off", "on", "auto"):
        t = Tool(lab, "--quiet", "--nexthop-objects", mode)
        for first, gateway in (("11.0.0.0", "10.100.1.0"), ("2001:db8::", "fd00:100::100")):
            start = time.monotonic()
            t.ask(f"spread 10000 {first} 5000 {gateway} dev eth0", 60)
            t.settle(120)
            took = time.monotonic() - start
            c = t.counts()
            equal((c["installed"], c["lost"], c["unknown"], c["taken"]), (10000, 0, 0, 0))
            start = time.monotonic()
            t.ask("flush", 120)
            removed = time.monotonic() - start
            print(f"# 10000 routes {first}, 5000 next hops, {mode}: in {took * 1000:.0f} ms, "
                  f"out {removed * 1000:.0f} ms; {c['nexthops']} objects")
            equal(objects(lab), {})
        for hop in ("9", "8"):
            start = time.monotonic()
            t.ask(f"many 10000 11.0.0.0 via 192.0.2.{hop} dev eth0 nh 203.0.113.9", 60)
            t.settle(60)
            took = time.monotonic() - start
        print(f"# the next hop of 10000 routes moves, {mode}: {took * 1000:.0f} ms")
        t.ask("flush", 120)
        t.quit()


# ---------------------------------------------------------------- IPv4 by way of IPv6


def hops_of(lab, prefix):
    """The hops of an IPv4 route as the kernel tells them: family, gateway, device, weight."""
    routes = json.loads(lab.ip(f"-j route show {prefix} proto bgp"))
    equal(len(routes), 1)
    return sorted((hop["via"]["family"] if "via" in hop else "inet",
                   hop["via"]["host"] if "via" in hop else hop.get("gateway"),
                   hop["dev"], hop.get("weight", 1))
                  for hop in routes[0].get("nexthops", routes))


def writes(t):
    c = t.counts()
    return {i: c[i] for i in c if re.match("(add|replace|delete|nexthop)_", i)}


def look_again(lab, t):
    """The daemon reads all routes anew, from a dump and from events of its own changes."""
    before = t.counts()["dumps"]
    lab.veth("again")
    lab.ip("link set again down")
    lab.ip("link del again")
    wait_until("another dump", lambda: t.counts()["dumps"] > before, 5)
    time.sleep(0.3)
    t.settle()


def over_ipv6(lab, options):
    lab.veth("eth1")
    lab.ip("addr add 198.51.100.1/24 dev eth1")
    lab.ip("addr add fd00:3::1/64 dev eth1 nodad")
    routes = {
        "10.1.0.0/24": ("via fe80::1 dev eth0 nh 2001:db8::1",
                        [("inet6", "fe80::1", "eth0", 1)]),
        "10.2.0.0/24": ("via fd00:2::9 dev eth0 nh 2001:db8::2",
                        [("inet6", "fd00:2::9", "eth0", 1)]),
        # The same link-local gateway on another link, the same next hop address.
        "10.3.0.0/24": ("via fe80::1 dev eth1 nh fe80::1",
                        [("inet6", "fe80::1", "eth1", 1)]),
        "10.4.0.0/24": ("via fe80::1 dev eth0 nh fe80::1",
                        [("inet6", "fe80::1", "eth0", 1)]),
        "10.5.0.0/24": ("via 192.0.2.9 dev eth0 nh 203.0.113.9 "
                        "via fd00:3::9 dev eth1 nh 2001:db8::3",
                        [("inet", "192.0.2.9", "eth0", 1), ("inet6", "fd00:3::9", "eth1", 1)]),
        "10.6.0.0/24": ("via fe80::2 dev eth1 nh 2001:db8::4 weight 3 "
                        "via fe80::1 dev eth0 nh 2001:db8::1",
                        [("inet6", "fe80::1", "eth0", 1), ("inet6", "fe80::2", "eth1", 3)]),
        "10.7.0.0/24": ("via 2001:db8:9::1 dev eth0 onlink nh 2001:db8::5",
                        [("inet6", "2001:db8:9::1", "eth0", 1)]),
        "10.8.0.1/32": ("via fd00:2::9 dev eth0 nh 2001:db8::2",
                        [("inet6", "fd00:2::9", "eth0", 1)]),
        "2001:db8:8::/64": ("via fd00:2::9 dev eth0 nh 2001:db8::2", None),
    }
    lines = [f"{prefix} {hops}" for prefix, (hops, _) in routes.items()]
    t = Tool(lab, *options)
    t.put(*lines)
    for prefix, (_, hops) in routes.items():
        equal(t.state(prefix).split()[0], "installed")
        if hops is not None:
            equal(hops_of(lab, prefix), hops)
    assert "onlink" in lab.ip("route show 10.7.0.0/24") or options == ON, lab.ip("route")
    return t, routes, lines


def is_untouched(lab, t, n_routes):
    """What is installed is what is wanted: nothing is written, however often it is read."""
    before, there = writes(t), lab.ip("route show proto bgp")
    look_again(lab, t)
    equal(writes(t), before)
    equal(lab.ip("route show proto bgp"), there)
    c = t.counts()
    equal((c["installed"], c["lost"], c["unknown"], c["taken"], c["add_refused"]),
          (n_routes, 0, 0, 0, 0))


def ipv4_over_ipv6(lab, options):
    t, routes, lines = over_ipv6(lab, options)
    equal({i: n for i, n in writes(t).items() if not i.startswith("nexthop")},
          {"add_ok": len(routes), "add_refused": 0, "replace_ok": 0, "replace_refused": 0,
           "delete_ok": 0, "delete_refused": 0})
    before = writes(t)
    t.put(*lines)
    equal(writes(t), before)
    is_untouched(lab, t, len(routes))
    # Changed from one family to the other and back, one hop and several: never a gap.
    m = lab.monitor()
    for hops, want in (
            ("via 192.0.2.9 dev eth0 nh 203.0.113.9", [("inet", "192.0.2.9", "eth0", 1)]),
            (routes["10.5.0.0/24"][0], routes["10.5.0.0/24"][1]),
            ("via fd00:2::8 dev eth0 nh 2001:db8::8", [("inet6", "fd00:2::8", "eth0", 1)]),
            (routes["10.6.0.0/24"][0], routes["10.6.0.0/24"][1]),
            (routes["10.1.0.0/24"][0], routes["10.1.0.0/24"][1])):
        t.put("10.1.0.0/24 " + hops)
        equal(hops_of(lab, "10.1.0.0/24"), want)
        equal(t.state("10.1.0.0/24").split()[0], "installed")
    time.sleep(0.1)
    assert not m.has("Deleted 10"), m.tail()
    is_untouched(lab, t, len(routes))
    # The next hop moves, to a gateway of the other family as well.
    for hop, want in (("fd00:2::7", ("inet6", "fd00:2::7", "eth0", 1)),
                      ("192.0.2.7", ("inet", "192.0.2.7", "eth0", 1)),
                      ("fe80::7", ("inet6", "fe80::7", "eth0", 1))):
        t.put(f"10.2.0.0/24 via {hop} dev eth0 nh 2001:db8::2",
              f"10.8.0.1/32 via {hop} dev eth0 nh 2001:db8::2")
        wait_until("moved", lambda: hops_of(lab, "10.2.0.0/24") == [want] and
                   hops_of(lab, "10.8.0.1/32") == [want], 2)
    time.sleep(1.2)  # who did not follow an object has its own by now
    t.settle()
    assert not m.has("Deleted (10|2001)"), m.tail()
    assert lab.has("^2001:db8:8::/64 1 fd00:2::9 eth0"), lab.routes()
    is_untouched(lab, t, len(routes))
    # Out again, each by itself.
    for prefix in routes:
        t.ask("clear " + prefix)
    t.settle()
    equal((lab.routes(), objects(lab)), ([], {}))
    equal((t.counts()["delete_ok"], t.counts()["delete_refused"]), (len(routes), 0))
    t.quit()


def ipv4_over_ipv6_is_adopted(lab, options):
    t, routes, lines = over_ipv6(lab, options)
    there, ids, made = lab.ip("route show proto bgp"), nhids(lab), objects(lab)
    for how in ("killed", "ended"):
        if how == "killed":
            t.process.kill()
            t.process.wait()
        else:
            t.quit()
        m = nexthop_monitor(lab, "nexthop route")
        t = Tool(lab, *options)
        t.wait(f"^synced adopted {len(routes)}$")
        equal(t.counts()["stale"], len(routes))
        t.put(*reversed(lines))
        equal(set(writes(t).values()), {0})
        t.ask("sweep")
        is_untouched(lab, t, len(routes))
        equal((lab.ip("route show proto bgp"), nhids(lab), objects(lab)), (there, ids, made))
        assert not [i for i in m.text() if "again" not in i and "bgp" in i], m.tail()
        m.stop()
    # Adopted and not asked for: it goes, whatever its gateway is.
    t.quit()
    t = Tool(lab, *options)
    t.put(lines[0])
    t.ask("sweep")
    t.settle()
    equal((len(lab.routes()), hops_of(lab, "10.1.0.0/24")), (1, routes["10.1.0.0/24"][1]))
    t.quit()
    equal(sh("ip", "netns", "exec", lab.ns, fibtool, "--flush").strip(), "removed 1")
    equal((lab.routes(), objects(lab)), ([], {}))


def ipv4_over_ipv6_is_repaired(lab, options):
    t, routes, _ = over_ipv6(lab, options)
    want = lab.routes()
    for prefix in ("10.1.0.0/24", "10.5.0.0/24"):
        lab.ip("route del " + prefix)
    wait_until("put back", lambda: lab.routes() == want, 2)
    t.wait("10.1.0.0/24 was deleted by another process")
    # A link takes them along: both families come back with it.
    since = t.mark()
    lab.batch(["link set eth0 down", "link set eth1 down"])
    equal(lab.routes(), [])
    wait_until("noticed", lambda: t.counts()["installed"] == 0, 2)
    lab.batch(["link set eth0 up", "link set eth1 up", "addr add fd00:2::1/64 dev eth0 nodad",
               "addr add fd00:3::1/64 dev eth1 nodad"])
    wait_until("repaired", lambda: lab.routes() == want, 4)
    wait_until("state", lambda: t.counts()["installed"] == len(routes), 3)
    assert not t.has("another process", since), t.tail()
    # A gateway that is reachable no more is refused, and goes in when it is reachable.
    t.put("10.1.0.0/24 via fd00:7::1 dev eth0 nh 2001:db8::1")
    wait_until("gone", lambda: not lab.has("10.1.0.0/24"), 2)
    state = t.state("10.1.0.0/24")
    assert re.match("failed missing error EHOSTUNREACH", state), state
    lab.ip("addr add fd00:7::2/64 dev eth0 nodad")
    wait_until("in", lambda: lab.has("10.1.0.0/24 1 fd00:7::1 eth0"), 2)
    t.quit()


@test
def next_hops_by_way_of_ipv6(lab):
    """What others' IPv4 routes over IPv6 gateways say, and what looks like ours and is not."""
    lab.veth("eth1")
    t = Tool(lab)
    lab.ip("route add 10.50.0.0/16 via inet6 fe80::7 dev eth0")
    t.wait("^igp 10.50.0.0/16 via fe80::7 dev eth0 metric 0$")
    lab.ip("route replace 10.50.0.0/16 via inet6 fd00:2::7 dev eth0")
    t.wait("^igp 10.50.0.0/16 via fd00:2::7 dev eth0 metric 0$")
    since = t.mark()
    lab.ip("route replace 10.50.0.0/16 nexthop via inet6 fe80::7 dev eth1 "
           "nexthop via 192.0.2.7 dev eth0")
    t.wait("^igp 10.50.0.0/16 via 192.0.2.7 dev eth0 metric 0$", since)
    lab.ip("route del 10.50.0.0/16")
    t.wait("^igp_gone 10.50.0.0/16", since)
    # Ours is put back where somebody gave it the IPv6 gateway of the same interface id.
    t.put("10.1.0.0/24 via 192.0.2.9 dev eth0", "10.2.0.0/24 via fe80::1 dev eth0")
    lab.ip("route replace 10.1.0.0/24 via inet6 ::c000:209 dev eth0 onlink proto bgp metric 32")
    lab.ip("route replace 10.2.0.0/24 via inet6 fe80::1 dev eth1 proto bgp metric 32")
    wait_until("put back", lambda: hops_of(lab, "10.1.0.0/24") == [("inet", "192.0.2.9", "eth0", 1)]
               and hops_of(lab, "10.2.0.0/24") == [("inet6", "fe80::1", "eth0", 1)], 3)
    t.quit()


@test
def ipv4_over_ipv6_elsewhere(lab):
    """Another table and metric 0, where a deletion has to name the gateway."""
    lab.ip("addr add 203.0.113.1/32 dev lo")
    lab.ip("route add 2001:db8:9::/64 via fd00:2::3 table 1000")  # or there is no such table
    mine = ["10.1.0.0/24 via fe80::1 dev eth0", "10.2.0.0/24 via fd00:2::9 dev eth0",
            "10.3.0.0/24 via fe80::1 dev eth0 via 192.0.2.9 dev eth0"]
    for options in WAYS.values():
        place = (*options, "--table", "1000", "--metric", "0", "--prefer-source", "203.0.113.1")
        t = Tool(lab, *place)
        t.put(*mine)
        text = lab.ip("route show table 1000")
        equal((text.count("via inet6 "), text.count("src 203.0.113.1")), (3, 3))
        others = ["10.1.0.0/24 via inet6 fe80::2 dev eth0 proto bgp metric 5 table 1000",
                  "10.2.0.0/24 via 192.0.2.9 dev eth0 proto bgp metric 5 table 1000"]
        for route in others:
            lab.ip("route add " + route)
        t.quit()
        t = Tool(lab, *place)
        t.put(*mine)
        equal(set(writes(t).values()), {0})
        for route in mine[:2]:
            t.ask("clear " + route.split()[0])
        t.settle()
        equal(len(lab.routes(table="1000")), 3)
        t.put(*mine)
        equal([i for i in t.ask("flush") if i == "done"], ["done"])
        equal(lab.routes(table="1000"), ["10.1.0.0/24 1 fe80::2 eth0 metric 5",
                                         "10.2.0.0/24 1 192.0.2.9 eth0 metric 5"])
        equal(objects(lab), {})
        t.quit()
        lab.ip("-4 route flush table 1000")


for each in (ipv4_over_ipv6, ipv4_over_ipv6_is_adopted, ipv4_over_ipv6_is_repaired):
    over_both_ways(each)


# ---------------------------------------------------------------- trouble


def facts_of_new_one(lab, *options):
    t = Tool(lab, "--quiet", *options)
    facts = t.facts()
    t.quit()
    return facts


@test
def lost_events_are_made_up_for(lab):
    """50,000 changes by others in one burst, and a small receive buffer: two seconds later the
    view is that of one who begins afresh."""
    lab.veth("cali1")
    options = ("--quiet", "--import", CALI)
    t = Tool(lab, *options)
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0")
    lab.ip("route add 10.77.0.0/16 via 192.0.2.7")
    lab.ip("addr add 203.0.113.7/32 dev eth0")
    t.ask("buffer 1")
    for turn in range(3):
        since = t.mark()
        t.process.stdin.write("sleep 0.5\n")
        t.process.stdin.flush()
        time.sleep(0.1)
        n = 50000 if turn < 2 else 10
        lab.batch([f"route {'del' if turn == 1 else 'add'} 10.233.{i >> 8}.{i & 255} dev cali1"
                   for i in range(n)])
        lab.ip("route del 10.1.0.0/16")
        lab.ip(f"route prepend 10.77.0.0/16 via 192.0.2.{turn + 20}")
        lab.ip("addr del 203.0.113.7/32 dev eth0", check=False)
        lab.veth(f"cali{turn + 5}")
        lab.ip(f"addr add 198.18.{turn}.1/24 dev cali{turn + 5}")
        time.sleep(2 * slow)
        mine, fresh = set(t.facts()), set(facts_of_new_one(lab, *options[1:]))
        assert mine == fresh, (f"turn {turn}: here {len(mine - fresh)} {sorted(mine - fresh)[:5]}, "
                               f"afresh {len(fresh - mine)} {sorted(fresh - mine)[:5]}")
        assert lab.has("10.1.0.0/16"), "ours is not back"
    equal(t.ask("local 203.0.113.7")[-1], "no")
    equal(t.ask("local 198.18.0.1")[-1], "yes")
    assert t.counts()["losses"] >= 2, t.counts()
    assert t.has("events were lost"), t.tail()
    t.quit()


@test
def without_the_capability(lab):
    caps = "-net_admin,-sys_admin"
    prefix = ["setpriv", "--bounding-set", caps, "--inh-caps", caps, "--reuid", "65534",
              "--clear-groups"]
    readable = f"/tmp/{lab.ns}-fibtool"
    shutil.copy(fibtool, readable)
    os.chmod(readable, 0o755)
    global_tool = globals()
    saved, global_tool["fibtool"] = fibtool, readable
    try:
        t = Tool(lab, "--import", CALI, prefix=prefix)
        t.ask("many 2000 10.1.0.0 via 192.0.2.9 dev eth0")
        t.wait("routes cannot be written: Operation not permitted, no CAP_NET_ADMIN")
        time.sleep(2.5)
        equal(len([i for i in t.text() if i.startswith("log")]), 1)
        state = t.state("10.1.0.7/32")
        assert state.startswith("failed missing error EPERM"), state
        c = t.counts()
        equal((c["failed"], c["pending"], c["installed"]), (2000, 0, 0))
        assert c["add_refused"] < 70, c
        # Events go on.
        lab.veth("cali1")
        lab.ip("route add 10.233.1.3 dev cali1")
        t.wait("workload 0 10.233.1.3/32 present")
        t.quit()
    finally:
        global_tool["fibtool"] = saved
        os.unlink(readable)


class MemoryLimit:
    """A memory cgroup in which the kernel's own allocations fail where there is no room.

    Entries of the IPv4 FIB are charged to the cgroup of who makes them.  Without the OOM
    killer such a charge fails with ENOMEM; but a page that the process itself needs then
    waits for room.  So what goes in keeps its memory and has used all that it will need.
    """

    top = pathlib.Path("/sys/fs/cgroup/memory")
    keeps_memory = ("env", "MALLOC_TRIM_THRESHOLD_=1000000000",
                    "MALLOC_MMAP_THRESHOLD_=1000000000")

    def __init__(self, name):
        if not (self.top / "memory.oom_control").exists():
            raise Skip("no memory controller of cgroup v1 at " + str(self.top))
        if "nokmem" in pathlib.Path("/proc/cmdline").read_text():
            raise Skip("the kernel does not account for its memory (cgroup.memory=nokmem)")
        if b"__asan_init" in pathlib.Path(fibtool).read_bytes():
            raise Skip("a program with a sanitizer takes ever more memory")
        self.folder = self.top / name
        try:
            self.folder.mkdir()
        except OSError as error:
            raise Skip(f"{self.folder}: {error.strerror}") from None
        self.write("memory.oom_control", 1)

    def write(self, file, value):
        (self.folder / file).write_text(str(value))

    def limit(self, octets):
        self.write("memory.limit_in_bytes", octets)

    def is_waited_for(self):
        return "under_oom 1" in (self.folder / "memory.oom_control").read_text()

    def pids(self):
        return [int(pid) for pid in (self.folder / "cgroup.procs").read_text().split()]

    def stop(self):
        self.limit(-1)  # who waits for a page cannot end
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)
        wait_until("the cgroup is empty", lambda: not self.pids())
        self.folder.rmdir()


NO_ROOM = {"ENOMEM": "Cannot allocate memory", "ENOBUFS": "No buffer space available"}


def no_room_in_the_kernel(lab, options):
    """The kernel has no memory for a route: it says so, and the route comes when it has.

    Which of its two errors it gives is decided by what was left in which of its slabs, and
    sometimes there is enough for all but one: the next time it is another.
    """
    for _ in range(6):
        try:
            if "ENOMEM" in fill_up(lab, options):
                return
        except AssertionError:  # or the tool itself needed a page
            if not any(isinstance(i, MemoryLimit) and i.is_waited_for() for i in lab.started):
                raise
        lab.end()
        lab.__init__()
    raise AssertionError("it never said ENOMEM")


def fill_up(lab, options):
    """What the kernel said."""
    n, room, page = 4000, 256 * 1024, 4096
    limit = MemoryLimit(lab.ns)
    lab.started.append(limit)
    cpu = str(min(os.sched_getaffinity(0)))  # what is left of a page is a processor's
    t = Tool(lab, *options, prefix=("taskset", "-c", cpu, *limit.keeps_memory))
    good = f"many {n} 11.0.0.0 via 192.0.2.9 dev eth0 nh 203.0.113.9"
    # Once all refused and once all in, and the records of both are paid for.
    t.ask(f"many {n} 11.0.0.0 via 198.51.100.1 dev eth0 nh 203.0.113.9")
    wait_until("refused", lambda: t.counts()["failed"] == n, 10)
    t.ask(good)
    wait_until("installed", lambda: t.counts()["installed"] == n, 10)
    t.ask(f"unmany {n} 11.0.0.0")
    t.put("10.1.0.0/16 via 192.0.2.9 dev eth0 nh 203.0.113.9")
    time.sleep(10.5)  # the log's next window
    limit.limit(room)
    limit.write("cgroup.procs", t.process.pid)
    since = t.mark()
    t.ask(good)
    first = time.monotonic()
    wait_until("tried", lambda: t.counts()["pending"] == 0, 10)
    c = t.counts()
    if c["installed"] == n + 1:
        raise Skip("the kernel does not charge routes to the cgroup")
    equal((c["installed"] + c["failed"], c["lost"], c["unknown"]), (n + 1, 0, 0))
    assert room / 200 < c["installed"] < room / 80, c
    equal(len(lab.routes()), c["installed"])
    # Which of the two it says depends on how much of the last page is left.
    t.set("10.1.0.0/16 via 192.0.2.8 dev eth0 nh 203.0.113.8")
    said = {}
    for i in range(16):
        t.ask(f"many 48 12.0.{i}.0 via 192.0.2.9 dev eth0 nh 203.0.113.9")
        t.ask("settle 0.2")
        for host in range(48):
            state = t.state(f"12.0.{i}.{host}/32")
            if state.startswith("failed"):
                found = re.match(r"failed missing error (\S+) \| ([^,]*), again in \d s$", state)
                assert found, state
                said[found.group(1)] = found.group(2)
        t.ask(f"unmany 48 12.0.{i}.0")
        if len(said) == 2:
            break
        limit.limit(room + page * (i + 1))
    equal({error: said[error] for error in said}, {i: NO_ROOM[i] for i in said})
    assert said
    # What is there stays until it can be replaced.
    assert lab.has("^10.1.0.0/16 1 192.0.2.9 eth0"), lab.routes("10.1.0.0/16")
    wait_until("refused, too", lambda: re.match(
        r"failed differs( nhid \d+)? error ENO", t.state("10.1.0.0/16")), 10)
    told = [i for i in t.text(since) if i.startswith("log ")]
    assert 1 <= len(told) <= 10, t.tail()
    for line in told:
        assert re.search(r"kernel: cannot (add|replace) .*: (%s)" % "|".join(NO_ROOM.values()),
                         line), line
    # Room again: all are in after the delay that the last failure had.
    tried = time.monotonic() - first
    limit.limit(-1)
    start = time.monotonic()
    wait_until("all are in", lambda: t.counts()["installed"] == n + 1, 2 * tried + 2)
    print(f"# {n} routes, no room for {c['failed']} of them for {tried:.1f} s; "
          f"all in {time.monotonic() - start:.1f} s after there was; it said {sorted(said)}")
    equal(len(lab.routes()), n + 1)
    assert lab.has("^10.1.0.0/16 1 192.0.2.8 eth0"), lab.routes("10.1.0.0/16")
    equal(t.counts()["failed"], 0)
    t.quit()
    return said


over_both_ways(no_room_in_the_kernel)


@test
def random_changes_end_equal(lab):
    """A storm of others' changes; at rest the view is that of one who begins afresh."""
    import random
    rng = random.Random(int(os.environ.get("SEED", "7")))
    options = ("--quiet", "--import", CALI)
    for name in ("cali1", "cali2", "eth1"):
        lab.veth(name)
    lab.ip("addr add 198.51.100.1/24 dev eth1")
    lab.ip("addr add fd00:3::1/64 dev eth1 nodad")
    t = Tool(lab, *options)
    for i in range(40):
        t.set(f"10.233.0.{i}/32 via 192.0.2.9 dev eth0")
    for turn in range(6):
        lines = []
        for _ in range(300):
            host = f"10.233.0.{rng.randrange(60)}"
            host6 = f"fd00:233::{rng.randrange(20)}"
            lines.append(rng.choice([
                f"route add {host} dev cali{rng.randrange(1, 3)} metric {rng.choice((0, 5, 32))}",
                f"route replace {host} dev cali{rng.randrange(1, 3)} metric {rng.choice((0, 5))}",
                f"route append {host} via 198.51.100.{rng.randrange(2, 9)} metric 5",
                f"route prepend {host} via 198.51.100.{rng.randrange(2, 9)} metric 5",
                f"route del {host}", f"route del {host} metric 5",
                f"route del {host} dev cali1 metric 32",
                f"route append {host6} via fd00:3::{rng.randrange(2, 6)}",
                f"route replace {host6} via fd00:3::{rng.randrange(2, 6)}",
                f"route add {host6} dev cali1 metric 7",
                f"route del {host6} via fd00:3::{rng.randrange(2, 6)}",
                f"route del {host6}",
                f"link set cali{rng.randrange(1, 3)} {rng.choice(('up', 'down'))}"
                if rng.randrange(8) == 0 else f"route del {host} metric 0",
            ]))
        lines += ["link set cali1 up", "link set cali2 up"]
        lab.batch(lines, check=False)
        lab.carrier("cali1")
        lab.carrier("cali2")
        fresh = facts_of_new_one(lab, *options[1:])
        try:
            wait_until("equal views", lambda: t.facts() == fresh, 3)
        except AssertionError:
            mine = t.facts()
            raise AssertionError(f"turn {turn}: only here {sorted(set(mine) - set(fresh))}, "
                                 f"only afresh {sorted(set(fresh) - set(mine))}") from None
    # Where ours is in, it is right; where it is not, another is in its place or held back.
    t.settle()
    ours = lab.routes()
    for i in range(40):
        state = t.state(f"10.233.0.{i}/32").split()[0]
        there = f"10.233.0.{i} 1 192.0.2.9 eth0 metric 32" in ours
        assert there == (state == "installed") or state == "conflict", (i, state, there)
    t.quit()


@test
def changes_during_a_dump(lab):
    """Rows of a dump are older than the events that came meanwhile."""
    n = 20000
    lab.veth("cali1")
    lab.veth("eth1")
    options = ("--quiet", "--import", "interface=cali*")
    foreign = [f"11.{i >> 8}.{i & 255}.0/24" for i in range(n)]
    lab.batch([f"route add {i} dev cali1" for i in foreign])
    t = Tool(lab, *options)
    t.put(*[f"11.{i}.0.0/16 via 192.0.2.9 dev eth0" for i in range(70)])
    files = {}
    for name, lines in {
            "del": [f"route del {i} dev cali1" for i in foreign],
            "add": [f"route add {i} dev cali1" for i in foreign],
            "replace": [f"route replace {i} via 192.0.2.3" for i in foreign[::2]],
            "ours": [f"route del 11.{i}.0.0/16" for i in range(70)], "nothing": []}.items():
        files[name] = f"/tmp/{lab.ns}-{name}"
        pathlib.Path(files[name]).write_text("\n".join(lines) + "\n")
    try:
        for name in files:
            lab.ip("link set eth1 up")
            time.sleep(0.7)  # dumps keep their distance
            lab.ip("link set eth1 down")
            command = f"during ip -n {lab.ns} -batch {files[name]}"
            if name == "nothing":  # our own changes, and new routes behind the dump's back
                command += "".join(f"\nset 11.{i}.0.0/16 via 192.0.2.8 dev eth0"
                                   for i in range(70))
                command += "\nmany 100 11.0.0.0 via 192.0.2.9 dev eth0\nsettle 5"
            t.ask(command)
            time.sleep(0.15)
            mine, fresh = set(t.facts()), set(facts_of_new_one(lab, *options[1:]))
            assert mine == fresh, (f"{name}: here {sorted(mine - fresh)[:5]}, "
                                   f"afresh {sorted(fresh - mine)[:5]}")
            ours = 70 if name != "nothing" else 170
            equal(len(lab.routes()), ours)
            equal(t.counts()["installed"], ours)
    finally:
        for path in files.values():
            os.unlink(path)
    c = t.counts()
    equal((c["lost"], c["losses"], c["taken"], c["replace_ok"]), (0, 0, 70, 70))
    t.quit()


# ---------------------------------------------------------------- size


@test
def a_thousand_and_a_hundred_thousand(lab):
    t = Tool(lab, "--quiet")
    for n in (1000, 100000):
        start = time.monotonic()
        t.ask(f"many {n} 11.0.0.0 via 192.0.2.9 dev eth0", 60)
        t.settle(60)
        took = time.monotonic() - start
        equal(t.counts()["installed"], n)
        start = time.monotonic()
        t.ask(f"many {n} 11.0.0.0 via 192.0.2.8 dev eth0", 60)
        t.settle(60)
        changed = time.monotonic() - start
        start = time.monotonic()
        t.ask(f"unmany {n} 11.0.0.0", 60)
        t.settle(60)
        removed = time.monotonic() - start
        rss = re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{t.process.pid}/status").read())
        c = t.counts()
        equal(c["installed"], 0)
        equal((c["lost"], c["losses"], c["unknown"], c["taken"]), (0, 0, 0, 0))
        print(f"# {n} routes: in {took * 1000:.0f} ms, changed {changed * 1000:.0f} ms, "
              f"out {removed * 1000:.0f} ms; batch {c['batch']}, {rss.group(1)} kB")
    t.quit()


def run(function):
    lab = Lab()
    try:
        function(lab)
        print(f"ok {function.__name__}", flush=True)
        return True
    except Skip as why:
        print(f"ok {function.__name__} # SKIP {why}", flush=True)
        return True
    except Exception as error:
        print(f"not ok {function.__name__}", flush=True)
        where = "" if isinstance(error, AssertionError) else traceback.format_exc()
        line = traceback.extract_tb(error.__traceback__)[1].lineno
        for text in f"line {line}: {error}\n{where}".splitlines():
            print(f"#   {text}", flush=True)
        return False
    finally:
        lab.end()


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root for network namespaces")
        return 0
    if not os.access(fibtool, os.X_OK):
        print(f"1..0 # SKIP {fibtool} was not built")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    wanted = [i for i in tests
              if len(sys.argv) < 2 or any(name in i.__name__ for name in sys.argv[1:])]
    return int(not all([run(i) for i in wanted]))


sys.exit(main())
