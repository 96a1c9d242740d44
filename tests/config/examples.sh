#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Every configuration that this project shows to a user is a right one: the files under etc/
# and the ones in README.md.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"

lab_begin examples

# The README's blocks between ``` lines: the peer file, then the node's own.
awk -v dir="$LAB" '
	/^```/ { inside = !inside; n += inside; next }
	inside { print >(dir "/" (n == 1 ? "cluster.conf" : "readme-" n ".conf")) }' \
	"$lab_top/README.md"
lab_check "README.md shows a configuration" test -s "$LAB/readme-2.conf"

accepted() { # FILE
	NODE_NAME=n1 "$bgpd" --check --config "$1"
}

# The README leaves it to the daemon to find its node by its address.
as_node() { # FILE
	sed -i 's/^router { as/router { node = "n1" as/' "$1"
}
as_node "$LAB/readme-2.conf"

for file in "$lab_top"/etc/bgpd.conf "$lab_top"/etc/examples/*.conf "$LAB"/readme-*.conf; do
	lab_check "${file#"$lab_top/"} is accepted" accepted "$file"
done

# Without an error the check above could not fail.
sed 's/address = /adress = /' "$LAB/cluster.conf" >"$LAB/wrong.conf"
echo 'router { as = 64512 }' >>"$LAB/wrong.conf"
accepted "$LAB/wrong.conf" 2>"$LAB/errors"
lab_check "a wrong one is not: exit code 78" test $? = 78
lab_check "and the line is named" grep -E 'wrong.conf:2: .*adress' "$LAB/errors"
