# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# A cluster in one machine: nodes are network namespaces on a bridge, containers are made by
# the real CNI plugin "ptp" with host-local addresses, as a container runtime would.  Node N
# is 192.168.2.N and owns the block 10.233.N.0/26.  Sourced; who sources it sets cni_lab, the
# prefix of all names, and cni_dir, a directory for what the plugins remember.
#
# The plugin gives a container a /32 and a host route "10.233.N.M dev vethXXXX scope host" in
# the node: that is what the daemon's import sees.

cni_path=/usr/lib/cni

cni_node() { # N COMMAND...: runs it in the node
	local n=$1

	shift
	ip netns exec "$cni_lab-n$n" "$@"
}

cni_plugin() { # ADD|DEL NODE CONTAINER
	cni_node "$2" env CNI_COMMAND="$1" CNI_CONTAINERID="$cni_lab-c$2$3" \
		CNI_NETNS="/run/netns/$cni_lab-c$2$3" CNI_IFNAME=eth0 CNI_PATH=$cni_path \
		$cni_path/ptp <<-JSON
		{
			"cniVersion": "1.0.0", "name": "$cni_lab-n$2", "type": "ptp", "ipMasq": false,
			"ipam": {
				"type": "host-local", "dataDir": "$cni_dir/ipam-n$2",
				"routes": [{ "dst": "0.0.0.0/0" }],
				"ranges": [[{ "subnet": "10.233.$2.0/26", "rangeStart": "10.233.$2.3" }]]
			}
		}
	JSON
}

cni_up() { # NODES CONTAINERS
	local n c

	ip netns add "$cni_lab-switch"
	ip -n "$cni_lab-switch" link add br0 type bridge
	ip -n "$cni_lab-switch" link set br0 up
	for n in $(seq "$1"); do
		ip netns add "$cni_lab-n$n"
		ip -n "$cni_lab-n$n" link set lo up
		cni_node "$n" sysctl -qw net.ipv4.ip_forward=1
		ip link add eth0 netns "$cni_lab-n$n" type veth peer name "n$n" netns "$cni_lab-switch"
		ip -n "$cni_lab-switch" link set "n$n" master br0 up
		ip -n "$cni_lab-n$n" addr add "192.168.2.$n/24" dev eth0
		ip -n "$cni_lab-n$n" link set eth0 up
		for c in $(seq "$2"); do
			ip netns add "$cni_lab-c$n$c"
			ip -n "$cni_lab-c$n$c" link set lo up
			cni_plugin ADD "$n" "$c" >"$cni_dir/c$n$c.json"
		done
	done
}

cni_down() { # NODES CONTAINERS
	local n c

	for n in $(seq "$1"); do
		for c in $(seq "$2"); do
			cni_plugin DEL "$n" "$c" >/dev/null 2>&1
			ip netns del "$cni_lab-c$n$c" 2>/dev/null
		done
		ip netns del "$cni_lab-n$n" 2>/dev/null
	done
	ip netns del "$cni_lab-switch" 2>/dev/null
	return 0
}

cni_address() { # NODE CONTAINER: the address the plugin gave it
	jq -r '.ips[0].address | sub("/.*"; "")' "$cni_dir/c$1$2.json"
}
