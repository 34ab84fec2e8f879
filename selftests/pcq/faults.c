// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation and each copy of a call fails in its turn: the call says so or does
 * without, gives back what it had taken, and works when called again. The kernel's kmemleak
 * sees what was lost; what the accounts lost is seen here, as they have room for one set only.
 */
#include "set.h"
#include "nth.h"

/* More than one page of slots a lane, so that the pages are not the last to fail. */
#define SHAPE		.slots = 64, .msg_size = 112
#define LANE_BYTES	8192u

struct faults {
	struct nth n;
	struct set s;
	uint32_t cpus;
};

#define MUST(x)		NTH_MUST(&f->n, x)
#define FAULT(call)	NTH_FAULT(&f->n, call)

static int do_open(struct faults *f)
{
	return close_if(FAULT(errno_or(open(DEVICE, O_RDWR | O_CLOEXEC))));
}

static int do_create(struct faults *f)
{
	return close_if(FAULT(PCQ_CREATE(f->s.dev, SHAPE)));
}

static int do_sender(struct faults *f)
{
	return close_if(FAULT(pcq_sender(f->s.control, 0)));
}

static int do_receiver(struct faults *f)
{
	return close_if(FAULT(pcq_receiver(f->s.control, ANY)));
}

static int do_observer(struct faults *f)
{
	return close_if(FAULT(pcq_observer(f->s.control)));
}

static int do_mmap(struct faults *f)
{
	void *mem;
	int ret;

	nth_on(&f->n);
	mem = map_region(f->s.receiver, PROT_READ, IPCRING_PCQ_OFF_REMOTE, LANE_BYTES);
	ret = nth_off(&f->n, mem == MAP_FAILED ? -errno : 0);
	if (ret)
		return ret;
	MUST(munmap(mem, LANE_BYTES) == 0);
	return 0;
}

static int do_info(struct faults *f)
{
	struct ipcring_pcq_info info;

	return FAULT(pcq_info(f->s.observer, &info));
}

static int do_stats(struct faults *f)
{
	struct ipcring_pcq_stats stats;

	return FAULT(pcq_stats(f->s.observer, ANY, &stats));
}

static int do_bell(struct faults *f)
{
	return FAULT(pcq_bell(f->s.control, ANY, IPCRING_PCQ_BELL_WAKE, 0));
}

static int do_service(struct faults *f)
{
	int ret = FAULT(pcq_start(f->s.control, 0, IPCRING_PCQ_DRAIN, 0, -1));

	MUST(pcq_stop(f->s.control, 0) == (ret ? -ESRCH : 0));
	return ret;
}

/* What was sent is there, what was not is not. */
static int sent(struct faults *f, int ret)
{
	char buf[112];

	for (int i = 0; i < ret; i++)
		MUST(chan_read(f->s.receiver, buf, sizeof(buf)) == 1);
	MUST(chan_read(f->s.receiver, buf, sizeof(buf)) == -EAGAIN);
	return ret > 0 ? 0 : ret;
}

static int do_write(struct faults *f)
{
	return sent(f, FAULT(chan_write(f->s.sender, "x", 1)));
}

static int do_send(struct faults *f)
{
	struct ipcring_pcq_msg msgs[2] = { pcq_msg("x", 1), pcq_msg("y", 1) };
	struct ipcring_pcq_batch p = pcq_batch(msgs, 2);

	return sent(f, FAULT(pcq_send(f->s.sender, &p)));
}

/* What was not received is still there. */
static int received(struct faults *f, int ret, int of)
{
	MUST(ret < 0 || (ret > 0 && ret <= of));
	sent(f, of - (ret > 0 ? ret : 0));
	return ret > 0 ? 0 : ret;
}

static int do_read(struct faults *f)
{
	char buf[112];

	MUST(chan_write(f->s.sender, "x", 1) == 1);
	return received(f, FAULT(chan_read(f->s.receiver, buf, sizeof(buf))), 1);
}

static int do_recv(struct faults *f)
{
	char buf[2][112];
	struct ipcring_pcq_msg msgs[2] = { pcq_msg(buf[0], 112), pcq_msg(buf[1], 112) };
	struct ipcring_pcq_batch p = pcq_batch(msgs, 2);

	for (int i = 0; i < 2; i++)
		MUST(chan_write(f->s.sender, "x", 1) == 1);
	return received(f, FAULT(pcq_recv(f->s.receiver, &p)), 2);
}

static void give(struct faults *f)
{
	MUST(chan_write(f->s.sender, "x", 1) == 1);
}

static int do_wait(struct faults *f)
{
	int ret;

	give(f);
	ret = FAULT(chan_wait(f->s.receiver, 0));
	sent(f, 1);
	return ret;
}

/* It goes to sleep, and nothing comes. */
static int do_wait_in_vain(struct faults *f)
{
	int ret = FAULT(chan_wait(f->s.receiver, now_ns() + 1000000));

	return ret == -ETIMEDOUT ? 0 : ret ? ret : -EPROTO;
}

static int do_wake(struct faults *f)
{
	return FAULT(pcq_wake(f->s.sender, 0));
}

static int do_poll(struct faults *f)
{
	int ret;

	give(f);
	ret = FAULT(chan_poll(f->s.receiver, POLLIN));
	MUST(ret < 0 || ret == POLLIN);
	sent(f, 1);
	return ret < 0 ? ret : 0;
}

static int do_uring_write(struct faults *f)
{
	struct io_uring u;

	io_uring_prep_write(nth_uring_open(&f->n, &u), f->s.sender, "x", 1, -1);
	return sent(f, nth_uring_run(&f->n, &u));
}

static int do_uring_read(struct faults *f)
{
	struct io_uring u;
	char buf[112];

	give(f);
	io_uring_prep_read(nth_uring_open(&f->n, &u), f->s.receiver, buf, sizeof(buf), -1);
	return received(f, nth_uring_run(&f->n, &u), 1);
}

/* It waits before the message comes. */
static int do_uring_poll(struct faults *f)
{
	struct io_uring u;
	int ret;

	io_uring_prep_poll_add(nth_uring_open(&f->n, &u), f->s.receiver, POLLIN);
	ret = nth_uring_submit(&f->n, &u);
	give(f);
	if (!ret)
		ret = nth_uring_result(&f->n, &u);
	io_uring_queue_exit(&u);
	MUST(ret == POLLIN || ret < 0);
	sent(f, 1);
	return ret < 0 ? ret : 0;
}

FIXTURE(faults) {
	struct faults f;
	char old_channels[32];
	char old_bytes[32];
};

FIXTURE_VARIANT(faults) {
	int (*call)(struct faults *f);
	int least;		/* faults that it must have told of */
};

#define VARIANT(name, n) \
	FIXTURE_VARIANT_ADD(faults, name) { .call = do_##name, .least = n }

/* Each of a CPU's eight pages can be missing, and a file's inode; others copy. */
VARIANT(create, 8);
VARIANT(sender, 3);
VARIANT(receiver, 3);
VARIANT(observer, 2);
VARIANT(mmap, 1);
VARIANT(info, 2);
VARIANT(stats, 2);
VARIANT(bell, 1);
VARIANT(service, 2);
VARIANT(write, 0);
VARIANT(send, 1);
VARIANT(read, 0);
VARIANT(recv, 1);
VARIANT(open, 2);
VARIANT(wait, 1);
VARIANT(wait_in_vain, 1);
VARIANT(wake, 0);
VARIANT(poll, 1);
VARIANT(uring_write, 0);
VARIANT(uring_read, 0);
VARIANT(uring_poll, 0);

FIXTURE_SETUP(faults)
{
	struct ipcring_pcq_info info;
	int fd;

	NTH_ARM();
	OPEN_DEVICE(self->f.s.dev);
	fd = PCQ_CREATE(self->f.s.dev, SHAPE);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pcq_info(fd, &info));
	ASSERT_EQ(LANE_BYTES, info.data_bytes);
	self->f.cpus = info.cpus;
	close(fd);
	ASSERT_TRUE(read_file(MAX_CHANNELS, self->old_channels, 32));
	ASSERT_TRUE(read_file(MAX_BYTES, self->old_bytes, 32));
}

FIXTURE_TEARDOWN(faults)
{
	write_file(MAX_CHANNELS, self->old_channels);
	write_file(MAX_BYTES, self->old_bytes);
	close(self->f.s.dev);
}

static void open_set(struct faults *f)
{
	f->s.control = PCQ_CREATE(f->s.dev, SHAPE);
	MUST(f->s.control >= 0);
	f->s.sender = pcq_sender(f->s.control, 0);
	f->s.receiver = pcq_endpoint(f->s.control, IPCRING_PCQ_RECEIVER, 0,
				     IPCRING_PCQ_EP_NONBLOCK);
	f->s.observer = pcq_observer(f->s.control);
	MUST(f->s.sender >= 0 && f->s.receiver >= 0 && f->s.observer >= 0);
}

struct poor {
	struct faults *f;
	int (*call)(struct faults *f);
	int least;
};

static int call_one(void *arg)
{
	struct poor *p = arg;

	return p->call(p->f);
}

/* The one set that there is room for is this one, or the one that the call creates. */
static int poor_one(void *arg)
{
	struct poor *p = arg;
	struct faults *f = p->f;
	bool creates = p->call == do_create;
	int told;

	nth_open(&f->n);
	if (!creates)
		open_set(f);
	told = nth_each(&f->n, call_one, p);
	printf("# %d faults, %d told\n", f->n.faults, told);
	MUST(told >= p->least);
	if (!creates) {
		close(f->s.sender);
		close(f->s.receiver);
		close(f->s.observer);
		close(f->s.control);
	}
	/* All is given back. */
	MUST(do_create(f) == 0);
	return 0;
}

/* To open the device takes the right to; what is counted is the user's. */
TEST_F_TIMEOUT(faults, each, 600)
{
	static const struct user user = { "user", 1000, 1000, 1000, 1000,
					  .caps = CAP(SYS_NICE) | CAP(DAC_OVERRIDE) };
	struct poor p = { &self->f, variant->call, variant->least };

	NTH_ROOM((4 * 4096 + 2 * LANE_BYTES) * self->f.cpus);
	EXPECT_EQ(0, user_run(&user, false, poor_one, &p));
}

TEST_HARNESS_MAIN
