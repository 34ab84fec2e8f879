// SPDX-License-Identifier: GPL-2.0
/*
 * Bugs on purpose, one of each class that the debug kernels are there for: loading it with
 * bug=NAME does something that is right, and with planted=1 the same thing wrongly. For the
 * tests of the lab only: nothing else builds it, and no guest but theirs has it.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *bug = "";
module_param(bug, charp, 0);
MODULE_PARM_DESC(bug, "uaf, locks, atomic, leak or race");

static bool planted;
module_param(planted, bool, 0);
MODULE_PARM_DESC(planted, "Do it wrongly");

/* More than any cache's free list needs, and of no other size in here. */
#define PLANT_BYTES	512

static int plant_uaf(void)
{
	char *mem = kzalloc(PLANT_BYTES, GFP_KERNEL);
	char byte;

	if (!mem)
		return -ENOMEM;
	if (planted)
		kfree(mem);
	byte = READ_ONCE(mem[PLANT_BYTES / 2]);
	if (!planted)
		kfree(mem);
	/* Of what is freed nothing is known. */
	return planted || !byte ? 0 : -EIO;
}

static DEFINE_MUTEX(plant_a);
static DEFINE_MUTEX(plant_b);

static void plant_take(struct mutex *first, struct mutex *second)
{
	mutex_lock(first);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
}

/* One task cannot deadlock with itself: it is the order alone that is found. */
static int plant_locks(void)
{
	plant_take(&plant_a, &plant_b);
	if (planted)
		plant_take(&plant_b, &plant_a);
	else
		plant_take(&plant_a, &plant_b);
	return 0;
}

static DEFINE_SPINLOCK(plant_spin);

/* An allocation that might sleep, whether or not it has to. */
static int plant_atomic(void)
{
	void *mem;

	spin_lock(&plant_spin);
	mem = kmalloc(PLANT_BYTES, planted ? GFP_KERNEL : GFP_ATOMIC);
	spin_unlock(&plant_spin);
	kfree(mem);
	return mem ? 0 : -ENOMEM;
}

static void *plant_mem;

/* Not the last one: what is on its way out of a register or a stack may look like a pointer. */
static int plant_leak(void)
{
	for (int i = 0; i < 8; i++) {
		plant_mem = kzalloc(PLANT_BYTES, GFP_KERNEL);
		if (!plant_mem)
			return -ENOMEM;
		if (!planted)
			kfree(plant_mem);
	}
	plant_mem = NULL;
	return 0;
}

/* KCSAN looks at one access in thousands. */
#define PLANT_ADDS	200000

static long plant_sum;

static int plant_add(void *done)
{
	for (int i = 0; i < PLANT_ADDS; i++) {
		if (planted)
			plant_sum++;
		else
			WRITE_ONCE(plant_sum, READ_ONCE(plant_sum) + 1);
		cpu_relax();
	}
	kthread_complete_and_exit(done, 0);
}

static int plant_race(void)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct task_struct *task[2];

	for (int cpu = 0; cpu < 2; cpu++) {
		task[cpu] = kthread_create_on_cpu(plant_add, &done, cpu, "plant/%u");
		if (IS_ERR(task[cpu])) {
			if (cpu)
				kthread_stop(task[0]);
			return PTR_ERR(task[cpu]);
		}
	}
	for (int cpu = 0; cpu < 2; cpu++)
		wake_up_process(task[cpu]);
	for (int cpu = 0; cpu < 2; cpu++)
		wait_for_completion(&done);
	return 0;
}

static const struct {
	const char *name;
	int (*grow)(void);
} plants[] = {
	{ "uaf", plant_uaf },
	{ "locks", plant_locks },
	{ "atomic", plant_atomic },
	{ "leak", plant_leak },
	{ "race", plant_race },
};

static int __init plant_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(plants); i++)
		if (!strcmp(bug, plants[i].name))
			return plants[i].grow();
	return -EINVAL;
}
module_init(plant_init);

static void __exit plant_exit(void)
{
}
module_exit(plant_exit);

MODULE_DESCRIPTION("Bugs on purpose, for the tests of the lab");
MODULE_LICENSE("GPL");
