// SPDX-License-Identifier: GPL-2.0
/*
 * Names: found by (user namespace, name) while the control file is open.
 *
 * A name stands for a channel that is complete, and its control file holds a
 * reference until the name is gone: under the lock a found channel can be taken.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "chan.h"

/**
 * struct ipcring_name - a name and who may use it
 * @node:	in ipcring_names
 * @chan:	the channel
 * @ns:		user namespace of the creator
 * @owner:	effective user of the creator
 * @group:	effective group of the creator
 * @mode:	rights of owner, group and others
 * @name:	zero-filled
 */
struct ipcring_name {
	struct hlist_node node;
	struct ipcring_chan *chan;
	struct user_namespace *ns;
	kuid_t owner;
	kgid_t group;
	u32 mode;
	u8 name[IPCRING_NAME_SIZE];
};

static DEFINE_HASHTABLE(ipcring_names, 8);
static DEFINE_MUTEX(ipcring_names_lock);	/* ipcring_names, what is in there */

static u32 ipcring_name_hash(const struct user_namespace *ns, const u8 *name)
{
	return jhash(name, IPCRING_NAME_SIZE, (u32)(unsigned long)ns);
}

static struct ipcring_name *ipcring_name_find(const struct user_namespace *ns, const u8 *name)
{
	struct ipcring_name *n;

	lockdep_assert_held(&ipcring_names_lock);
	hash_for_each_possible(ipcring_names, n, node, ipcring_name_hash(ns, name))
		if (n->ns == ns && !memcmp(n->name, name, IPCRING_NAME_SIZE))
			return n;
	return NULL;
}

/**
 * ipcring_name_publish() - let a channel be found; the last step of its creation
 * @chan:	the channel, which has a control file
 * @name:	IPCRING_NAME_SIZE bytes, checked
 * @mode:	rights
 *
 * Return: 0, -EEXIST, -ENOMEM.
 */
int ipcring_name_publish(struct ipcring_chan *chan, const u8 *name, u32 mode)
{
	struct ipcring_name *n;

	n = kzalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);
	if (!n)
		return -ENOMEM;
	n->chan = chan;
	n->owner = current_euid();
	n->group = current_egid();
	n->mode = mode;
	memcpy(n->name, name, IPCRING_NAME_SIZE);

	mutex_lock(&ipcring_names_lock);
	if (ipcring_name_find(current_user_ns(), name)) {
		mutex_unlock(&ipcring_names_lock);
		kfree(n);
		return -EEXIST;
	}
	n->ns = get_user_ns(current_user_ns());
	chan->name = n;
	hash_add(ipcring_names, &n->node, ipcring_name_hash(n->ns, name));
	mutex_unlock(&ipcring_names_lock);
	return 0;
}

/**
 * ipcring_name_remove() - the control file is gone, and the name with it
 * @chan:	the channel; it need not have a name
 */
void ipcring_name_remove(struct ipcring_chan *chan)
{
	struct ipcring_name *n = chan->name;

	if (!n)
		return;
	mutex_lock(&ipcring_names_lock);
	hash_del(&n->node);
	chan->name = NULL;
	mutex_unlock(&ipcring_names_lock);
	put_user_ns(n->ns);
	kfree(n);
}

/* As ipcperms() of SysV IPC. */
static bool ipcring_name_allows(const struct ipcring_name *n, u32 right)
{
	u32 granted = n->mode;

	if (uid_eq(current_euid(), n->owner))
		granted >>= 6;
	else if (in_group_p(n->group))
		granted >>= 3;
	return granted & right || ns_capable(n->ns, CAP_IPC_OWNER);
}

/**
 * ipcring_name_open() - find a channel of the caller's user namespace
 * @name:	IPCRING_NAME_SIZE bytes, checked
 * @right:	bit of the mode that the caller needs
 *
 * Return: the channel with a reference, or an error pointer: -ENOENT, -EACCES.
 */
struct ipcring_chan *ipcring_name_open(const u8 *name, u32 right)
{
	struct ipcring_chan *chan = ERR_PTR(-ENOENT);
	struct ipcring_name *n;

	mutex_lock(&ipcring_names_lock);
	n = ipcring_name_find(current_user_ns(), name);
	if (n && !ipcring_name_allows(n, right)) {
		chan = ERR_PTR(-EACCES);
	} else if (n) {
		chan = n->chan;
		kref_get(&chan->ref);
	}
	mutex_unlock(&ipcring_names_lock);
	return chan;
}
