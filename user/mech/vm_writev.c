// SPDX-License-Identifier: GPL-2.0
/*
 * vm-writev: the sender copies straight into the receiver's memory, where it has slots of its
 * own; a ring in a shared page says which are filled, as in `shm-futex`.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
#include "shm_futex.h"
#include "vm_writev.h"

/* Until there is a receiver there is no room, either. */
static int vm_writev_meet(struct mech *m, const struct ipcring_cursor *out)
{
	struct vm_writev_mech *v = m->priv;
	struct vm_writev_home *home = vm_writev_home(out);

	/* Acquire: pairs with the store in vm_writev_settle(). */
	while (!(v->peer.pid = __atomic_load_n(&home->pid, __ATOMIC_ACQUIRE))) {
		if (m->nowait)
			return -EAGAIN;
		if (syscall(SYS_futex, &home->pid, FUTEX_WAIT, 0, NULL, NULL, 0) &&
		    errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	v->peer.slots = home->slots;
	return 0;
}

/* One copy, or none: the receiver's pages are there, so a short one is its end. */
static int vm_writev_copy(const struct vm_writev_mech *v, __u64 pos, const void *buf, size_t len)
{
	const struct iovec from = { (void *)buf, len };
	const struct iovec to = { (void *)(uintptr_t)(v->peer.slots + (pos & v->mask) * v->stride),
				  len };
	ssize_t n = process_vm_writev((pid_t)v->peer.pid, &from, 1, &to, 1, 0);

	if (n < 0)
		return errno == ESRCH ? -EPIPE : -errno;
	return (size_t)n == len ? 0 : -EPIPE;
}

static int vm_writev_send(struct mech *m, const void *buf)
{
	struct vm_writev_mech *v = m->priv;
	struct ipcring_cursor *out = shm_ring_out(&v->shm, m);
	const __u32 len = (__u32)m->cfg.size;
	int ret = v->peer.pid ? 0 : vm_writev_meet(m, out);

	/* A try that is in vain copies nothing. */
	if (!ret && m->nowait)
		ret = ipcring_cursor_room(out, sizeof(len));
	if (!ret)
		ret = vm_writev_copy(v, out->pos, buf, len);
	return ret ? ret : shm_futex_send(m, &len);
}

static int vm_writev_recv(struct mech *m, void *buf)
{
	const struct vm_writev_mech *v = m->priv;
	const struct ipcring_cursor *in = shm_ring_in(m->priv, m);
	const unsigned char *slot = v->slots + (in->pos & v->mask) * v->stride;
	__u32 len;
	int ret = shm_futex_recv(m, &len);

	if (ret)
		return ret;
	if (len != m->cfg.size)
		return -EBADMSG;
	memcpy(buf, slot, len);
	return 0;
}

const struct mech_ops mech_vm_writev = {
	.name = "vm-writev",
	.summary = "process_vm_writev() into the receiver's memory, futex to sleep and wake",
	.choices = "one call a message, into prefaulted slots of the receiver's own; "
		   "ring of lengths, as deep as the others', in anonymous shared memory; "
		   "PR_SET_PTRACER for Yama; " SHM_FUTEX_DETAILS,
	.rev = 1,
	.traits = SHM_MECH_TRAITS,
	.waits = MECH_W_TRY,
	.probe = vm_writev_probe,
	.open = vm_writev_open,
	.attach = vm_writev_attach,
	.leave = shm_ring_leave,
	.send = vm_writev_send,
	.recv = vm_writev_recv,
	.close = shm_ring_free,
};
