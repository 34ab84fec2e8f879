# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2154 # here comes from lib.sh, source from lint
# The rules of scripts/lint that ask a checker: each prints what breaks it, and nothing if
# nothing does.  The others are in house.sh.

# files PATTERN...: the tracked files that are there, one a line.
files()
{
	local file

	tracked "$@" | while IFS= read -r -d '' file; do
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done
}

# Not taken from checkpatch, and why:
#   FILE_PATH_CHANGES	MAINTAINERS is the kernel's
#   LINUX_VERSION_CODE	has a rule of its own, which knows the two files that may
#   MACRO_ARG_REUSE	guesses; a macro that evaluates twice is seen in review
#   LONG_LINE_STRING	a message stays on one line, to be found by searching for it
#   YIELD (pcq_service.c)	a thread that never sleeps steps back behind its equals, no more
# in headers that user space reads:
#   BIT_MACRO		the kernel does not export BIT()
# in trace headers:
#   OPEN_ENDED_LINE, PARENTHESIS_ALIGNMENT	TRACE_EVENT() has a shape of its own
# in user space and BPF, which have other headers and C11:
#   PREFER_KERNEL_TYPES, ARRAY_SIZE, PREFER_DEFINED_ATTRIBUTE_MACRO, BIT_MACRO,
#   CAMELCASE (_Atomic, PRIu64, libbpf), VOLATILE (BPF's constants),
#   ENOSYS (what a kernel without that system call says),
#   COMPLEX_MACRO, TRAILING_SEMICOLON (lists of tables)
common=FILE_PATH_CHANGES,LINUX_VERSION_CODE,MACRO_ARG_REUSE,LONG_LINE_STRING
tracing=$common,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
userland=$common,PREFER_KERNEL_TYPES,ARRAY_SIZE,PREFER_DEFINED_ATTRIBUTE_MACRO,BIT_MACRO
userland+=,CAMELCASE,VOLATILE,COMPLEX_MACRO,TRAILING_SEMICOLON,ENOSYS

checkpatch()
{
	local flags=$1 list
	shift

	mapfile -t list < <(files "$@")
	[ ${#list[@]} = 0 ] || perl "$source/scripts/checkpatch.pl" --no-tree --strict --quiet --terse \
		--no-summary --show-types --ignore "$flags" -f "${list[@]}" || true
	rm -f .checkpatch-camelcase.*	# its notes
}

rule_checkpatch()
{
	checkpatch "$common,BIT_MACRO" kmod/ring.h 'kmod/include/*.h'
	checkpatch "$tracing" kmod/trace.h
	checkpatch "$common,YIELD" kmod/pcq_service.c
	checkpatch "$common" 'kmod/*.[ch]' ':!kmod/ring.h' ':!kmod/trace.h' ':!kmod/include' ':!kmod/pcq_service.c'
	checkpatch "$userland" '*.[ch]' ':!kmod'
}

# The compiler's W=1 and sparse have to be silent, too: on 6.1, and on the others as
# far as they are in the cache.
rule_sparse()
{
	local name release on='' missing=''

	[ -f kmod/Kbuild ] || { echo "SKIP no module yet"; return; }
	while read -r name release; do
		case $name in
		6.12|7.3)	[ "$release" != - ] || { missing+=" $name"; continue; } ;;&
		6.1|6.12|7.3)	on+=" $name"
			OUT=$BUILD/lint "$here/kmod" "$name" C=2 CF=-D__CHECK_ENDIAN__ W=1 -s --always-make 2>&1 |
				grep -vE '^Skipping BTF generation|^make|^kernels: |\.ko$' || true ;;
		esac
	done < <("$here/kernels" list)
	echo "NOTE on$on${missing:+; not on$missing, which scripts/kernels has not fetched}"
}

rule_shellcheck()
{
	local list

	mapfile -t list < <(files . | while IFS= read -r file; do
		head -n 1 "$file" | grep -qaE '^#!.*[ /](ba)?sh$|^# shellcheck shell' && printf '%s\n' "$file"
	done)
	shellcheck -x -P SCRIPTDIR -P scripts -f gcc "${list[@]}" || true
}

rule_kernel_doc()
{
	local list

	mapfile -t list < <(files 'kmod/*.h' 'user/*.h')
	[ ${#list[@]} = 0 ] || perl "$source/scripts/kernel-doc" -none "${list[@]}" 2>&1 |
		grep -v 'no structured comments found' || true
}
