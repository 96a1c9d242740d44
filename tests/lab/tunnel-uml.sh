#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/lab/tunnel.sh with the kernel's own IP in IP, which this machine's kernel may lack:
# in user-mode Linux.
here=$(cd "$(dirname "$0")" && pwd)
export BGPD_BUILD=${BGPD_BUILD:-$here/../../build-release}

if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP needs root"
	exit 0
fi
# The guest's kernel cannot load modules by itself: its own root has none.  Its IP in IP must
# not put a tunl0 of its own into each namespace: the daemon is to make one.
exec "$here/../tools/uml-run.sh" -t 280 env BGPD_BUILD="$BGPD_BUILD" \
	bash -c "modprobe -a ipip veth bridge && sysctl -qw net.core.fb_tunnels_only_for_init_net=1 &&
		exec '$here/tunnel.sh' ipip"
