#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/vm: what a command in the guest says and does reaches the caller
# unchanged, and nothing that goes wrong in there passes for success.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$(dirname "$0")/../ktap.sh"

# vm ARGUMENT...: sets out and status.
vm()
{
	out=$("$top/scripts/vm" --no-module "$@" 2>"$tmp/log")
	status=$?
}

# A module whose only deed is a WARN.
warner()
{
	mkdir "$tmp/warner"
	cat >"$tmp/warner/warner.c" <<-END
		#include <linux/module.h>
		static int __init warner_init(void)
		{
			WARN_ON(1);
			return 0;
		}
		module_init(warner_init);
		MODULE_LICENSE("GPL");
	END
	echo 'obj-m := warner.o' >"$tmp/warner/Kbuild"
	OUT=$tmp/out KMOD=$tmp/warner "$top/scripts/kmod" 6.1 2>"$tmp/log"
}

# 256 KiB that no two bytes of are alike for long, in the guest and here.
noise()
{
	seq 1 100000 | head -c 262144
}

echo "KTAP version 1"
echo "1..13"

words=("a'b" 'c  d' "\$HOME" '"x"' $'new\nline' '*' '' "\\" --kernel)
vm -- printf '[%s]' "${words[@]}"
check "arguments survive quoting" [ "$out" = "$(printf '[%s]' "${words[@]}")" ]

vm -- sh -c 'echo out; echo err >&2; exit 77'
check "the command's status" [ $status = 77 ]
check "stdout is stdout" [ "$out" = out ]
check "stderr is stderr" grep -qx err "$tmp/log"

vm --out "$tmp/files" -- sh -c 'mkdir /out/d && seq 1 100000 | head -c 262144 >"/out/d/a b"; exit 255'
check "status 255" [ $status = 255 ]
check "files come out whole" cmp "$tmp/files/d/a b" <(noise)

vm -- sh -c 'cd /sys/module && ls -d veth vsock_loopback binder_linux >/dev/null && cat /proc/sys/kernel/tainted'
check "the modules that mechanisms rest on are loaded, as the kernel's own" [ "$out" = 0 ]

vm --timeout 4 -- sh -c 'while :; do :; done'
check "timeout" [ $status = 124 ]

vm -- poweroff -f
check "a guest that leaves without a word" [ $status = 125 ]

vm -- sh -c 'echo c >/proc/sysrq-trigger; sleep 100'
check "panic" [ $status = 99 ]

module=$(warner)
mkdir -p "$tmp/tree/scripts"
TREE=$tmp/tree vm -- true
check "a tree without anything built" [ $status = 0 ]
release=$(basename "$(dirname "$module")")
mkdir -p "$tmp/tree/build/$release"
cp "$module" "$tmp/tree/build/$release/"
TREE=$tmp/tree vm -- insmod "build/$release/warner.ko"
check "WARN fails a command that succeeded" [ $status = 99 ]

insn=("--insn" -- sh -c 'dmesg; cat /proc/stat /proc/uptime; head -c 64 /dev/urandom | sha256sum')
vm "${insn[@]}"
first=$out
umask 077
vm "${insn[@]}"
check "instruction mode repeats to the last digit" [ "$status:${out:-nothing}" = "0:$first" ]
