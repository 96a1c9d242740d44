# SPDX-License-Identifier: BSD-2-Clause
"""The daemons under test of reflector.py and fib.py: how each is configured, started and stopped.

Each has the configuration that suits the job best.  Clients are dynamic (a range), so that
nobody profits from knowing them; the eBGP scenario names its peers.
"""
import os
import shutil
import signal
import subprocess
import time

DUT, DUT6 = "172.20.0.1", "fd20::1"
GEN, GEN6 = "172.20.128.1", "fd20::1:0:1"
AS = 64512


def sh(*command, check=True):
    return subprocess.run(command, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True).stdout


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, 0o640)


def children(pid):
    kids = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                text = file.read()
            kids.setdefault(int(text[text.rindex(")") + 2:].split()[1]), []).append(int(name))
        except (OSError, ValueError):
            pass
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += kids.get(found[-1], [])
    return found


def listening(ns):
    out = sh("ip", "netns", "exec", ns, "cat", "/proc/net/tcp", "/proc/net/tcp6", check=False)
    fields = (line.split() for line in out.splitlines())
    return any(len(f) > 3 and f[3] == "0A" and f[1].endswith(":00B3") for f in fields)


def usage(pids):
    """CPU seconds in user space and in the kernel, and peak memory in MB, of all of them."""
    ticks, peak = [0, 0], 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
                peak += sum(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
        except OSError:
            continue
        ticks = [ticks[0] + int(fields[11]), ticks[1] + int(fields[12])]
    user, system = (n / os.sysconf("SC_CLK_TCK") for n in ticks)
    return user, system, peak / 1024


def generator_address(i):
    value = (172 << 24) + (20 << 16) + (128 << 8) + 1 + i
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


class Daemon:
    """One run of one daemon in the namespace `ns`, with its files in `directory`."""

    families = (4,)
    add_path = False

    def __init__(self, ns, directory, scenario):
        self.ns, self.wd, self.sc, self.procs = ns, directory, scenario, []
        self.v6 = scenario["family"] == 6
        if scenario["family"] not in self.families:
            raise RuntimeError("not configured for IPv6 here")
        if scenario["add_path"] and not self.add_path:
            raise RuntimeError("not configured for ADD-PATH here")

    def explicit_peers(self):
        for i in range(self.sc["senders"] + self.sc["receivers"]):
            yield i, generator_address(i), self.sc["as0"] + i

    def launch(self, *argv):
        with open(os.path.join(self.wd, os.path.basename(argv[0]) + ".out"), "w",
                  encoding="ascii") as log:
            self.procs.append(subprocess.Popen(
                ["ip", "netns", "exec", self.ns, *argv], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd=self.wd))

    def spawn(self, *argv):
        self.launch(*argv)
        self.wait(lambda: listening(self.ns))

    def wait(self, ready, limit=30):
        end = time.time() + limit
        while time.time() < end:
            if ready():
                return
            if any(p.poll() is not None for p in self.procs):
                raise RuntimeError("the daemon ended: " + self.tail())
            time.sleep(0.02)
        raise RuntimeError("the daemon does not listen: " + self.tail())

    def tail(self):
        text = ""
        for name in sorted(os.listdir(self.wd)):
            if name.endswith((".out", ".log")):
                with open(os.path.join(self.wd, name), encoding="utf-8", errors="replace") as file:
                    text += file.read()[-1500:]
        return text

    def pids(self):
        return [pid for p in self.procs for pid in children(p.pid)]

    def stop(self):
        family = self.pids()
        for p in reversed(self.procs):
            if p.poll() is None:
                p.terminate()
        for p in reversed(self.procs):
            try:
                p.wait(15)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        time.sleep(0.1)
        for pid in family:       # helpers that did not follow their parent
            if os.path.isdir(f"/proc/{pid}") and self.is_ours(pid):
                os.kill(pid, signal.SIGKILL)

    def is_ours(self, pid):
        """Still in the namespace of this run: not a number that was given away again."""
        try:
            return os.stat(f"/proc/{pid}/ns/net").st_ino == os.stat(f"/run/netns/{self.ns}").st_ino
        except OSError:
            return False

    def memory(self):
        return None


class Bgpd(Daemon):
    families = (4, 6)
    add_path = True

    def start(self):
        family = "ipv6" if self.v6 else "ipv4"
        listen = "::" if self.v6 else "0.0.0.0"
        address_range = "fd20::/64" if self.v6 else "172.20.0.0/16"
        extra = 'add-path = "both" add-path-max = 8' if self.sc["add_path"] else ""
        text = (f'router {{ as = {AS} id = "{DUT}" listen = {{"{listen}"}} hold-time = 90 }}\n'
                f'kernel {{ install = {"true" if self.sc["fib"] else "false"} }}\n'
                'log { level = "warning" }\n'
                f'control {{ socket = "{self.wd}/bgpd.sock" }}\n'
                'filter "all" { default = "accept" }\n')
        if self.sc["ebgp"]:
            for i, address, number in self.explicit_peers():
                text += (f'peer "p{i}" {{ address = "{address}" as = {number} passive = true '
                         f'families = {{"{family}"}} import = "all" export = "all" }}\n')
        else:
            text += (f'group "clients" {{ as = {AS} client = true range = {{"{address_range}"}} '
                     f'max-sessions = 10000 families = {{"{family}"}} {extra} }}\n')
        write(f"{self.wd}/bgpd.conf", text)
        self.spawn(os.environ["BGPD"], "-f", f"{self.wd}/bgpd.conf")

    def memory(self):
        ctl = os.path.join(os.path.dirname(os.environ["BGPD"]), "bgpctl")
        return f"{ctl} -s {self.wd}/bgpd.sock show memory"


class Bird(Daemon):
    families = (4, 6)
    add_path = True

    def start(self):
        channel = "ipv6" if self.v6 else "ipv4"
        local = DUT6 if self.v6 else DUT
        address_range = "fd20::/64" if self.v6 else "172.20.0.0/16"
        paths = " add paths on;" if self.sc["add_path"] else ""
        chan = f"{channel} {{ import all; export where source = RTS_BGP;{paths} }};"
        text = (f'log "{self.wd}/bird.log" {{ warning, error, fatal, bug }};\nrouter id {DUT};\n'
                f"protocol device {{}}\nprotocol direct {{ {channel}; }}\n")
        if self.sc["fib"]:
            text += f"protocol kernel {{ {channel} {{ import none; export where source = RTS_BGP; }}; }}\n"
        if self.sc["ebgp"]:
            for i, address, number in self.explicit_peers():
                text += (f"protocol bgp p{i} {{ local {local} as {AS}; neighbor {address} as {number}; "
                         f"passive; hold time 90; {chan} }}\n")
        else:
            text += (f"protocol bgp clients {{ local {local} as {AS}; neighbor range {address_range} "
                     f'as {AS}; dynamic name "c"; rr client; rr cluster id {DUT}; hold time 90; '
                     f"{chan} }}\n")
        write(f"{self.wd}/bird.conf", text)
        self.spawn("/usr/sbin/bird", "-f", "-c", f"{self.wd}/bird.conf", "-s", f"{self.wd}/bird.ctl",
                   "-P", f"{self.wd}/bird.pid")


class Frr(Daemon):
    """FRR's bgpd, with zebra where routes go into the kernel; and with its wait for more updates,
    which grows with the peers."""

    families = (4, 6)
    extra = ""

    def start(self):
        family = "ipv6" if self.v6 else "ipv4"
        address_range = "fd20::/64" if self.v6 else "172.20.0.0/16"
        text = (f"frr defaults traditional\nlog file {self.wd}/frr.log errors\n"
                f"router bgp {AS}\n bgp router-id {DUT}\n bgp cluster-id {DUT}\n"
                " no bgp ebgp-requires-policy\n no bgp log-neighbor-changes\n" + self.extra)
        if self.sc["ebgp"]:
            for _, address, number in self.explicit_peers():
                text += (f" neighbor {address} remote-as {number}\n neighbor {address} passive\n"
                         f" neighbor {address} timers 30 90\n")
        else:
            text += (" neighbor C peer-group\n"
                     f" neighbor C remote-as {AS}\n neighbor C timers 30 90\n bgp listen limit 5000\n"
                     f" bgp listen range {address_range} peer-group C\n"
                     f" address-family {family} unicast\n"
                     + ("  neighbor C activate\n" if self.v6 else "")
                     + "  neighbor C route-reflector-client\n exit-address-family\n")
        write(f"{self.wd}/bgpd.conf", text)
        zebra = self.start_zebra() if self.sc["fib"] else ("-Z",)
        self.spawn("/usr/lib/frr/bgpd", "-S", "-f", f"{self.wd}/bgpd.conf", "-i",
                   f"{self.wd}/bgpd.pid", "--vty_socket", self.wd, "-P", "0", *zebra)

    def start_zebra(self):
        """zebra becomes its own user: the folder has to be that user's."""
        socket, config = f"{self.wd}/zserv.api", f"{self.wd}/zebra.conf"
        write(config, f"frr defaults traditional\nlog file {self.wd}/frr.log errors\n")
        for path in (self.wd, config):
            shutil.chown(path, "frr", "frr")
        self.launch("/usr/lib/frr/zebra", "-f", config, "-i", f"{self.wd}/zebra.pid", "-z", socket,
                    "--vty_socket", self.wd, "-P", "0")
        self.wait(lambda: os.path.exists(socket))
        return "-z", socket


class FrrFast(Frr):
    """FRR without that wait (default 1 s)."""

    extra = " coalesce-time 10\n"


class Gobgp(Daemon):
    def start(self):
        family = ('[[{0}.afi-safis]]\n    [{0}.afi-safis.config]\n'
                  '      afi-safi-name = "ipv4-unicast"\n')
        timers = "  [{0}.timers.config]\n    hold-time = 90\n    keepalive-interval = 30\n"
        text = (f'[global.config]\n  as = {AS}\n  router-id = "{DUT}"\n  port = 179\n'
                f'  local-address-list = ["{DUT}"]\n')
        if self.sc["ebgp"]:
            for _, address, number in self.explicit_peers():
                text += (f'[[neighbors]]\n  [neighbors.config]\n    neighbor-address = "{address}"\n'
                         f"    peer-as = {number}\n  [neighbors.transport.config]\n"
                         "    passive-mode = true\n" + timers.format("neighbors")
                         + "  " + family.format("neighbors"))
        else:
            text += ('[[peer-groups]]\n  [peer-groups.config]\n    peer-group-name = "C"\n'
                     f"    peer-as = {AS}\n" + timers.format("peer-groups")
                     + "  [peer-groups.route-reflector.config]\n    route-reflector-client = true\n"
                     f'    route-reflector-cluster-id = "{DUT}"\n  ' + family.format("peer-groups")
                     + '[[dynamic-neighbors]]\n  [dynamic-neighbors.config]\n'
                     '    prefix = "172.20.0.0/16"\n    peer-group = "C"\n')
        write(f"{self.wd}/gobgp.toml", text)
        self.spawn("/usr/bin/gobgpd", "-f", f"{self.wd}/gobgp.toml", "-l", "error", "-p",
                   "--api-hosts", "127.0.0.1:50051", "--pprof-disable")


class Openbgpd(Daemon):
    def start(self):
        text = (f'AS {AS}\nrouter-id {DUT}\nlisten on {DUT}\nsocket "{self.wd}/bgpd.sock"\n'
                "fib-update no\n")
        if self.sc["ebgp"]:
            for _, address, number in self.explicit_peers():
                text += (f"neighbor {address} {{\n remote-as {number}\n passive\n holdtime 90\n"
                         " announce IPv4 unicast\n}\n")
            text += "allow from any\nallow to any\n"
        else:
            text += (f'neighbor 172.20.0.0/16 {{\n remote-as {AS}\n descr "c"\n route-reflector {DUT}\n'
                     " passive\n holdtime 90\n announce IPv4 unicast\n}\n"
                     "allow from ibgp\nallow to ibgp\n")
        write(f"{self.wd}/bgpd.conf", text)
        os.chmod(f"{self.wd}/bgpd.conf", 0o600)
        os.makedirs("/run/openbgpd", exist_ok=True)
        self.spawn("/usr/sbin/bgpd", "-d", "-f", f"{self.wd}/bgpd.conf")


class Null(Daemon):
    """The floor: no table, the finished octets to all sockets."""

    families = (4, 6)
    add_path = True

    def start(self):
        options = ["-i", DUT] + (["-a"] if self.sc["add_path"] else [])
        self.spawn(os.environ["BENCH_TOOLS"] + "/nullrr", *options, DUT6 if self.v6 else DUT,
                   "179", str(AS), "900", os.environ.get("LIE", ""))


DAEMONS = {"null": Null, "bgpd": Bgpd, "bird2": Bird, "frr": Frr, "frr-fast": FrrFast,
           "openbgpd": Openbgpd, "gobgp": Gobgp}
