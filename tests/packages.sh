#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/packages.sh GROUP...: the one list of the Debian packages that building, the
# demonstration and the tests need; installs those that are missing and is done at once
# where none is.  Groups: build, demo, bench, bird, frr, test (all of it).
#
# No daemon's service is started by being installed: Debian asks policy-rc.d first.
set -euo pipefail

build='gcc libc6-dev make cmake pkg-config libevent-dev libnl-3-dev libnl-route-3-dev
	libconfuse-dev libjansson-dev'
demo='iproute2 iputils-ping containernetworking-plugins jq procps'
bird='bird2'
frr='frr'
peers="$bird $frr gobgpd openbgpd exabgp"
checks='check clang clang-format clang-tidy libclang-rt-14-dev git user-mode-linux kmod tshark
	tcpdump'
tools='python3'

wanted=''
for group in "${@:-test}"; do
	case $group in
	build) wanted+=" $build" ;;
	demo) wanted+=" $build $demo" ;;
	bird) wanted+=" $bird" ;;
	bench) wanted+=" $build $demo $peers python3" ;;
	frr) wanted+=" $frr" ;;
	test) wanted+=" $build $demo $peers $checks $tools" ;;
	*) echo "packages.sh: no group '$group': build, demo, bench, bird, frr or test" >&2
	   exit 2 ;;
	esac
done

# dpkg-query fails where one of them is unknown to it, which says nothing about the others
installed=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null || true; } |
	sed -n 's/^installed //p')
lacking=$(tr -s ' \t\n' '\n' <<<"$wanted" | sort -u | grep -v '^$' |
	grep -vxF -e "$installed" || true)
[ -n "$lacking" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "packages.sh: run as root to install:" $lacking >&2
	exit 1
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	trap 'rm -f $policy' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing:" $lacking
apt-get -qq update
apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends $lacking
