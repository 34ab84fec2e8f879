# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The house rules of scripts/lint, which need no checker: each prints what breaks it, and
# nothing if nothing does.  files() comes from rules.sh.

# A function's body begins and ends with a brace in the first column.
rule_functions()
{
	files '*.c' '*.h' | xargs -r -d '\n' awk '
		/^\{/ { start = FNR }
		/^\}/ && start {
			if (FNR - start > 80)
				printf "%s:%d: function of %d lines; 80 is the limit\n", FILENAME, start, FNR - start
			start = 0
		}'
}

rule_lengths()
{
	files . | while IFS= read -r file; do
		case $file in
		user/mech/*.[ch])	max=150 ;;
		*.c|*.h)		max=600 ;;
		Makefile|*/Makefile)	max=100 ;;
		scripts/*)		max=150 ;;
		*)			continue ;;
		esac
		lines=$(wc -l <"$file")
		[ "$lines" -le "$max" ] || echo "$file: $lines lines; $max is the limit"
	done
}

rule_versions()
{
	files '*.c' '*.h' ':!kmod/compat.h' ':!bpf/drift.bpf.h' |
		xargs -r -d '\n' grep -nHE 'LINUX_VERSION_CODE|\bKERNEL_VERSION\b' || true
}

# Mechanisms never time, sleep for a time, print, pin, fork, parse or exit: comments may name
# it all.
rule_mechanisms()
{
	local calls='v?[fsd]?printf|v?asprintf|puts|fputs|putchar|perror|v?warnx?|v?errx?|v?syslog'
	calls+='|v?fork|clone3?|posix_spawnp?|system|popen|exec[vl][pe]*|pthread_create|thrd_create'
	calls+='|_?exit|_Exit|exit_group|abort|sched_setaffinity|sched_setscheduler|pthread_setaffinity_np'
	calls+='|clock_gettime|gettimeofday|time|times|getrusage|clock|__rdtscp?|_rdtscp?|now|clock_now'
	calls+='|(clock_)?nanosleep|u?sleep|thrd_sleep|alarm|setitimer|timer_create|timerfd_create|getopt(_long)?'

	files 'user/mech/*.[ch]' | while IFS= read -r file; do
		gcc -fpreprocessed -dD -E "$file" 2>/dev/null | sed 's/"[^"]*"//g' |
			grep -nE "(^|[^A-Za-z0-9_>.])($calls) ?\(" | sed "s#^#$file: #" || true
	done
}

rule_sizes()
{
	files . | while IFS= read -r file; do
		size=$(stat -c %s "$file")
		[ "$size" -le 262144 ] || echo "$file: $size bytes; 262144 is the limit"
	done
}

rule_whitespace()
{
	files . ':!COPYING' | xargs -r -d '\n' grep -nHIE '[[:space:]]+$' || true
	files . ':!COPYING' | while IFS= read -r file; do
		! grep -qI . "$file" || [ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at the end"
	done
}
