#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Builds everything and passes every test.
#
#   tests/run.sh              all of it; installs the Debian packages that are missing
#   tests/run.sh NAME...      only these: a job (lab/feed, style/tidy), a folder of jobs (lab),
#                             a file's name (feed), or a test of ctest (unit_nlri)
#   tests/run.sh --list       the jobs
#
#   build/*    gcc with link-time optimisation; gcc with ASan and UBSan; clang; clang with
#              libFuzzer.  Warnings are errors in all four
#   unit/*     ctest in the first two builds: unit tests, scenarios, fuzz corpora
#   fuzz/*     each fuzzer for FUZZ_SECONDS (20)
#   style/*    format, layers, RFC citations, clang-tidy, shell scripts
#   config/*, lab/*, interop/*   scripts of the folder's name here; one line a check
#   demo/*     tests/demo.sh, with bgpd alone, with BIRD and with FRR as third node
#
# One job more than there are cores runs at a time, three at most; a script that says "# run.sh:
# alone" runs by itself.  Logs stay in build-logs/.  The last line is "N passed, N failed,
# N skipped"; exit code 1 if one failed.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
logs=$top/build-logs
fuzz_seconds=${FUZZ_SECONDS:-20}
# Off by default, and it finds what else only a fuzzer's inlining does.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1}
cores=$(nproc)

builds=(build/release build/asan build/clang build/fuzz)
demos=(demo/bgpd demo/bird demo/frr)

scripts() { # FOLDER: the executable scripts in it, as FOLDER/NAME
	local file

	for file in tests/"$1"/*.sh tests/"$1"/*.py; do
		[ -x "$file" ] || continue
		file=${file#tests/}
		echo "${file%.*}"
	done
}

script_of() { # JOB
	local file

	for file in "tests/$1.sh" "tests/$1.py"; do
		if [ -x "$file" ]; then echo "$file"; fi
	done
}

fuzzers() {
	local file

	for file in tests/fuzz/fuzz_*.c; do
		[ -e "$file" ] || continue
		file=${file##*/fuzz_}
		echo "fuzz/${file%.c}"
	done
}

all_jobs() {
	printf '%s\n' "${builds[@]}" style/format style/layers style/rfcs style/tidy style/shell \
		unit/release unit/asan
	fuzzers
	scripts config
	scripts lab
	scripts interop
	printf '%s\n' "${demos[@]}"
}

# ---------------------------------------------------------------- the jobs themselves
# Each prints "ok - what" or "not ok - what" a check; what a failed one is called suffices.

check() { # WHAT COMMAND...
	local what=$1

	shift
	if "$@"; then echo "ok - $what"; else echo "not ok - $what"; fi
}

job_build() { # PRESET
	check "configure $1" cmake --preset "$1" -Wno-dev || return 1
	check "build $1" cmake --build "build-$1" -j "$cores"
}

c_files() {
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -co --exclude-standard -- '*.c' '*.h'
	else
		find include lib bgpd tests -name '*.[ch]'
	fi
}

job_style() { # WHICH
	case $1 in
	format)
		check "clang-format has nothing to change" \
			eval 'c_files | xargs clang-format --dry-run -Werror'
		;;
	layers) check "nobody includes what lies above" tests/check-layers.py ;;
	rfcs) check "each RFC rule of the code has a test that cites it" tests/check-rfcs.py ;;
	tidy)
		check "clang-tidy finds nothing in lib/ and bgpd/" \
			run-clang-tidy -p build-clang -quiet -j "$cores" "$top/(lib|bgpd)/.*"
		;;
	shell)
		check "the scripts parse" eval \
			'for f in tests/*.sh tests/*/*.sh .ci/run; do bash -n "$f" || exit 1; done'
		check "the Python files compile" eval 'python3 -c "
import pathlib
for f in pathlib.Path(\"tests\").rglob(\"*.py\"):
    compile(f.read_bytes(), f, \"exec\")"'
		;;
	esac
}

# ctest's own table becomes a line a test; only what failed shows its output.
job_unit() { # BUILD [REGEX]
	local table=$logs/unit-$1.ctest

	# Check's own limit of 4 s a case is for a machine of its own, without sanitizers
	CK_TIMEOUT_MULTIPLIER=20 ctest --test-dir "build-$1" -j "$cores" --output-on-failure --no-tests=error \
		-R "${2:-.}" >"$table" 2>&1
	sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: (\S+) \.+ *(Passed|\*{3}[A-Za-z ]+).*$/\1 \2/p' "$table" |
		awk '$2 == "Passed"     { print "ok - " $1; next }
		     $2 == "***Skipped" { print "ok - " $1 " # SKIP"; next }
		                        { print "not ok - " $1 }'
	grep -q '^100% tests passed' "$table" || cat "$table"
}

job_fuzz() { # NAME
	local corpus=$logs/corpus-$1 seeds=tests/fuzz/corpus/$1

	rm -rf "$corpus"
	mkdir -p "$corpus"
	[ -d "$seeds" ] || seeds=''
	# shellcheck disable=SC2086 # no seeds, no word
	check "fuzz_$1 for $fuzz_seconds s" "build-fuzz/tests/fuzz/fuzz_$1" \
		-max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$logs/crash-$1-" "$corpus" $seeds
}

job_demo() { # WHAT NODE 3 RUNS
	if [ "$1" = bgpd ]; then set --; else set -- --mixed "$1"; fi
	BGPD_BUILD=$top/build-release timeout -k 20 300 tests/demo.sh "$@"
}

job_script() { # JOB
	BGPD_BUILD=$top/build-$(build_of "$1") timeout -k 20 300 "$(script_of "$1")"
}

# ---------------------------------------------------------------- running them

build_of() { # JOB: the preset it needs
	case $1 in
	build/*) echo "${1#build/}" ;;
	unit/asan*) echo asan ;;
	interop/*) echo asan ;; # other people's messages are where a sanitizer pays
	fuzz/*) echo fuzz ;;
	style/tidy) echo clang ;;
	style/*) ;;
	*) echo release ;;
	esac
}

log_of() { # JOB
	echo "$logs/${1//[^A-Za-z0-9_]/-}.log"
}

run_job() { # JOB: prints its result, and its log if it failed; counts go to $logs/counts
	local job=$1 log code began=$SECONDS passed failed skipped

	log=$(log_of "$job")
	(
		set +e
		case $job in
		build/*) job_build "${job#build/}" ;;
		style/*) job_style "${job#style/}" ;;
		unit/*/*) job_unit "$(cut -d/ -f2 <<<"$job")" "${job#unit/*/}" ;;
		unit/*) job_unit "${job#unit/}" ;;
		fuzz/*) job_fuzz "${job#fuzz/}" ;;
		demo/*) job_demo "${job#demo/}" ;;
		*) job_script "$job" ;;
		esac
	) >"$log" 2>&1 &
	wait $!
	code=$?
	skipped=$(grep -ciE '^(ok .*|1\.\.0 *)# skip' "$log")
	passed=$(($(grep -c '^ok ' "$log") - $(grep -ciE '^ok .*# skip' "$log")))
	failed=$(grep -c '^not ok ' "$log")
	if [ "$failed" = 0 ] && { [ $code != 0 ] || [ $((passed + skipped)) = 0 ]; }; then
		echo "not ok - $job ended with exit code $code" >>"$log"
		failed=1
	fi
	{
		flock 9
		echo "$passed $failed $skipped" >>"$logs/counts"
		printf '%-24s %3d passed' "$job" "$passed"
		[ "$failed" = 0 ] || printf ', %d FAILED' "$failed"
		[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
		printf '  (%d s)\n' $((SECONDS - began))
		grep -iE '^(ok .*|1\.\.0 *)# skip' "$log" | sed 's/^/    /'
		if [ "$failed" != 0 ]; then
			grep -E '^not ok ' "$log" | sed 's/^/    /'
			echo "    the log ($log):"
			tail -n 150 "$log" | sed 's/^/    | /'
		fi
	} 9>>"$logs/lock"
	[ "$failed" = 0 ]
}

worker() { # JOB...: takes those that nobody has taken yet
	local job

	for job; do
		mkdir "$logs/taken/${job//\//-}" 2>/dev/null || continue
		run_job "$job"
	done
}

# ---------------------------------------------------------------- which

selected() { # NAME: the jobs it means, one a line
	local name=$1 job found=false

	for job in "${jobs[@]}"; do
		case $job in
		"$name" | "$name"/* | */"$name")
			echo "$job"
			found=true
			;;
		esac
	done
	$found || printf '%s\n' "unit/release/$name" "unit/asan/$name"
}

needed_builds() { # JOB...
	local job build

	for job; do
		build=$(build_of "$job")
		[ -z "$build" ] || echo "build/$build"
	done | sort -u
}

is_alone() { # JOB
	local script

	script=$(script_of "$1")
	[ -n "$script" ] && grep -q '^# run.sh: alone' "$script"
}

mapfile -t jobs < <(all_jobs)
case ${1:-} in
-l | --list)
	printf '%s\n' "${jobs[@]}"
	exit 0
	;;
-*)
	sed -n '5,10s/^#  \{0,1\}//p' "$0"
	exit 2
	;;
esac

"$top/tests/packages.sh" test || exit 1
rm -rf "$logs"
mkdir -p "$logs/taken"
if [ $# -gt 0 ]; then
	mapfile -t wanted < <(for name; do selected "$name"; done)
else
	wanted=("${jobs[@]}")
fi

# A build that fails fails what needs it; the others go on.
mapfile -t first < <(needed_builds "${wanted[@]}")
declare -A broken=()
for job in "${first[@]}"; do
	run_job "$job" || broken[$job]=1
done

units=() both=() alone=()
for job in "${wanted[@]}"; do
	build=$(build_of "$job")
	if [[ $job = build/* ]]; then
		continue
	elif [ -n "$build" ] && [ -n "${broken[build/$build]:-}" ]; then
		printf '%-24s not run: build/%s failed\n' "$job" "$build"
		echo "0 1 0" >>"$logs/counts"
	elif [[ $job = demo/* ]]; then
		alone+=("$job") # they measure seconds, and share names
	elif [[ $job = unit/* ]]; then
		units+=("$job") # ctest uses all cores itself
	elif is_alone "$job"; then
		alone+=("$job")
	else
		both+=("$job")
	fi
done
for job in "${units[@]}"; do
	run_job "$job"
done
# One more than there are processors: most of them wait for timers, the most of the time.
for ((i = 0; i <= cores && i < 3; i++)); do
	worker "${both[@]}" &
done
wait
for job in "${alone[@]}"; do
	run_job "$job"
done

awk '{ passed += $1; failed += $2; skipped += $3 }
     END { printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
           exit failed > 0 || passed == 0 }' "$logs/counts"
