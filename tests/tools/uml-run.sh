#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/tools/uml-run.sh [-t SECONDS] COMMAND...
#
# Runs a command as root under another kernel, Debian's user-mode Linux, for what the
# machine's own lacks: IP in IP above all.  The guest sees this machine's files; what it
# writes is lost.  Its output is the command's, its exit code, too; 124: it took too long,
# 125: the guest did not come that far.
set -u
limit=300
if [ "${1:-}" = -t ]; then limit=$2; shift 2; fi
[ $# -gt 0 ] || { sed -n 4p "$0" >&2; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
build=${BGPD_BUILD:-$here/../../build-release}
work=$(mktemp -d /tmp/uml.XXXXXX)
trap 'rm -rf "$work"' EXIT
{
	printf 'cd %q || exit 125\n' "$PWD"
	printf '%q ' "$@"
	echo
} >"$work/command"
# The guest's memory is a file that it executes from.
TMPDIR=/dev/shm LD_PRELOAD=$build/tests/tools/libuml_xstate.so \
	timeout -k 5 "$limit" linux.uml mem=1024M rootfstype=hostfs rootflags=/ ro \
	"init=$here/uml-init.sh" "uml.work=$work" con=null con0=null,fd:2 con1=null,fd:1 ssl=null \
	quiet </dev/null 2>"$work/console"
code=$?
if [ -e "$work/code" ]; then exit "$(cat "$work/code")"; fi
[ $code = 124 ] && exit 124
cat "$work/console" >&2
exit 125
