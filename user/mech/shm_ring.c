// SPDX-License-Identifier: GPL-2.0
/* Two rings in shared memory: their layout, and the hooks outside of the measured loop. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "shm_ring.h"

/* Both sides' pages, and whole pages of slots. */
static size_t shm_ring_lane(size_t size, size_t inside)
{
	size_t data = (size_t)ring_open_slots(size) * ring_stride((__u32)inside);

	return (data + 3 * SHM_RING_PAGE - 1) / SHM_RING_PAGE * SHM_RING_PAGE;
}

size_t shm_ring_bytes(size_t size, size_t inside)
{
	return SIDE_COUNT * shm_ring_lane(size, inside);
}

/* Where all is, in the memory that is mapped now. */
static void shm_ring_place(struct shm_ring *s)
{
	for (int side = 0; side < SIDE_COUNT; side++) {
		unsigned char *at = s->back.mem + (size_t)side * (s->back.len / SIDE_COUNT);
		struct ring *r = &s->lane[side].ring;

		r->prod = (struct ipcring_side *)at;
		r->cons = (struct ipcring_side *)(at + SHM_RING_PAGE);
		r->data = at + 2 * SHM_RING_PAGE;
	}
}

static int shm_ring_init(const struct ring *r, int (*init)(void *bell))
{
	int ret = shm_back_populate(r->prod, 2 * SHM_RING_PAGE);

	if (ret)
		return ret;
	/* Nobody sleeps yet; no position reaches this. */
	r->prod->event = ~0ULL;
	r->cons->event = ~0ULL;
	ret = init ? init(shm_ring_bell(r->prod)) : 0;
	return ret || !init ? ret : init(shm_ring_bell(r->cons));
}

int shm_ring_create(struct shm_ring *s, enum shm_back_kind kind, size_t size, size_t inside,
		    int (*init)(void *bell))
{
	int ret = shm_back_create(&s->back, kind, shm_ring_bytes(size, inside));

	if (ret)
		return ret;
	shm_ring_place(s);
	for (int side = 0; !ret && side < SIDE_COUNT; side++) {
		struct ring *r = &s->lane[side].ring;

		r->size = ring_open_slots(size);
		r->stride = ring_stride((__u32)inside);
		r->msg_size = (__u32)inside;
		ret = shm_ring_init(r, init);
	}
	shm_back_ready(&s->back);
	return ret;
}

int shm_ring_make(struct mech *m, enum shm_back_kind kind, int (*init)(void *bell))
{
	m->priv = calloc(1, sizeof(struct shm_ring));
	if (!m->priv)
		return -ENOMEM;
	return shm_ring_create(m->priv, kind, m->cfg.size, m->cfg.size, init);
}

int shm_ring_open(struct shm_ring *s, size_t size)
{
	return shm_ring_create(s, SHM_BACK_ANON, size, size, NULL);
}

int shm_ring_attach(struct shm_ring *s)
{
	int ret = shm_back_attach(&s->back);

	if (!ret)
		shm_ring_place(s);
	return ret;
}

void shm_ring_close(struct shm_ring *s)
{
	shm_back_close(&s->back);
}

/* Where those before it have left off, if there were any. */
int shm_ring_join(struct mech *m)
{
	struct shm_ring *s = m->priv;
	int ret = shm_ring_attach(s);

	if (ret)
		return ret;
	ipcring_cursor_producer(shm_ring_out(s, m));
	ipcring_cursor_consumer(shm_ring_in(s, m));
	return 0;
}

int shm_ring_leave(struct mech *m)
{
	shm_back_leave(&((struct shm_ring *)m->priv)->back);
	return 0;
}

void shm_ring_free(struct mech *m)
{
	if (m->priv)
		shm_ring_close(m->priv);
	free(m->priv);
}
