#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/tunnel.sh [tunipip|vxlan|ipip]
#
# Three nodes with a container each, the third behind a router: traffic across the subnets
# goes through tunl0, and packets really do.  The device is a TUN device with a program that
# sends IP protocol 4, a VXLAN device of that name, or the kernel's own IP in IP, which the
# daemon has to make (tests/lab/tunnel-uml.sh has a kernel with it).  Without an argument:
# the first two.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/lab/cni.sh
. "$(dirname "$0")/cni.sh"

if [ $# = 0 ]; then
	set -- tunipip vxlan
fi
modes=("$@")

lab_begin tunnel
cni_lab=$lab_tag
cni_dir=$LAB/cni
address=([1]=192.168.2.1 [2]=192.168.2.2 [3]=192.168.3.3)

# Node 3 moves into a subnet of its own; a router joins the two.
nets_up() {
	mkdir -p "$cni_dir"
	cni_up 3 1
	for n in 1 2 3; do lab_spaces+=("$cni_lab-n$n" "$cni_lab-c${n}1"); done
	lab_spaces+=("$cni_lab-switch")
	lab_ns_add router
	ip link add eth0 netns "$cni_lab-router" type veth peer name router netns "$cni_lab-switch"
	ip -n "$cni_lab-switch" link set router master br0 up
	lab_address router eth0 192.168.2.254/24 ''
	lab_ip router addr add 192.168.3.254/24 dev eth0
	lab_in router sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 \
		net.ipv4.conf.eth0.send_redirects=0
	lab_ip n3 addr del 192.168.2.3/24 dev eth0
	lab_ip n3 addr add 192.168.3.3/24 dev eth0
	lab_ip n3 route add 192.168.2.0/24 via 192.168.3.254
	for n in 1 2; do lab_ip "n$n" route add 192.168.3.0/24 via 192.168.2.254; done
	# The router knows no container: what is not wrapped does not arrive.
}

# ---------------------------------------------------------------- the device

device_up() { # KIND NODE
	local n=$2 o

	case $1 in
	tunipip)
		lab_start "n$n" "tun$n" "$BGPD_BUILD/tests/tools/tunipip" tunl0 "${address[$n]}"
		lab_wait 5 lab_ip "n$n" link show tunl0
		lab_ip "n$n" link set tunl0 mtu 1480 up
		;;
	vxlan)
		lab_ip "n$n" link add tunl0 type vxlan id 4 local "${address[$n]}" dstport 4789 nolearning
		lab_ip "n$n" link set tunl0 mtu 1450 address "02:00:00:00:00:0$n" up
		for o in 1 2 3; do
			[ "$o" != "$n" ] || continue
			lab_ip "n$n" neigh add "${address[$o]}" lladdr "02:00:00:00:00:0$o" dev tunl0 nud permanent
			lab_in "n$n" bridge fdb add "02:00:00:00:00:0$o" dev tunl0 dst "${address[$o]}"
		done
		;;
	ipip) return ;; # the daemon's business
	esac
	lab_ip "n$n" addr add "10.233.$n.1/32" dev tunl0
}

device_down() { # KIND NODE
	case $1 in
	tunipip) lab_stop "tun$2" ;;
	*) lab_ip "n$2" link del tunl0 ;;
	esac
}

# ---------------------------------------------------------------- the daemons

# REFLECTOR is "", or the node that reflects.
peer_file() { # REFLECTOR
	local n

	echo "cluster {"
	for n in 1 2 3; do
		echo "    node \"n$n\" { address = \"${address[$n]}\"$([ "$1" != "$n" ] || echo ' reflector = true') }"
	done
	[ "$1" != '' ] || echo "    mesh = true"
	echo "}"
}

own_file() { # NODE "ROUTER OPTIONS" "KERNEL OPTIONS" MORE
	cat >"$LAB/n$1.conf" <<-CONF
		router { as = 64512 restart-time = 10 connect-retry = 1 connect-retry-max = 2 $2 }
		kernel { ${source[$1]:-} import "w" { interface = {"veth*"} } $3 }
		network "10.233.$1.0/26" { summary-only = true blackhole = true }
		include("$LAB/cluster.conf")
		$4
		control { socket = "$LAB/n$1.sock" }
	CONF
}

own_files() { # "ROUTER OPTIONS" "KERNEL OPTIONS"
	local n

	for n in 1 2 3; do own_file "$n" "$@" ''; done
}

reload_all() {
	local n

	for n in 1 2 3; do lab_ctl "n$n" reload >/dev/null || echo "# n$n: reload failed"; done
}

# ---------------------------------------------------------------- what is to be seen

# The kernel's route from node FROM to the block of node TO.
route_is() { # FROM TO WANTED
	local got

	got=$(lab_ip "n$1" -j route show "10.233.$2.0/26" proto bgp metric 32 | jq -r \
		'.[] | "via \(.gateway) dev \(.dev)" + (if .flags | index("onlink") then " onlink" else "" end)')
	lab_equal "$3" "$got"
}

routes_cross_subnet() {
	route_is 1 2 "via 192.168.2.2 dev eth0" && route_is 2 1 "via 192.168.2.1 dev eth0" &&
		route_is 1 3 "via 192.168.3.3 dev tunl0 onlink" &&
		route_is 2 3 "via 192.168.3.3 dev tunl0 onlink" &&
		route_is 3 1 "via 192.168.2.1 dev tunl0 onlink" &&
		route_is 3 2 "via 192.168.2.2 dev tunl0 onlink"
}

routes_always() {
	route_is 1 2 "via 192.168.2.2 dev tunl0 onlink" && route_is 2 1 "via 192.168.2.1 dev tunl0 onlink" &&
		route_is 1 3 "via 192.168.3.3 dev tunl0 onlink"
}

routes_never() {
	route_is 1 2 "via 192.168.2.2 dev eth0" && route_is 1 3 "via 192.168.2.254 dev eth0"
}

# Two routers on the way, the nodes: a packet forwarded by anybody else has another TTL.
ping_is_right() { # FROM TO
	lab_in "c${1}1" ping -n -c 2 -i 0.2 -W 2 "$(cni_address "$2" 1)" | grep -c 'ttl=62 ' |
		grep -qx 2
}

all_ping() {
	local a b

	for a in 1 2 3; do
		for b in 1 2 3; do
			[ "$a" = "$b" ] || ping_is_right "$a" "$b" || { echo "c${a}1 to c${b}1"; return 1; }
		done
	done
}

waits() { # NODE PREFIX: its route, and the reason
	lab_json "n$1" "map(select(.prefix == \"$2\")) | .[0] | .state == \"waiting\" and
		.device == \"tunl0\" and (.detail | test(\"tunl0\"))" show kernel
}

monitor_begin() {
	ip netns exec "$cni_lab-n1" ip monitor route >"$LAB/monitor" 2>&1 &
	monitor=$!
	sleep 0.3
}

# Nobody saw a block of another node leave.
monitor_end() {
	sleep 0.3
	kill "$monitor"
	wait "$monitor" 2>/dev/null
	! grep -E '^Deleted 10\.233\.[23]\.0/26' "$LAB/monitor"
}

# ---------------------------------------------------------------- one kind of device

with_device() { # KIND
	local kind=$1 n

	rm -f "$LAB"/n?.log
	source=()
	[ "$kind" != ipip ] ||
		source=([1]='prefer-source = "10.233.1.1"' [2]='prefer-source = "10.233.2.1"' [3]='prefer-source = "10.233.3.1"')
	peer_file '' >"$LAB/cluster.conf"
	own_files '' 'tunnel "tunl0" { }'
	for n in 1 2 3; do lab_bgpd "n$n" "n$n"; done
	if [ "$kind" = ipip ]; then
		lab_check_within 10 "$kind: the daemon makes the device and brings it up" \
			eval 'lab_ip n1 -d link show tunl0 | grep -q ipip && lab_ip n1 link show up | grep -q tunl0'
		lab_check_within 5 "$kind: … with the address of prefer-source" \
			eval 'lab_ip n1 addr show tunl0 | grep -q 10.233.1.1/32'
	else
		lab_check_within 10 "$kind: without the device the route across waits, and says for what" \
			waits 1 10.233.3.0/26
		lab_check "$kind: … the log has it once" \
			lab_equal 1 "$(grep -c 'tunl0.*its routes wait' "$LAB/n1.log")"
		lab_check_within 10 "$kind: … the kernel has no such route, and the near one" eval \
			'route_is 1 2 "via 192.168.2.2 dev eth0" && ! lab_ip n1 route | grep -q "^10.233.3.0/26"'
		for n in 1 2 3; do device_up "$kind" "$n"; done
	fi
	lab_check_within 10 "$kind: across subnets by tunl0, inside one straight" routes_cross_subnet
	lab_check_within 5 "$kind: every container reaches every other, wrapped where it must" all_ping

	monitor_begin
	own_files '' 'tunnel "tunl0" { mode = always }'
	reload_all
	lab_check_within 5 "$kind: always, by a reload" routes_always
	lab_check "$kind: … packets, too" all_ping
	own_files '' 'tunnel "tunl0" { mode = never }'
	reload_all
	lab_check_within 5 "$kind: never" routes_never
	own_files '' 'tunnel "tunl0" { }'
	reload_all
	lab_check_within 5 "$kind: cross-subnet again" routes_cross_subnet
	lab_check "$kind: … no route was deleted on the way" monitor_end

	peer_file 2 >"$LAB/cluster.conf"
	reload_all
	lab_check_within 10 "$kind: behind a reflector two sessions remain" \
		lab_json n2 'length == 2 and all(.state == "Established")' show peers
	lab_check_within 10 "$kind: … and the next hop decides as before" routes_cross_subnet
	lab_check "$kind: … packets, too" all_ping
	peer_file '' >"$LAB/cluster.conf"
	reload_all
	lab_check_within 10 "$kind: a mesh again" \
		lab_json n1 'length == 2 and all(.state == "Established")' show peers

	for n in 2 3; do own_file "$n" '' 'tunnel "tunl0" { }' 'network "10.240.0.0/24" { }'; done
	own_file 1 'multipath = 4' 'tunnel "tunl0" { mode = always }' ''
	reload_all
	lab_check_within 5 "$kind: two next hops through the tunnel" \
		eval 'lab_ip n1 route show 10.240.0.0/24 | grep -c "nexthop via .* dev tunl0 weight 1 onlink" | grep -qx 2'
	lab_check "$kind: … shown as such" lab_json n1 \
		'map(select(.multipath)) | length == 1 and all(.installed and (.best | not))' show routes 10.240.0.0/24
	own_files '' 'tunnel "tunl0" { }'
	reload_all
	lab_check_within 5 "$kind: … and gone" eval '! lab_ip n1 route show | grep -q 10.240'

	device_down "$kind" 1
	if [ "$kind" = ipip ]; then
		lab_check_within 10 "$kind: deleted, the device is made again" \
			eval 'lab_ip n1 link show up | grep -q tunl0'
		lab_check_within 5 "$kind: … and the route is back" \
			route_is 1 3 "via 192.168.3.3 dev tunl0 onlink"
		lab_ip n1 link set tunl0 down
		lab_check_within 10 "$kind: set down, it is brought up again" \
			eval 'lab_ip n1 link show up | grep -q tunl0'
	else
		lab_check_within 2 "$kind: the device goes: the route waits" waits 1 10.233.3.0/26
		device_up "$kind" 1
	fi
	lab_check_within 5 "$kind: it comes back, and the route with it" \
		route_is 1 3 "via 192.168.3.3 dev tunl0 onlink"
	lab_check_within 5 "$kind: … and the packets" all_ping

	lab_stop n1 KILL
	monitor_begin
	lab_bgpd n1 n1
	lab_check_within 10 "$kind: killed and started again" \
		lab_json n1 'length == 2 and all(.state == "Established")' show peers
	sleep 1
	lab_check "$kind: … its routes stayed where they were" routes_cross_subnet
	lab_check "$kind: … all the time" monitor_end
	for n in 1 2 3; do lab_stop "n$n"; done
	lab_check "$kind: SIGTERM leaves device and routes" routes_cross_subnet
	for n in 1 2 3; do
		lab_in "n$n" "$bgpd" -f "$LAB/n$n.conf" --flush >/dev/null
		[ "$kind" = ipip ] || device_down "$kind" "$n"
	done
}

nets_up
for mode in "${modes[@]}"; do with_device "$mode"; done
