#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run.sh: alone
#
# What the daemon sends, decoded by somebody else: tshark looks at sessions of several kinds
# (iBGP, eBGP, ADD-PATH, 2-octet AS numbers, IPv6, graceful restart) while the
# recorded updates of 20 peers go through.  Nothing is malformed, and it counts as many
# OPENs and UPDATEs as the daemon does.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"

file=$BGPD_TEST_DATA/updates-2026-02-22.mrt.bz2
for need in tshark bird; do
	if ! command -v $need >/dev/null; then
		echo "1..0 # SKIP no $need"
		exit 0
	fi
done
if [ ! -r "$file" ]; then
	echo "1..0 # SKIP $file is not there (BGPD_TEST_DATA)"
	exit 0
fi
lab_begin tshark
lab_ns_add r world b c
lab_link r v0 10.9.0.1/16 '' world v0 10.9.0.3/16 ''
lab_link r v1 192.0.2.1/30 2001:db8:b::1/64 b v0 192.0.2.2/30 2001:db8:b::2/64
lab_link r v2 192.0.2.5/30 2001:db8:c::1/64 c v0 192.0.2.6/30 2001:db8:c::2/64
# In one segment of 64 kB tshark would lose its way: its recursion is bounded.
for device in v0 v1 v2; do lab_ip r link set "$device" gso_max_segs 1; done
replay=$lab_top/tests/tools/replay.py
"$replay" "$file" --to 10.9.0.1 --as 64512 --seconds 0 --peers >"$LAB/peers"

{
	cat <<-END
	router { as = 64512 id = "10.9.0.1" resolve-next-hops = false connect-retry = 1 }
	kernel { install = false }
	filter "all" { default = "accept" }
	network "10.1.0.0/24" { }
	network "fd01::/64" { }
	peer "observer" { address = "10.9.0.3" as = 64512 passive = true }
	peer "paths" { address = "192.0.2.2" as = 64512 client = true add-path = "both" passive = true }
	peer "old" { address = "192.0.2.6" as = 65000 import = "all" export = "all" passive = true }
	END
	while read -r address asn; do
		lab_ip world addr add "$address/16" dev v0
		printf 'peer "as%s" { address = "%s" as = %s passive = true import = "all" }\n' \
			"$asn" "$address" "$asn"
	done <"$LAB/peers"
} >"$LAB/r.conf"

bird_config() { # NAME AS LOCAL PEER CHANNEL-OPTIONS SESSION-OPTIONS
	cat >"$LAB/$1.conf" <<-END
	router id $3;
	log stderr all;
	ipv4 table h4;
	ipv6 table h6;
	protocol device { }
	protocol static { ipv4 { table h4; }; route 0.0.0.0/0 via $4; }
	protocol static s4 { ipv4; route 10.2.$2.0/24 blackhole; }
	protocol static s6 { ipv6; route fd02:$2::/64 blackhole; }
	protocol bgp speaker {
		local $3 as $7;
		neighbor $4 as 64512;
		connect delay time 1; connect retry time 1;
		$6
		ipv4 { import all; export where source = RTS_STATIC; gateway recursive; igp table h4; $5 };
		ipv6 { import all; export where source = RTS_STATIC; gateway recursive; igp table h6; $5 };
	}
	END
}
bird_config b 1 192.0.2.2 192.0.2.1 'add paths on;' 'graceful restart on;' 64512
bird_config c 2 192.0.2.6 192.0.2.5 '' 'enable as4 off;' 65000

lab_start r tshark tshark -q -B 64 -i any -f 'tcp port 179' -w "$LAB/r.pcapng"
lab_wait 20 test -s "$LAB/r.pcapng"
lab_bgpd r r
lab_start b bird-b bird -f -c "$LAB/b.conf" -s "$LAB/b.ctl" -P "$LAB/b.pid"
lab_start c bird-c bird -f -c "$LAB/c.conf" -s "$LAB/c.ctl" -P "$LAB/c.pid"
lab_check_within 20 "a client with ADD-PATH comes up" lab_established r paths
lab_check_within 20 "so does an eBGP peer with 2-octet AS numbers" lab_established r old

mkfifo "$LAB/in"
lab_in world "$replay" "$file" --to 10.9.0.1 --as 64512 --seconds 0 \
	<"$LAB/in" >"$LAB/rounds" 2>"$LAB/replay.log" &
lab_pid[replay]=$!
exec {order}>"$LAB/in"
one_round() { [ -s "$LAB/rounds" ]; }
lab_check_within 60 "the record was played" one_round
sleep 2
lab_ctl r peer old disable "Wartung, bis später" >/dev/null
lab_ctl r peer paths disable >/dev/null
sleep 1
counted() { # PEER: OPENs and UPDATEs that we count
	lab_ctl r -j show peer "$1" | jq -r '.messages_out | "\(.open) \(.update)"'
}
of_observer=$(counted observer)
of_paths=$(counted paths)
of_old=$(counted old)
lab_stop tshark INT

# It knows nothing of what the OPENs agreed on: the length of AS numbers it is told, ADD-PATH
# it guesses, wrongly at times.  What went to the client with ADD-PATH BIRD judges.
shark() { # FILTER [OPTION...]
	local filter=$1

	shift
	tshark -o gui.max_tree_depth:5000 -o tcp.reassemble_out_of_order:TRUE -r "$LAB/r.pcapng" -Y "$filter" "$@" 2>>"$LAB/tshark.err"
}
to() { echo "ip.dst == $1 and tcp.srcport == 179"; }
# What TCP sends twice tshark may not put together again: an error of TCP says nothing of BGP,
# and what were lost that way would be missing in the counts below.
wrong='bgp and (_ws.malformed or _ws.expert.severity == error)'
seen() { # ADDRESS: the same, as tshark counts
	shark "$(to "$1")" -T fields -e bgp.type | tr ',' '\n' |
		awk '{ n[$1]++ } END { print n[1] + 0, n[2] + 0 }'
}
lab_check "tshark saw all of it" lab_equal '' \
	"$(shark "tcp.srcport == 179 and tcp.analysis.lost_segment" | head -n 3)"
lab_check "nothing is malformed that an iBGP peer is sent" lab_equal '' \
	"$(shark "$(to 10.9.0.3) and $wrong" -o 'bgp.asn_len:4 octet' | cut -c 1-200 | head -n 5)"
lab_check "nor a peer with 2-octet AS numbers" lab_equal '' \
	"$(shark "$(to 192.0.2.6) and $wrong" -o 'bgp.asn_len:2 octet' | cut -c 1-200 | head -n 5)"
for number in $(cut -d ' ' -f 1 "$LAB/peers" | head -n 3); do
	lab_check "nor $number, which gets no routes" lab_equal '' "$(shark "$(to "$number") and $wrong" | head -n 5)"
done
lab_check "BIRD had nothing to object" lab_not grep -iE 'malformed|invalid|error' "$LAB/bird-b.log" "$LAB/bird-c.log"
lab_check "no frame was too much for tshark" lab_not grep -i 'dissector bug' "$LAB/tshark.err"
lab_check "as many OPENs and UPDATEs to the observer as we count ($of_observer)" \
	lab_equal "$of_observer" "$(seen 10.9.0.3)"
lab_check "to the client with ADD-PATH ($of_paths)" lab_equal "$of_paths" "$(seen 192.0.2.2)"
lab_check "to the peer with 2-octet AS numbers ($of_old)" lab_equal "$of_old" "$(seen 192.0.2.6)"
lab_check "the shutdown communication is read by it (RFC 9003)" \
	grep -q 'Wartung, bis sp' <(shark "$(to 192.0.2.6) and bgp.type == 3" -T fields -e bgp.notify.communication)
lab_check "AS4_PATH goes to the peer with 2-octet numbers (RFC 6793 4.2.2)" \
	test -n "$(shark "$(to 192.0.2.6) and bgp.update.path_attribute.type_code == 17" -o 'bgp.asn_len:2 octet' | head -n 1)"
lab_check "path identifiers go to the client (RFC 7911 3)" \
	test -n "$(shark "$(to 192.0.2.2) and bgp.nlri_path_id" | head -n 1)"
echo end >&"$order"
exec {order}>&-
lab_end
