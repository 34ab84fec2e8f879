// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation and each copy of a call fails in its turn: the call says so or does
 * without, gives back what it had taken, and works when called again. Its kmemleak sees what
 * was lost; what the accounts lost is seen here, as they have room for one channel only.
 */
#include "nth.h"
#include "pair.h"

#include <sys/epoll.h>

/* More than one page of data a lane, so that the pages are not the last to fail. */
#define MSG		112u
#define DATA_BYTES	8192u
#define LANES		2u
#define SHAPE		.slots = 64, .msg_size = MSG, .lanes = LANES, .consumers = 2, \
			.name = "faults", .mode = 0700
#define RECORDS		.flags = IPCRING_CREATE_RECORDS, .bytes = DATA_BYTES, \
			.msg_size = MSG, .lanes = LANES, .consumers = 2

struct faults {
	struct nth n;
	int dev;
	int control;
	int prod;	/* of lane 0 */
	int cons;
	bool records;
};

#define MUST(x)		NTH_MUST(&f->n, x)
#define FAULT(call)	NTH_FAULT(&f->n, call)

/* Making objects */

static int do_open(struct faults *f)
{
	return close_if(FAULT(errno_or(open(DEVICE, O_RDWR | O_CLOEXEC))));
}

static int do_create(struct faults *f)
{
	return close_if(FAULT(CREATE_CHAN(f->dev, SHAPE)));
}

static int do_create_records(struct faults *f)
{
	return close_if(FAULT(CREATE_CHAN(f->dev, RECORDS)));
}

static int do_create_node(struct faults *f)
{
	return close_if(FAULT(CREATE_CHAN(f->dev, SHAPE, .flags = IPCRING_CREATE_NODES,
					  .prod_node = 0, .cons_node = 0)));
}

static int do_producer(struct faults *f)
{
	return close_if(FAULT(chan_producer(f->control, 1)));
}

static int do_consumer(struct faults *f)
{
	return close_if(FAULT(chan_consumer(f->control)));
}

static int do_observer(struct faults *f)
{
	return close_if(FAULT(chan_observer(f->control)));
}

static int do_open_producer(struct faults *f)
{
	return close_if(FAULT(chan_open_lane(f->dev, "faults", IPCRING_ROLE_PRODUCER, 1, 0)));
}

static int do_open_consumer(struct faults *f)
{
	return close_if(FAULT(chan_open(f->dev, "faults", IPCRING_ROLE_CONSUMER)));
}

static int do_open_observer(struct faults *f)
{
	return close_if(FAULT(chan_open(f->dev, "faults", IPCRING_ROLE_OBSERVER)));
}

static int map(struct faults *f, int fd, int prot, uint64_t offset, size_t len)
{
	void *mem;
	int ret;

	nth_on(&f->n);
	mem = map_region(fd, prot | PROT_READ, offset, len);
	ret = nth_off(&f->n, mem == MAP_FAILED ? -errno : 0);
	if (!ret)
		MUST(munmap(mem, len) == 0);
	return ret;
}

static int do_mmap_side(struct faults *f)
{
	return map(f, f->prod, PROT_WRITE, IPCRING_OFF_PROD, getpagesize());
}

/* Of records it is twice as long. */
static int do_mmap_data(struct faults *f)
{
	return map(f, f->cons, 0, IPCRING_OFF_DATA + IPCRING_OFF_LANE(1),
		   f->records ? 2 * DATA_BYTES : DATA_BYTES);
}

/* Questions */

static int do_features(struct faults *f)
{
	struct ipcring_features p = { .size = sizeof(p) };

	return FAULT(errno_or(ioctl(f->dev, IPCRING_IOC_FEATURES, &p)));
}

static int do_info(struct faults *f)
{
	struct ipcring_info info;

	return FAULT(chan_info(f->control, &info));
}

static int do_stats(struct faults *f)
{
	struct ipcring_stats stats;

	return FAULT(chan_stats(f->control, IPCRING_LANE_ALL, &stats));
}

static int do_fdinfo(struct faults *f)
{
	char path[64], text[4096];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", f->cons);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	MUST(fd >= 0);
	ret = FAULT(errno_or(read(fd, text, sizeof(text) - 1)));
	close(fd);
	if (ret < 0)
		return ret;
	text[ret] = '\0';
	MUST(strstr(text, "ipcring-"));
	return 0;
}

/* Messages */

static int take(struct faults *f)
{
	char buf[MSG];
	int nr = 0, ret;

	set_nonblock(f->cons, true);
	while ((ret = chan_read(f->cons, buf, sizeof(buf))) == 1)
		nr++;
	MUST(ret == -EAGAIN);
	set_nonblock(f->cons, false);
	return nr;
}

static void give(struct faults *f)
{
	MUST(chan_write(f->prod, "x", 1) == 1);
}

/* What was sent is there, what was not is not. */
static int sent(struct faults *f, int ret)
{
	MUST(ret == 1 || ret < 0);
	MUST(take(f) == (ret == 1));
	return ret == 1 ? 0 : ret;
}

/* What was not received is still there. */
static int received(struct faults *f, int ret)
{
	MUST(ret == 1 || ret < 0);
	MUST(take(f) == (ret != 1));
	return ret == 1 ? 0 : ret;
}

static int do_write(struct faults *f)
{
	return sent(f, FAULT(chan_write(f->prod, "x", 1)));
}

static int do_read(struct faults *f)
{
	char buf[MSG];

	give(f);
	return received(f, FAULT(chan_read(f->cons, buf, sizeof(buf))));
}

/*
 * A message to oneself: it was not sent, or not received, or both and the kernel could not
 * say so. Only a message that waits is known to have been sent.
 */
static int called(struct faults *f, struct ipcring_call *p, int ret)
{
	int left = take(f);

	if (ret == 0) {
		MUST(p->sent == 1 && p->recv_len == 1 && p->lane == 0 && !left);
		return 0;
	}
	MUST(left <= 1);
	MUST(!left || p->sent == 1);
	return ret;
}

static int do_call(struct faults *f)
{
	char buf[MSG];
	struct ipcring_call p = call_param(f->cons, "x", buf, sizeof(buf));
	int ret = FAULT(chan_call(f->prod, &p));

	return called(f, &p, ret);
}

static int do_reply_wait(struct faults *f)
{
	char buf[MSG];
	struct ipcring_call p = call_param(f->prod, "x", buf, sizeof(buf));
	int ret = FAULT(chan_reply_wait(f->cons, &p));

	return called(f, &p, ret);
}

/* Waiting */

/* Whom the lanes to look at could not be told is not the last to ask for them. */
static int do_wait(struct faults *f)
{
	uint64_t ready = 0;
	int ret;

	give(f);
	ret = FAULT(chan_wait_ready(f->cons, 0, 0, &ready));
	if (ret < 0)
		MUST(chan_wait_ready(f->cons, 0, 0, &ready) == 0);
	MUST(ready & 1);
	MUST(take(f) == 1);
	return ret;
}

static int do_wait_room(struct faults *f)
{
	return FAULT(chan_wait_ready(f->prod, 0, 0, NULL));
}

/* It goes to sleep, and nothing comes. */
static int do_wait_in_vain(struct faults *f)
{
	int ret = FAULT(chan_wait(f->cons, now_ns() + 1000000));

	return ret == -ETIMEDOUT ? 0 : ret ? ret : -EPROTO;
}

static int do_wake(struct faults *f)
{
	return FAULT(chan_wake(f->prod));
}

static int wait_any(struct faults *f, uint64_t deadline, uint64_t *ready)
{
	int32_t fds[2] = { f->cons, f->cons };
	struct ipcring_wait_any p = { .size = sizeof(p), .fds = (uintptr_t)fds, .nr = 2,
				      .deadline = deadline };
	int ret = FAULT(errno_or(ioctl(f->dev, IPCRING_IOC_WAIT_ANY, &p)));

	*ready = p.ready;
	return ret;
}

static int do_wait_any(struct faults *f)
{
	uint64_t ready;
	int ret;

	give(f);
	ret = wait_any(f, IPCRING_NO_TIMEOUT, &ready);
	MUST(ret < 0 || ready == 3);
	MUST(take(f) == 1);
	return ret;
}

static int do_wait_any_in_vain(struct faults *f)
{
	uint64_t ready;
	int ret = wait_any(f, now_ns() + 1000000, &ready);

	return ret == -ETIMEDOUT ? 0 : ret ? ret : -EPROTO;
}

static int do_poll(struct faults *f)
{
	int ret;

	give(f);
	ret = FAULT(chan_poll(f->cons, POLLIN));
	MUST(ret < 0 || ret == POLLIN);
	MUST(take(f) == 1);
	return ret < 0 ? ret : 0;
}

/* An entry that could not be made is not on the wait queue either: who is there is told. */
static int do_epoll(struct faults *f)
{
	struct epoll_event ev = { .events = EPOLLIN }, got;
	int epfd = epoll_create1(EPOLL_CLOEXEC), ret;

	MUST(epfd >= 0);
	ret = FAULT(errno_or(epoll_ctl(epfd, EPOLL_CTL_ADD, f->cons, &ev)));
	give(f);
	MUST(epoll_wait(epfd, &got, 1, 0) == !ret);
	MUST(take(f) == 1);
	close(epfd);
	return ret;
}

/* io_uring */

static int uring_cmd(struct faults *f, uint32_t op, int fd, const void *addr, uint32_t len)
{
	struct ipcring_uring arg = { .addr = (uintptr_t)addr, .len = len };
	struct io_uring u;
	struct io_uring_sqe *sqe = nth_uring_open(&f->n, &u);

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &arg, sizeof(arg));
	return nth_uring_run(&f->n, &u);
}

static int do_uring_send(struct faults *f)
{
	return sent(f, uring_cmd(f, IPCRING_URING_SEND, f->prod, "x", 1));
}

static int do_uring_recv(struct faults *f)
{
	char buf[MSG];

	give(f);
	return received(f, uring_cmd(f, IPCRING_URING_RECV, f->cons, buf, sizeof(buf)));
}

static int do_uring_call(struct faults *f)
{
	char buf[MSG];
	struct ipcring_call p = call_param(f->cons, "x", buf, sizeof(buf));
	int ret = uring_cmd(f, IPCRING_URING_CALL, f->prod, &p, sizeof(p));

	return called(f, &p, ret < 0 ? ret : 0);
}

static int do_uring_write(struct faults *f)
{
	struct io_uring u;

	io_uring_prep_write(nth_uring_open(&f->n, &u), f->prod, "x", 1, -1);
	return sent(f, nth_uring_run(&f->n, &u));
}

static int do_uring_read(struct faults *f)
{
	struct io_uring u;
	char buf[MSG];

	give(f);
	io_uring_prep_read(nth_uring_open(&f->n, &u), f->cons, buf, sizeof(buf), -1);
	return received(f, nth_uring_run(&f->n, &u));
}

/* It waits before the message comes. */
static int do_uring_poll(struct faults *f)
{
	struct io_uring u;
	int ret;

	io_uring_prep_poll_add(nth_uring_open(&f->n, &u), f->cons, POLLIN);
	ret = nth_uring_submit(&f->n, &u);
	give(f);
	if (!ret)
		ret = nth_uring_result(&f->n, &u);
	io_uring_queue_exit(&u);
	MUST(ret == POLLIN || ret < 0);
	MUST(take(f) == 1);
	return ret < 0 ? ret : 0;
}

FIXTURE(faults) {
	struct faults f;
	char old_channels[32];
	char old_bytes[32];
};

/* What it makes itself there is no other channel for. */
enum makes { NOTHING, A_CHANNEL };

FIXTURE_VARIANT(faults) {
	int (*call)(struct faults *f);
	enum makes makes;
	bool records;
	int least;		/* faults that it must have told of */
};

#define VARIANT(name, n, ...) \
	FIXTURE_VARIANT_ADD(faults, name) { .call = do_##name, .least = n, __VA_ARGS__ }

/* Each of a lane's four pages can be missing, and a file's inode; others copy. */
VARIANT(open, 2);
VARIANT(create, 10, .makes = A_CHANNEL);
VARIANT(create_records, 10, .makes = A_CHANNEL);
VARIANT(create_node, 10, .makes = A_CHANNEL);
VARIANT(producer, 3);
VARIANT(consumer, 3);
VARIANT(observer, 3);
VARIANT(open_producer, 3);
VARIANT(open_consumer, 3);
VARIANT(open_observer, 3);
VARIANT(mmap_side, 1);
VARIANT(mmap_data, 1);
FIXTURE_VARIANT_ADD(faults, mmap_records) { .call = do_mmap_data, .records = true, .least = 1 };
VARIANT(features, 2);
VARIANT(info, 2);
VARIANT(stats, 2);
VARIANT(fdinfo, 1);
VARIANT(write, 1);
VARIANT(read, 1);
VARIANT(call, 2);
VARIANT(reply_wait, 2);
VARIANT(wait, 1);
VARIANT(wait_room, 1);
VARIANT(wait_in_vain, 1);
VARIANT(wake, 0);
VARIANT(wait_any, 3);
VARIANT(wait_any_in_vain, 2);
VARIANT(poll, 1);
VARIANT(epoll, 2);
VARIANT(uring_send, 1);
VARIANT(uring_recv, 1);
VARIANT(uring_call, 2);
VARIANT(uring_write, 1);
VARIANT(uring_read, 1);
VARIANT(uring_poll, 0);

FIXTURE_SETUP(faults)
{
	NTH_ARM();
	OPEN_DEVICE(self->f.dev);
	ASSERT_TRUE(read_file(MAX_CHANNELS, self->old_channels, 32));
	ASSERT_TRUE(read_file(MAX_BYTES, self->old_bytes, 32));
	self->f.records = variant->records;
}

FIXTURE_TEARDOWN(faults)
{
	write_file(MAX_CHANNELS, self->old_channels);
	write_file(MAX_BYTES, self->old_bytes);
	close(self->f.dev);
}

struct poor {
	struct faults *f;
	const struct _fixture_variant_faults *variant;
};

static int call_one(void *arg)
{
	struct poor *p = arg;

	return p->variant->call(p->f);
}

static void open_channel(struct faults *f)
{
	f->control = f->records ? CREATE_CHAN(f->dev, RECORDS) : CREATE_CHAN(f->dev, SHAPE);
	MUST(f->control >= 0);
	f->prod = chan_producer(f->control, 0);
	f->cons = chan_consumer(f->control);
	MUST(f->prod >= 0 && f->cons >= 0);
}

/* The one channel that there is room for is this one, or the one that the call creates. */
static int poor_one(void *arg)
{
	struct poor *p = arg;
	struct faults *f = p->f;
	int told;

	nth_open(&f->n);
	if (p->variant->makes != A_CHANNEL)
		open_channel(f);
	told = nth_each(&f->n, call_one, p);
	printf("# %d faults, %d told\n", f->n.faults, told);
	MUST(told >= p->variant->least);
	if (p->variant->makes != A_CHANNEL) {
		close(f->prod);
		close(f->cons);
		close(f->control);
	}
	/* All is given back, and the name is free. */
	MUST(do_create(f) == 0);
	return 0;
}

/* To open the device takes the right to; what is counted is the user's. */
TEST_F_TIMEOUT(faults, each, 600)
{
	static const struct user user = { "user", 1000, 1000, 1000, 1000,
					  .caps = CAP(DAC_OVERRIDE) };
	struct poor p = { &self->f, variant };

	NTH_ROOM(LANES * (2 * 4096 + DATA_BYTES));
	EXPECT_EQ(0, user_run(&user, false, poor_one, &p));
}

TEST_HARNESS_MAIN
