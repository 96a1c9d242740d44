#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The control socket and bgpctl against two daemons: what is shown, what orders do, exit
# codes, and clients that misbehave.
# shellcheck disable=SC2016 # eval expands what is quoted
. "$(dirname "$0")/lib.sh"

lab_begin control
lab_ns_add a b
lab_link a eth0 192.0.2.1/24 2001:db8::1/64 b eth0 192.0.2.2/24 2001:db8::2/64

many=20000 # networks of a: an answer far above what is buffered for one client

config() { # NAME PEER ADDRESS-OF-PEER
	cat <<-END
	router { as = 64512 connect-retry = 1 }
	kernel { metric = 4321 }
	peer "$2" { address = "$3" as = 64512 description = "the other one" }
	peer "nobody" { address = "192.0.2.99" as = 65000 }
	END
}
networks() { # N
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "network \"10.%d.%d.%d/30\" { }\n", i / 16384, i / 64 % 256, i % 64 * 4 }'
}
{
	config a b 192.0.2.2
	networks "$many"
	echo 'network "2001:db8:1::/64" { }'
} >"$LAB/a.conf"
{
	config b a 192.0.2.1
	echo 'network "172.16.0.0/16" { }'
	echo 'network "10.0.0.0/30" { }'
} >"$LAB/b.conf"
lab_bgpd a a
lab_bgpd b b

code() { # WANTED COMMAND...: the exit code of bgpctl
	local wanted=$1 got

	shift
	lab_ctl "$@" >"$LAB/out" 2>"$LAB/err"
	got=$?
	lab_equal "$wanted" "$got" || { cat "$LAB/out" "$LAB/err"; return 1; }
}
error() { # TEXT: what the last command said
	grep -qF -- "$1" "$LAB/err" || { cat "$LAB/err"; return 1; }
}
narrow() { # every line of the last output fits
	[ -s "$LAB/out" ] && ! grep -qE '^.{81}' "$LAB/out"
}
refused() { # CODE TEXT COMMAND...
	local wanted=$1 text=$2

	shift 2
	code "$wanted" a "$@" && error "$text"
}

# ---------------------------------------------------------------- questions

lab_check_within 20 'the session comes up' lab_established a b
lab_check_within 20 'all routes arrive' lab_json b \
	".routes.ipv4.prefixes == $many + 1 and .routes.ipv6.prefixes == 1" show
lab_check 'show has the fields of the interface' lab_json a \
	'(.version | type == "string") and .as == 64512 and .router_id == "192.0.2.1"
	and (.uptime_s | type == "number") and (.ready | type == "boolean")
	and .peers == {configured: 2, dynamic: 0, established: 1}
	and (.routes.ipv4 | .prefixes > 0 and .paths > 0 and has("installed"))
	and (.routes | has("ipv6"))' show
lab_check 'show peers has them' lab_json a \
	'map(select(.name == "b"))[0] | .address == "192.0.2.2" and .as == 64512
	and .local_as == 64512 and .type == "ibgp" and .client == false
	and .dynamic == false and .state == "Established" and .uptime_s >= 0
	and .router_id == "192.0.2.2" and .hold_time == 90
	and .families.ipv4 == {received: 2, accepted: 2, best: 1, sent: '$many'}
	and .families.ipv6.sent == 1 and .messages.in > 0 and .messages.out > 0
	and has("last_error") and .stale == false' show peers
lab_check 'a peer that is down: null where nothing is known' lab_json a \
	'map(select(.name == "nobody"))[0] | .state != "Established" and .uptime_s == null
	and .hold_time == null and .router_id == null and .type == "ebgp"' show peers
lab_check 'show routes has them' lab_json a \
	'map(select(.peer == "b" and .prefix == "172.16.0.0/16"))[0] | .best and .valid
	and .source == "peer" and .next_hop == "192.0.2.2" and .origin == "igp"
	and .as_path == "" and .local_pref == 100 and .med == null and .communities == []
	and .originator_id == null and .cluster_list == [] and .path_id == null
	and .stale == false and (.installed | type == "boolean") and .age_s >= 0
	and .multipath == false and .reason == null' show routes 172.16.0.0/16
lab_check 'a path that lost says why' lab_json a \
	'length == 2 and .[0].best and .[0].source == "network" and .[1].best == false
	and (.[1].reason | length > 0)' show routes 10.0.0.0/30
lab_check 'an address finds the longest prefix' lab_json a \
	'map(.prefix) | unique == ["172.16.0.0/16"]' show routes 172.16.200.1
lab_check 'longer' lab_json a 'length == 64 + 1' show routes 10.0.0.0/24 longer
lab_check 'longer and best' lab_json a 'length == 64 and all(.best)' \
	show routes 10.0.0.0/24 longer best
lab_check 'from' lab_json a 'length == 2 and all(.peer == "b")' show routes from b
lab_check 'sent' lab_json a "length == $many + 1 and all(.source == \"network\")
	and map(select(.prefix == \"10.0.0.0/30\"))[0].next_hop == \"192.0.2.1\"
	and map(select(.prefix == \"2001:db8:1::/64\"))[0].next_hop == \"2001:db8::1\"" \
	show routes sent b
lab_check 'family' lab_json a 'map(.prefix) == ["2001:db8:1::/64"]' \
	show routes family ipv6
lab_check 'all routes, each once, sorted' lab_json b \
	"length == $many + 3 and (map(select(.peer == \"a\") | .prefix) | unique | length == $many + 1)
	and .[0].prefix == \"10.0.0.0/30\" and .[-1].prefix == \"2001:db8:1::/64\"" show routes
lab_check 'no route is an empty array' lab_json a '. == []' show routes 198.51.100.0/24
lab_check_within 10 'show kernel' lab_json b \
	'map(select(.prefix == "10.0.0.4/30"))[0] | .state == "installed"
	and .via == "192.0.2.1" and .device == "eth0"' show kernel
lab_check 'show groups' lab_json a \
	'length > 0 and all(.members > 0 and .in_step == .members and .backlog_bytes == 0)' show groups
lab_check 'show memory' lab_json a '.resident_bytes > 0 and .rib_bytes > 0' show memory
for command in show 'show peers' 'show peer a' 'show peer nobody' 'show routes' 'show kernel' \
	'show routes 10.0.0.0/30' 'show routes from a' 'show groups' 'show memory' version; do
	lab_check "text of '$command' fits 80 columns" eval "code 0 b $command && narrow"
done

# ---------------------------------------------------------------- words and exit codes

lab_check 'unknown word' refused 2 "unknown word 'shwo'; allowed here: show" shwo
lab_check 'unknown word behind show' refused 2 'peers, peer, routes' show peerz
lab_check 'unknown word behind a prefix' refused 2 longer show routes 10.0.0.0/8 longest
lab_check 'longer without a prefix' refused 2 'needs a prefix' show routes 10.0.0.1 longer
lab_check 'no such peer' refused 1 'no such peer: x' show peer x
lab_check 'no such peer to disable' refused 1 'no such peer: x' peer x disable
lab_check 'unknown order to a peer' refused 2 'enable, disable, restart' peer b explode
lab_check 'a word too many' refused 2 "unexpected word 'tonight'" peer b disable for tonight
lab_check 'a refresh neither in nor out' refused 2 'in, out' peer b refresh sideways
lab_check 'no command' code 2 a
lab_check 'unknown option' code 2 a -x show
for command in 'show attributes' 'show nexthops' 'show history' 'drain' \
	'monitor' 'reload --keep' 'reload --confirm 5' \
	'check /dev/null' 'test all 10.0.0.0/8'; do
	# shellcheck disable=SC2086
	lab_check "'$command' is refused" refused 2 'not supported by this release' $command
done
lab_check 'no daemon there' eval '! timeout 5 "$bgpctl" -s "$LAB/none.sock" show 2>"$LAB/err";
	error "is bgpd running?"'
lab_check 'a reader that leaves is no error' eval \
	'lab_ctl a show routes 2>"$LAB/err" | head -1 >/dev/null; [ ! -s "$LAB/err" ]'

# ---------------------------------------------------------------- orders

lab_check 'log debug' lab_json a '.level == "debug"' log debug
lab_check 'disable with a reason' code 0 a peer b disable 'power work'
lab_check_within 5 'the peer is told' grep -q 'power work' "$LAB/b.log"
lab_check 'the peer is down and disabled' lab_json a \
	'map(select(.name == "b"))[0] | .disabled and .state == "Idle"' show peers
lab_check 'and stays so over a reload' eval 'code 0 a reload && sleep 2 &&
	lab_not lab_established a b'
lab_check 'enable' code 0 a peer 192.0.2.2 enable
lab_check_within 20 'the peer comes back' lab_established a b
up() {
	lab_ctl a -j show peer b | jq .flaps
}
refreshes() { # in | out
	lab_ctl a -j show peer b | jq ".messages_$1.route_refresh"
}
lab_check 'the peers agree on enhanced route refresh' lab_json a \
	'.negotiated | .route_refresh and .enhanced_refresh' show peer b
lab_check 'refresh in asks the peer, a message a family' eval \
	'code 0 a peer b refresh in && [ "$(refreshes out)" = 2 ]'
lab_check_within 5 'its answer stands between BoRR and EoRR' eval '[ "$(refreshes in)" = 4 ]'
lab_check 'refresh out sends them itself' code 0 a peer b refresh out
lab_check_within 5 'as many' eval '[ "$(refreshes out)" = 6 ]'
lab_check 'refresh alone does both' code 0 a peer b refresh
lab_check_within 5 'both' eval '[ "$(refreshes out)" = 12 ] && [ "$(refreshes in)" = 8 ]'
lab_check 'no session, no refresh' eval 'code 0 a peer b disable &&
	refused 1 "has no session" peer b refresh && code 0 a peer b enable'
lab_check_within 20 'and up again' lab_established a b
flaps=$(up)
lab_check 'restart' code 0 a peer b restart
lab_check_within 20 'it went and came again' eval \
	'lab_established a b && [ "$(up)" = $((flaps + 1)) ]'
lab_check 'orders are logged with who gave them' grep -q \
	'control: \["peer","b","disable","power work"\] by uid 0, pid' "$LAB/a.log"
cp "$LAB/a.conf" "$LAB/a.conf.good"
printf 'wrong = 1\npeer "x" { nonsense = 2 }\n' >>"$LAB/a.conf"
lab_check 'a wrong configuration is refused' code 1 a reload
lab_check 'with every error' eval 'error wrong && error nonsense && error a.conf:'
lab_check 'and nothing changed' lab_established a b
cp "$LAB/a.conf.good" "$LAB/a.conf"

# ---------------------------------------------------------------- the socket itself

lab_check 'mode 0660' eval '[ "$(stat -c %a "$LAB/a.sock")" = 660 ]'
second() {
	lab_in a timeout 5 "$bgpd" -f "$LAB/a.conf" >"$LAB/second.log" 2>&1
	[ $? = 1 ] && grep -q "another daemon already listens on $LAB/a.sock (pid ${lab_pid[a]})" \
		"$LAB/second.log" || { cat "$LAB/second.log"; return 1; }
}
lab_check 'a second daemon says which one is there' second
lab_check 'and leaves the socket alone' code 0 a version

# Clients that do not behave; Python, because a shell cannot hold back its reading.
cat >"$LAB/clients.py" <<'END'
import json, os, socket, sys, time
path, what = sys.argv[1:3]
def client():
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.settimeout(40)
    return s
def rest(s):
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass
    return data
def status(data):
    return json.loads(data.splitlines()[-1])
if what == "crowd":
    crowd = [client() for _ in range(32)]
    time.sleep(.3)
    last = client()
    answer = status(rest(last))
    assert answer["status"] == 1 and "too many" in answer["error"], answer
    crowd[0].sendall(b'["version"]\n')
    assert status(rest(crowd[0])) == {"status": 0}
elif what == "long":
    s = client()
    s.sendall(b'["' + b"x" * 5000)
    assert "4096" in status(rest(s))["error"]
elif what == "rubbish":
    for line in b"{}", b"[1]", b"nonsense", b'["a\xff"]', b"[]", b"", b'["' + b'","' * 40 + b'"]', b'["\\u0000"]', b"[" * 3000:
        s = client()
        s.sendall(line + b"\n")
        assert status(rest(s))["status"] == 2, line
elif what == "vanish":
    for _ in range(50):
        s = client()
        s.sendall(b'["show","routes"]\n')
        s.recv(100)
        s.close()
    s = client()
    s.sendall(b'["show"')
    s.close()
elif what == "slow":  # takes one piece, then nothing: dropped after 30 s, costs little
    s = client()
    s.sendall(b'["show","routes"]\n')
    s.recv(1000)
    begin = time.time()
    time.sleep(33)
    data = rest(s)
    assert not data.endswith(b'{"status":0}\n')
    assert len(data) < 1 << 20, len(data)
elif what == "silent":
    s = client()
    begin = time.time()
    assert rest(s) == b"" and 25 < time.time() - begin < 35
END
clients() {
	timeout 60 python3 "$LAB/clients.py" "$LAB/a.sock" "$1"
}
clients slow >"$LAB/slow" 2>&1 &
slow=$!
clients silent >"$LAB/silent" 2>&1 &
silent=$!
sleep 0.5
lab_check 'a slow client does not hold up another' lab_json a "length > $many" show routes
lab_check 'requests that are none' clients rubbish
lab_check 'a request too long' clients long
lab_check 'clients that vanish' clients vanish
wait $slow || echo failed >>"$LAB/slow"
wait $silent || echo failed >>"$LAB/silent"
lab_check 'a client that does not read is dropped' diff /dev/null "$LAB/slow"
lab_check 'a client that says nothing is dropped' diff /dev/null "$LAB/silent"
lab_check 'the 33rd client is refused' clients crowd
lab_check 'the session never noticed' eval '[ "$(up)" = $((flaps + 1)) ]'

# ---------------------------------------------------------------- the end

lab_stop b KILL
lab_check 'a killed daemon leaves its socket' test -S "$LAB/b.sock"
lab_bgpd b b
lab_check_within 10 'the next one takes it over' code 0 b version
lab_check_within 20 'the session comes up again' lab_established a b
lab_check_within 10 'b has routes in its kernel' eval '[ -n "$(lab_ip b route show metric 4321)" ]'
lab_check 'shutdown answers when all is done' eval 'code 0 b shutdown "moving out" &&
	[ -z "$(lab_ip b route show metric 4321)" ] && [ ! -e "$LAB/b.sock" ]'
lab_check_within 5 'the peer knows why' grep -q 'moving out' "$LAB/a.log"
