#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A full mesh of N daemons, one network namespace each, on one bridge.

    mesh.py N DAEMON [--limit SECONDS]       DAEMON: bgpd, bird, bird-nodelay

Every node announces one /26 and has to have the other N-1 in its kernel's table.  The clock
runs from the start of the first daemon to the last route in the last kernel, by the kernels'
own events.  BIRD is configured as Calico configures it; bird-nodelay has "connect delay time
0" on top.  Neighbour entries are there from the start, so that the bridge does not flood.

Prints one line of JSON.  Environment: BGPD, the daemon under test.
"""
import argparse
import ctypes
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

AS = 64512
CLONE_NEWNET = 0x40000000
RTMGRP_IPV4_ROUTE = 0x40
RTM_NEWROUTE, RTM_DELROUTE = 24, 25
RT_TABLE_MAIN, RTA_DST = 254, 1
BLOCK_BITS = 26
libc = ctypes.CDLL(None, use_errno=True)


def address(i):
    return f"172.21.{(i + 1) >> 8}.{(i + 1) & 255}"


def mac(i):
    return f"02:00:00:00:{(i + 1) >> 8:02x}:{(i + 1) & 255:02x}"


def block(i):
    return socket.inet_ntoa(struct.pack(">I", (10 << 24) + i * 64)) + f"/{BLOCK_BITS}"


def run(*command, text=None, check=True):
    subprocess.run(command, input=text, text=True, check=check, stdout=subprocess.DEVNULL,
                   stderr=None if check else subprocess.DEVNULL)


# ---------------------------------------------------------------- the daemons

def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def start_bgpd(i, n, directory):
    if i == 0:
        nodes = "".join(f'\tnode "n{j}" {{ address = "{address(j)}" }}\n' for j in range(n))
        write(f"{directory}/cluster.conf", f"cluster {{\n{nodes}}}\n")
    write(f"{directory}/{i}.conf", f"""\
router {{ as = {AS} node = "n{i}" }}
network "{block(i)}" {{ summary-only = true blackhole = true }}
log {{ level = "warning" }}
control {{ socket = "{directory}/{i}.sock" }}
include("cluster.conf")
""")
    return [os.environ["BGPD"], "-f", f"{directory}/{i}.conf"]


def start_bird(i, n, directory, delay):
    peers = "".join(
        f"protocol bgp m{j} from mesh {{ neighbor {address(j)} as {AS};"
        f"{' passive on;' if j > i else ''} }}\n" for j in range(n) if j != i)
    write(f"{directory}/{i}.conf", f"""\
log "{directory}/{i}.log" {{ warning, error, fatal, bug }};
router id {address(i)};
protocol device {{ scan time 2; }}
protocol direct {{ ipv4; interface "eth0"; }}
protocol static {{ ipv4; route {block(i)} blackhole; }}
protocol kernel {{
	learn; persist; scan time 2; graceful restart;
	ipv4 {{ import none; export where source != RTS_DEVICE; }};
}}
template bgp mesh {{
	local {address(i)} as {AS}; multihop; graceful restart;
	connect delay time {delay}; connect retry time 5; error wait time 5, 30;
	ipv4 {{ gateway recursive; import all; export where source = RTS_STATIC; }};
}}
{peers}""")
    return ["bird", "-f", "-c", f"{directory}/{i}.conf", "-s", f"{directory}/{i}.ctl",
            "-P", f"{directory}/{i}.pid"]


DAEMONS = {
    "bgpd": start_bgpd,
    "bird": lambda i, n, d: start_bird(i, n, d, 2),
    "bird-nodelay": lambda i, n, d: start_bird(i, n, d, 0),
}


# ---------------------------------------------------------------- the network

class Mesh:
    """Namespaces bgpm<pid>-<i> and -switch; gone when the block ends."""

    def __init__(self, n):
        self.n, self.tag, self.made = n, f"bgpm{os.getpid()}", []

    def name(self, i):
        return f"{self.tag}-{i}"

    def add(self, name):
        run("ip", "netns", "add", name)
        self.made.append(name)

    def __enter__(self):
        for which in (1, 2, 3):
            write(f"/proc/sys/net/ipv4/neigh/default/gc_thresh{which}", "262144")
        switch = self.name("switch")
        self.add(switch)
        run("ip", "-n", switch, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", switch, "link", "set", "br0", "up")
        for i in range(self.n):
            self.add(self.name(i))
            run("ip", "-n", self.name(i), "link", "add", "eth0", "address", mac(i), "type", "veth",
                "peer", "name", f"v{i}", "netns", switch)
            neighbours = "".join(f"neigh replace {address(j)} lladdr {mac(j)} dev eth0 nud permanent\n"
                                 for j in range(self.n) if j != i)
            run("ip", "-n", self.name(i), "-batch", "-", text="link set lo up\n"
                f"addr add {address(i)}/16 dev eth0\nlink set eth0 up\n{neighbours}")
            run("ip", "-n", switch, "-batch", "-",
                text=f"link set v{i} master br0\nlink set v{i} up\n")
        return self

    def __exit__(self, *_):
        for name in self.made:
            run("ip", "netns", "del", name, check=False)


def listeners(mesh):
    """A route event socket in each node's namespace."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    found = {}
    for i in range(mesh.n):
        there = os.open(f"/run/netns/{mesh.name(i)}", os.O_RDONLY)
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        events.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        events.bind((0, RTMGRP_IPV4_ROUTE))
        os.close(there)
        found[events.fileno()] = (events, set())
    libc.setns(home, CLONE_NEWNET)
    os.close(home)
    return found


def take_events(data, have):
    """Adds and removes the blocks that a datagram of route messages tells of."""
    at = 0
    while at < len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if kind in (RTM_NEWROUTE, RTM_DELROUTE):
            bits, table = data[at + 17], data[at + 20]
            if table == RT_TABLE_MAIN and bits == BLOCK_BITS:
                attr = at + 28
                while attr < at + length:
                    size, what = struct.unpack_from("=HH", data, attr)
                    if what == RTA_DST:
                        prefix = data[attr + 4:attr + 8]
                        (have.add if kind == RTM_NEWROUTE else have.discard)(prefix)
                        break
                    attr += (size + 3) & ~3
        at += (length + 3) & ~3


def converge(sockets, n, limit):
    """Seconds since `began` until every kernel has all blocks, or None."""
    poller = select.poll()
    for number in sockets:
        poller.register(number, select.POLLIN)
    incomplete, end = set(sockets), time.monotonic() + limit
    while incomplete and time.monotonic() < end:
        for number, _ in poller.poll(200):
            events, have = sockets[number]
            take_events(events.recv(1 << 20), have)
            if len(have) >= n:
                incomplete.discard(number)
            else:
                incomplete.add(number)
    return None if incomplete else time.monotonic()


# ---------------------------------------------------------------- what it cost

def cost(processes):
    """CPU seconds and proportional memory in MB of all daemons."""
    ticks = pss = 0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
            with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
                pss += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK"), pss / 1024


def measure(mesh, daemon, directory, limit):
    commands = [DAEMONS[daemon](i, mesh.n, directory) for i in range(mesh.n)]
    sockets = listeners(mesh)
    processes = []
    began = time.monotonic()
    try:
        for i, command in enumerate(commands):
            with open(f"{directory}/{i}.out", "wb") as out:
                processes.append(subprocess.Popen(
                    ["ip", "netns", "exec", mesh.name(i), *command], cwd=directory,
                    stdin=subprocess.DEVNULL, stdout=out, stderr=out))
        spawned = time.monotonic()
        done = converge(sockets, mesh.n, limit)
        cpu, _ = cost(processes)
        time.sleep(5)
        later, pss = cost(processes)
        return {
            "nodes": mesh.n, "daemon": daemon, "ok": done is not None,
            "spawned_s": round(spawned - began, 2),
            "converged_s": done and round(done - began, 2),
            "cpu_s": round(cpu, 2), "idle_cpu_ms_per_s": round((later - cpu) / 5 * 1000),
            "pss_kb_per_daemon": round(pss * 1024 / mesh.n),
            "alive": sum(process.poll() is None for process in processes)}
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nodes", type=int)
    parser.add_argument("daemon", choices=DAEMONS)
    parser.add_argument("--limit", type=float, default=120)
    args = parser.parse_args()
    directory = tempfile.mkdtemp(prefix="bgpd-mesh-")
    result = {}
    try:
        with Mesh(args.nodes) as mesh:
            result = measure(mesh, args.daemon, directory, args.limit)
        if not result["ok"]:
            result["kept"] = directory
        print(json.dumps(result))
        return not result["ok"]
    finally:
        if "kept" not in result:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
