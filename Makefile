# SPDX-License-Identifier: GPL-2.0
# The verbs.  Everything generated lies in build/; each room builds itself.

KERNEL	?= 6.1
SEEDS	?= 1
PREFIX	?= /usr/local

export V KERNEL SEEDS PREFIX DESTDIR
unexport CDPATH

Q	:= $(if $(V),,@)
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all module user bpf tests bench matrix check check-all check-debug fuzz lint vm clean \
	install install-lib help

all: module user ## build everything: module, harness and BPF programs

module: ## build build/<release>/ipcring.ko for KERNEL=6.1|6.12|...|native
	$(Q)$(CURDIR)/scripts/kmod $(KERNEL)

user: bpf ## build build/ipcscope
	$(Q)$(MAKE) -C user

bpf: ## build the BPF programs and their skeletons
	$(Q)$(MAKE) -C bpf

tests: user # the host's unit tests and the guest's selftests
	$(Q)$(MAKE) -C selftests

bench: ## compare all mechanisms; SEEDS=5 also prints the spread
	$(Q)$(CURDIR)/scripts/deps bench
	$(Q)$(MAKE) all
	$(Q)$(CURDIR)/scripts/bench

matrix: ## every mechanism, pattern and wait policy on 6.1, 6.12 and 7.3, side by side
	$(Q)$(CURDIR)/scripts/deps bench
	$(Q)$(CURDIR)/scripts/matrix --quick --smp

check: ## lint, unit tests, and the selftests in a VM
	$(Q)$(CURDIR)/scripts/deps check
	$(Q)$(CURDIR)/scripts/check

check-all: ## check, with all tests and guests on 6.1, 6.12, 7.3, -rt and -cloud
	$(Q)$(CURDIR)/scripts/deps check
	$(Q)$(CURDIR)/scripts/check --all

check-debug: ## the module's tests on kernels with KASAN, lockdep, kmemleak and KCSAN
	$(Q)$(CURDIR)/scripts/deps debug
	$(Q)$(CURDIR)/scripts/check --kernels "6.1-kasan 6.1-kcsan" --rooms "chan pcq lab"

fuzz: tests ## fuzz the ring for RUNS=N runs
	$(Q)RUNS=$(or $(RUNS),50000000) $(CURDIR)/selftests/ring/fuzz_host.sh

lint: ## checkpatch, sparse, shellcheck, kernel-doc and the house rules
	$(Q)$(CURDIR)/scripts/deps check
	$(Q)$(CURDIR)/scripts/lint

vm: module user ## a shell in a VM with KERNEL, this tree and the module
	$(Q)$(CURDIR)/scripts/vm --kernel $(KERNEL) --shell

clean: ## remove build/
	$(Q)rm -rf $(CURDIR)/build

install: user ## install ipcscope and libipcring below DESTDIR and PREFIX
	$(Q)$(MAKE) -C user install

install-lib: ## install libipcring only
	$(Q)$(MAKE) -C user/lib install

help: ## this list
	$(Q)awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
