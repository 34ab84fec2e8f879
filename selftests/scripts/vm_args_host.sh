#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016 # for eval, or the guest
# scripts/vm and its like: what the command line says reaches QEMU or virtme-ng, a kernel is
# named by path everywhere, and contradictions are refused in one line.  Nothing is booted:
# qemu-system-x86_64 and vng are stand-ins that note their arguments.

scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
. "$(dirname "$0")/../ktap.sh"
export TREE=$tmp/tree
mkdir -p "$tmp/bin" "$TREE/scripts" "$tmp/own/include/config" "$tmp/empty"
cat >"$tmp/bin/qemu-system-x86_64" <<END
#!/bin/sh
printf '%s\n' "\$@" >"$tmp/args"
END
# Runs the command as the guest would; its kernel has nothing to say.
cat >"$tmp/bin/vng" <<END
#!/bin/sh
printf '%s\n' "\$@" >"$tmp/args"
while [ \$# -gt 1 ]; do
	[ "\$1" != --exec ] || command=\$2
	shift
done
exec sh -c "\$command"
END
cat >"$tmp/bin/dmesg" <<END
#!/bin/sh
cat "$tmp/kernel.log"
END
chmod +x "$tmp"/bin/*
PATH=$tmp/bin:$PATH
: >"$tmp/kernel.log"
: >"$tmp/image"
echo 9.9.0-own >"$tmp/own/include/config/kernel.release"
echo CONFIG_KASAN=y >"$tmp/own/.config"
own=$tmp/image:$tmp/own

# vm OPTION...: leaves the arguments in $tmp/args; sets status.
vm()
{
	rm -f "$tmp/args"
	"$scripts/vm" --kernel "$own" --no-module "$@" -- true >"$tmp/out" 2>"$tmp/log"
	status=$?
}

# said OPTION VALUE: QEMU or vng was given it.
said()
{
	grep -A 1 -Fx -- "$1" "$tmp/args" 2>/dev/null | grep -qFx -- "$2"
}

# gives SMP OPTION...
gives()
{
	vm "${@:2}"
	said -smp "$1"
}

# refused WORD STATUS COMMAND...: with one line on stderr, that has WORD, and no guest.
refused()
{
	rm -f "$tmp/args"
	"${@:3}" >"$tmp/out" 2>"$tmp/log"
	status=$?
	[ "$status:$(grep -cF -- "$1" "$tmp/log"):$(wc -l <"$tmp/log")" = "$2:1:1" ] && [ ! -e "$tmp/args" ]
}

no()
{
	refused "$1" 125 "$scripts/vm" --kernel "$own" --no-module "${@:2}" -- true
}

echo "KTAP version 1"
echo "1..39"

check "two CPUs in one socket" gives 2,sockets=1,cores=2,threads=1
check "--cpus" gives 3,sockets=1,cores=3,threads=1 --cpus 3
check "--sockets, --cores and --threads" gives 12,sockets=2,cores=3,threads=2 --sockets 2 --cores 3 --threads 2
check "the cores follow from --cpus" gives 8,sockets=2,cores=2,threads=2 --cpus 8 --sockets 2 --threads 2
check "--cpus that agrees" gives 4,sockets=2,cores=2,threads=1 --cpus 4 --sockets 2 --cores 2
check "threads alone" gives 2,sockets=1,cores=1,threads=2 --threads 2
check "--smp" gives 4,sockets=2,cores=1,threads=2 --smp 4,sockets=2,cores=1,threads=2
check "--smp of one number" gives 4,sockets=1,cores=4,threads=1 --smp 4
check "one CPU that counts instructions" gives 1,sockets=1,cores=1,threads=1 --insn
vm --cpus 4 --numa 2 --mem 768
check "--numa: the first half" said -numa node,nodeid=0,memdev=node0,cpus=0-1
check "--numa: the second half" said -numa node,nodeid=1,memdev=node1,cpus=2-3
check "--numa: its memory" said -object memory-backend-ram,id=node1,size=384M

check "--cpus and --smp" no "--cpus 4" --smp 4 --cpus 4
check "--threads and --smp" no "--threads 2" --threads 2 --smp 4
check "sockets x cores are not --cpus" no "make 4" --cpus 6 --sockets 2 --cores 2
check "--cpus that sockets do not divide" no "--sockets 2" --cpus 5 --sockets 2
check "no CPU" no "--cpus 0" --cpus 0
check "no socket" no "--sockets 0" --sockets 0
check "a number that is none" no "--cores two" --cores two
check "a value that is missing" refused "--threads" 125 "$scripts/vm" --threads
check "nodes that do not share evenly" no "--numa 3" --cpus 4 --numa 3
check "nodes that part a core" no "part the 2 threads" --sockets 1 --cores 1 --threads 2 --numa 2
check "several CPUs that count, on a kernel that cannot" no "9.9.0-own" --insn --cores 2

vm
check "an own kernel is booted" said -kernel "$tmp/image"
check "its configuration is heeded" said -m 1024
check "--vmlinux and --build are the same" eval '"$scripts/vm" --vmlinux "$tmp/image" --build "$tmp/own" --no-module -- true >"$tmp/log" 2>&1; said -kernel "$tmp/image"'
check "an own kernel's module is not there" refused "9.9.0-own/ipcring.ko" 125 "$scripts/vm" --kernel "$own" -- true
check "vm: an image that is not there" refused "$tmp/nowhere cannot be read" 125 "$scripts/vm" --kernel "$tmp/nowhere:$tmp/own" --no-module -- true
check "vm: no build directory" refused "no kernel was built in" 125 "$scripts/vm" --kernel "$tmp/image:$tmp/empty" --no-module -- true
check "kmod: no build directory" refused "no kernel was built in" 3 "$scripts/kmod" "$tmp/image:$tmp/empty"
check "where: no build directory" refused "no kernel was built in" 2 "$scripts/where" --kernel "$tmp/image:$tmp/empty" pipe
check "matrix: no build directory" refused "no kernel was built in" 2 "$scripts/matrix" --kernels "6.1 $tmp/image:$tmp/empty"
check "matrix: two of one release" refused "another 9.9.0-own" 2 "$scripts/matrix" --kernels "$own $own"

check "virtme-ng: a kernel that has nothing for it" no "virtio and 9p or virtiofs" --virtme
printf '%s\n' CONFIG_VIRTIO_PCI=y CONFIG_9P_FS=y >"$tmp/own/.config"
check "virtme-ng: instruction mode is refused" no "leave --virtme out" --virtme --insn
vm --virtme --sockets 2 --mem 600 --append "one two" -- sh -c 'echo said; exit 77' 2>"$tmp/log"
check "virtme-ng: the machine and the kernel" eval 'said --run "$tmp/image" && said --cpus 2,sockets=2,cores=1,threads=1 && said --memory 600M && said --append "one two"'
check "virtme-ng: the command's status and words" eval '[ "$("$scripts/vm" --kernel "$own" --no-module --virtme -- sh -c "echo said; exit 77"):$?" = said:77 ]'
check "virtme-ng: the directory for files" eval '"$scripts/vm" --kernel "$own" --no-module --virtme --out "$tmp/files" -- sh -c "echo new >\"\$OUT/file\"" && [ "$(cat "$tmp/files/file")" = new ] && said --rwdir "$tmp/files"'
echo "[    1.0] WARNING: CPU: 0 PID: 1 at somewhere" >"$tmp/kernel.log"
vm --virtme
check "virtme-ng: a kernel that complains" [ "$status" = 99 ]
