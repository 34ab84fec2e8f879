# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# What scripts/check runs where: which directory's tests in which guest, and which of the
# host's scripts; on that script's variables.
# shellcheck disable=SC2154

# executables FIND-ARGUMENT...: such files, relative to the tree, in byte order.
executables()
{
	(cd "$TREE" && { find "$@" -type f -executable 2>/dev/null || true; } | sort)
}

# room_lines ROOM KEY: the lines KEY=NAME WORD... of a room's settings, without KEY=.
room_lines()
{
	sed -n "s/^$2=//p" "$TREE/selftests/$1/settings" 2>/dev/null || true
}

# all_rooms: those that were asked for, or all.
all_rooms()
{
	local dir

	for dir in "$TREE"/selftests/*/; do
		dir=$(basename "$dir")
		[[ -n $rooms && " $rooms " != *" $dir "* ]] || echo "$dir"
	done
}

# host_tests: the unit tests and scripts of the host, but for those that belong to a kernel.
host_tests()
{
	local room

	executables build/tests
	for room in $(rooms='' all_rooms); do
		[ -n "$(room_lines "$room" with)" ] || executables "selftests/$room" -name '*_host.sh'
	done
}

# kernel_tests NAME: the host's scripts that belong to this kernel.
kernel_tests()
{
	local room words

	for room in $(all_rooms); do
		while read -ra words; do
			[ "${words[0]}" != "$1" ] || printf "selftests/$room/%s_host.sh\n" "${words[@]:1}"
		done < <(room_lines "$room" with)
	done
}

# with_kernel NAME: run them.
with_kernel()
{
	local tests

	mapfile -t tests < <(kernel_tests "$1")
	[ ${#tests[@]} = 0 ] || (cd "$TREE" && "$here/run-tests" -p "$1/" "${tests[@]}")
}

# room_tests ROOM VARIABLE...: what these are in its Makefile (one that was not built is
# then a failure), and unless it is about smoke the scripts of one that builds nothing.
room_tests()
{
	local dir=selftests/$1/
	shift

	cd "$TREE" || return
	if [ -d "build/$dir" ]; then
		# shellcheck disable=SC2016 # for make to expand
		make -s --no-print-directory -C "$dir" \
			--eval "names: ; @printf '%s\n' $(printf '$(%s) ' "$@")" names |
			sed -n "s#^[^ ]#build/$dir&#p"
	elif [ "$1" != TEST_SMOKE ]; then
		executables "$dir" -maxdepth 1 -name '*.sh' ! -name '*_host.sh'
	fi
}

# guest NAME SUITE OPTIONS TEST...: debug kernels are slower by about this factor, and all
# virtual CPUs take turns. Options that name a time have it.
guest()
{
	local status=0 name=$1 suite=$2 options slow=1 seconds=600
	read -ra options <<<"$3"
	[[ $3 != *"--smp 8"* ]] || seconds=1200
	shift 3

	[[ $name != *-k[ac]san ]] || slow=6
	"$here/vm" --kernel "$name" --timeout $((seconds * slow)) "${options[@]}" -- \
		scripts/guest-tests "$suite" $slow "$@" </dev/null 2>&1 || status=$?
	printf '\n# suite %s/vm\n1..1\n' "$suite"
	[ $status = 0 ] || printf 'not '
	printf 'ok 1 the guest comes up, goes down and its kernel does not complain: status %d\n' $status
	printf '# suite-end %s/vm 0\n' "$suite"
}

# guests NAME VARIABLE...: all tests on a kernel. Rooms that do not mind share a guest,
# of two nodes for what is about them.
guests()
{
	local kernel=$1 room name options tests shared=()
	shift

	for room in $(all_rooms); do
		[ -n "$(room_lines "$room" guest)" ] || mapfile -t -O ${#shared[@]} shared < <(room_tests "$room" "$@")
	done
	[ ${#shared[@]} = 0 ] || pool guest "$kernel" "$kernel" "--cpus 2 --numa 2" "${shared[@]}"
	for room in $(all_rooms); do
		mapfile -t tests < <(room_tests "$room" "$@")
		while read -r name options; do
			[ ${#tests[@]} = 0 ] || pool guest "$kernel" "$kernel/$name" "$options" "${tests[@]}"
		done < <(room_lines "$room" guest; [ -z "$more" ] || room_lines "$room" more)
	done
}
