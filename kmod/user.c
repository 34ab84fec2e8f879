// SPDX-License-Identifier: GPL-2.0
/* Who pays: what one user may have of channels and sets, of memory, and of locked memory. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "common.h"

static unsigned int max_user_channels = 1024;
module_param(max_user_channels, uint, 0644);
MODULE_PARM_DESC(max_user_channels, "Most channels and sets of a user without CAP_SYS_RESOURCE");

static unsigned long max_user_bytes = 256UL << 20;
module_param(max_user_bytes, ulong, 0644);
MODULE_PARM_DESC(max_user_bytes, "Most bytes in channels and sets of a user without CAP_SYS_RESOURCE");

/**
 * struct ipcring_user - a user who has channels or sets
 * @node:	in ipcring_users
 * @uid:	the user
 * @channels:	how many, of both
 * @bytes:	their memory
 */
struct ipcring_user {
	struct hlist_node node;
	kuid_t uid;
	unsigned int channels;
	u64 bytes;
};

static DEFINE_HASHTABLE(ipcring_users, 8);
static DEFINE_MUTEX(ipcring_users_lock);	/* ipcring_users, what is in there */

static struct ipcring_user *ipcring_user_find(kuid_t uid)
{
	struct ipcring_user *user;

	lockdep_assert_held(&ipcring_users_lock);
	hash_for_each_possible(ipcring_users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

static bool ipcring_user_allows(const struct ipcring_user *user, u64 bytes)
{
	u64 max = READ_ONCE(max_user_bytes);

	if (user->channels < READ_ONCE(max_user_channels) &&
	    user->bytes <= max && bytes <= max - user->bytes)
		return true;
	return capable(CAP_SYS_RESOURCE);
}

/* Who is exempt is counted all the same. @fresh: to become the user if it is new. */
static struct ipcring_user *ipcring_user_add(struct ipcring_user *fresh, u64 bytes)
{
	struct ipcring_user *user;

	lockdep_assert_held(&ipcring_users_lock);
	user = ipcring_user_find(fresh->uid);
	if (!ipcring_user_allows(user ? user : fresh, bytes))
		return ERR_PTR(-EDQUOT);
	if (!user) {
		user = fresh;
		hash_add(ipcring_users, &user->node, __kuid_val(user->uid));
	}
	user->channels++;
	user->bytes += bytes;
	return user;
}

/* Nobody waits for the lock while we wait for memory of our own control group. */
static struct ipcring_user *ipcring_user_charge(u64 bytes)
{
	struct ipcring_user *fresh, *user;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	fresh->uid = current_uid();
	mutex_lock(&ipcring_users_lock);
	user = ipcring_user_add(fresh, bytes);
	mutex_unlock(&ipcring_users_lock);
	if (user != fresh)
		kfree(fresh);
	return user;
}

static void ipcring_user_uncharge(struct ipcring_user *user, u64 bytes)
{
	mutex_lock(&ipcring_users_lock);
	user->bytes -= bytes;
	if (!--user->channels)
		hash_del(&user->node);
	else
		user = NULL;
	mutex_unlock(&ipcring_users_lock);
	kfree(user);
}

/* As io_uring's rings: of the user, by the limit of the task. */
static int ipcring_lock_pages(struct user_struct *locked, unsigned long nr)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	long old = atomic_long_read(&locked->locked_vm);

	do {
		if (old + nr > limit)
			return -EPERM;
	} while (!atomic_long_try_cmpxchg(&locked->locked_vm, &old, old + nr));
	return 0;
}

/**
 * ipcring_charge() - make the caller pay for a channel or a set
 * @charge:	out: the bill
 * @nr_pages:	its pages
 *
 * Return: 0, to be undone with ipcring_uncharge(); -EDQUOT, -EPERM, -ENOMEM.
 */
int ipcring_charge(struct ipcring_charge *charge, unsigned long nr_pages)
{
	struct ipcring_user *user;
	int ret;

	user = ipcring_user_charge((u64)nr_pages << PAGE_SHIFT);
	if (IS_ERR(user))
		return PTR_ERR(user);
	charge->locked = NULL;
	if (!capable(CAP_IPC_LOCK)) {
		ret = ipcring_lock_pages(current_user(), nr_pages);
		if (ret)
			goto uncharge;
		charge->locked = get_uid(current_user());
	}
	charge->user = user;
	charge->nr_pages = nr_pages;
	return 0;

uncharge:
	ipcring_user_uncharge(user, (u64)nr_pages << PAGE_SHIFT);
	return ret;
}

/* Of what ipcring_charge() succeeded for. */
void ipcring_uncharge(struct ipcring_charge *charge)
{
	ipcring_user_uncharge(charge->user, (u64)charge->nr_pages << PAGE_SHIFT);
	if (!charge->locked)
		return;
	atomic_long_sub(charge->nr_pages, &charge->locked->locked_vm);
	free_uid(charge->locked);
}
