# SPDX-License-Identifier: BSD-2-Clause
#
# Completion of bgpctl in bash.  Names of peers are asked of the daemon, one object a line
# that begins with the name.

_bgpctl_peers() {
	bgpctl "${socket[@]}" -j show peers 2>/dev/null |
		sed -n 's/^,\{0,1\}{"name":"\([^"]*\)".*/\1/p'
}

_bgpctl() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local -a socket=() words=()
	local -a choices=()
	local i choice

	COMPREPLY=()

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | --socket)
			socket=(-s "${COMP_WORDS[i + 1]}")
			i=$((i + 1))
			;;
		-*) ;;
		*) words+=("${COMP_WORDS[i]}") ;;
		esac
	done
	case $previous in
	-s | --socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	esac

	case "${words[*]}" in
	'')
		choices=(show explain peer reload log shutdown version)
		[[ $current != -* ]] || choices=(-s -j -V -h)
		;;
	show) choices=(peers peer routes kernel groups memory) ;;
	'show peer' | peer) mapfile -t choices < <(_bgpctl_peers) ;;
	'show routes'*)
		case $previous in
		from | sent) mapfile -t choices < <(_bgpctl_peers) ;;
		family) choices=(ipv4 ipv6) ;;
		*) choices=(longer best from sent family) ;;
		esac
		;;
	'peer '*' refresh') choices=(in out) ;;
	'peer '*) [ ${#words[@]} != 2 ] || choices=(enable disable restart refresh) ;;
	log) choices=(debug info notice warning error) ;;
	esac
	# Not compgen -W: it would expand what a name holds.
	for choice in "${choices[@]}"; do
		[[ $choice != "$current"* ]] || COMPREPLY+=("$(printf %q "$choice")")
	done
}
complete -F _bgpctl bgpctl
