// SPDX-License-Identifier: GPL-2.0
/* Known costs: see inject.h. */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "inject.h"

/* A tenth of a second at worst, with a lock held: nobody needs more to see it. */
#define INJECT_MAX	(100 * 1000 * 1000)

DEFINE_STATIC_KEY_FALSE(ipcring_inject_sends);

static unsigned int inject_send;

/* Serialized by the lock of the module's parameters. */
static int inject_set(const char *val, const struct kernel_param *kp)
{
	int ret = param_set_uint_minmax(val, kp, 0, INJECT_MAX);

	if (ret)
		return ret;
	if (inject_send)
		static_branch_enable(&ipcring_inject_sends);
	else
		static_branch_disable(&ipcring_inject_sends);
	return 0;
}

static const struct kernel_param_ops inject_ops = {
	.set = inject_set,
	.get = param_get_uint,
};

module_param_cb(inject_send, &inject_ops, &inject_send, 0644);
__MODULE_PARM_TYPE(inject_send, "uint");
MODULE_PARM_DESC(inject_send, "Instructions added to each send of a channel, to test what measures");

/* The call and what is around the loop take about ten more. */
noinline void ipcring_inject_work(void)
{
	long left = READ_ONCE(inject_send);

	/* Three instructions: subtract, test, jump. */
	while (left > 0) {
		left -= 3;
		OPTIMIZER_HIDE_VAR(left);
	}
}
