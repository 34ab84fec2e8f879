/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What scripts/insn_count.c and insn_stack.c use of QEMU's interface to TCG plugins, version 1, as
 * docs/devel/tcg-plugins.rst of QEMU 7.2 describes it. Declared here because Debian
 * ships no qemu-plugin.h.
 */
#ifndef IPCSCOPE_PLUGIN_H
#define IPCSCOPE_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLUGIN_EXPORT	__attribute__((visibility("default")))

struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
typedef void (*plugin_tb_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*plugin_exit_cb)(qemu_plugin_id_t id, void *arg);
typedef void (*plugin_insn_cb)(unsigned int vcpu, void *arg);
typedef void (*plugin_mem_cb)(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
			      void *arg);

/* enum qemu_plugin_op, enum qemu_plugin_cb_flags and enum qemu_plugin_mem_rw */
#define PLUGIN_INLINE_ADD_U64	0
#define PLUGIN_NO_REGS		0
#define PLUGIN_MEM_RW		3

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, plugin_tb_cb cb);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, plugin_exit_cb cb, void *arg);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
						void *ptr, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, plugin_insn_cb cb,
					    int flags, void *arg);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, plugin_mem_cb cb,
				      int flags, int rw, void *arg);

/* What QEMU looks for. */
extern PLUGIN_EXPORT int qemu_plugin_version;
PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info,
				      int argc, char **argv);

#endif /* IPCSCOPE_PLUGIN_H */
