#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the fuzz corpora reach: replays them in a build with coverage and lists, file by
# file, the functions of the decoders (lib/wire, lib/conf and the parser in bgpd/) that
# stayed dark.  Exit code 1 if there is one.
#
#   tests/fuzz/coverage.sh [FOLDER]   FOLDER/NAME: further corpora, from a long run
#
# Encoders, texts, and the opening of files are not in question: only what parses octets or
# a configuration is.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build-coverage
more=${1:-}
version=$(clang --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
flags='-fprofile-instr-generate -fcoverage-mapping'

command -v "llvm-cov-$version" >/dev/null || {
	apt-get -qq update && apt-get -qq install -y --no-install-recommends "llvm-$version"
}
cmake -S "$top" -B "$build" -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
	-DCMAKE_C_FLAGS="$flags" >/dev/null
targets=(message open update config)
cmake --build "$build" -j"$(nproc)" --target "${targets[@]/#/fuzz_}" >/dev/null

objects=()
for name in "${targets[@]}"; do
	binary=$build/tests/fuzz/fuzz_$name
	corpora=("$top/tests/fuzz/corpus/$name")
	if [ -n "$more" ] && [ -d "$more/$name" ]; then corpora+=("$more/$name"); fi
	LLVM_PROFILE_FILE=$build/$name.profraw "$binary" "${corpora[@]}" >/dev/null
	if [ ${#objects[@]} = 0 ]; then objects=("$binary"); else objects+=(-object "$binary"); fi
done
"llvm-profdata-$version" merge -o "$build/all.profdata" "$build"/*.profraw
report=$("llvm-cov-$version" report -show-functions -instr-profile="$build/all.profdata" \
	"${objects[@]}" "$top"/lib/wire/*.c "$top"/lib/conf/*.c "$top"/bgpd/config*.c)
# Columns: name, regions, missed regions, cover …; a dark function has missed them all.
dark=$(awk '/^File/ { file = $2; gsub("\x27|:$", "", file); sub(".*/(lib|bgpd)/", "", file) }
	$1 ~ /(_put|_name|_data|_print|:file_[a-z]+|:include_[a-z]+|config_read)$/ { next }
	$1 ~ /:(is_being_read|error_ignore)$/ { next }
	NF >= 10 && $1 != "TOTAL" && $2 == $3 { print "  " file " " $1 }' <<<"$report")
printf '%s\n' "$report" | awk '/^File/ { file = $2 } /^TOTAL/ { print file, $4 }' |
	sed "s,$top/,," | sort -u
if [ -n "$dark" ]; then
	printf 'never run:\n%s\n' "$dark"
	exit 1
fi
echo "no function stayed dark"
