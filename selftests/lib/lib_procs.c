// SPDX-License-Identifier: GPL-2.0
/* libipcring between threads and processes: sleep, wake, calls, passed descriptors. */
#include "lib.h"
#include <sys/socket.h>

#define MESSAGES	20000

/* Run @body in a child: its pid. It must not report by the harness. */
#define CHILD(pid, body) do { \
	(pid) = fork(); \
	ASSERT_LE(0, pid); \
	if (!(pid)) { \
		body; \
		_exit(0); \
	} \
} while (0)

/* The child's way out when something is wrong: the line. */
#define MUST(x) do { \
	if (!(x)) \
		_exit(__LINE__ & 0x7f ? __LINE__ & 0x7f : 1); \
} while (0)

struct sleeper {
	struct ipcring *r;
	bool send;
	__u64 deadline;
	pthread_t thread;
	pid_t tid;
	__s64 ret;
};

static void *sleeper_run(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->ret = s->send ? send_u64(s->r, 1, s->deadline) : recv_u64(s->r, s->deadline);
	return NULL;
}

/* Back when it sleeps. */
static void sleeper_start(struct sleeper *s, bool module)
{
	pthread_create(&s->thread, NULL, sleeper_run, s);
	while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE) ||
	       !task_blocked_in(s->tid, module ? SYS_ioctl : SYS_futex))
		sched_yield();
}

static __s64 sleeper_end(struct sleeper *s)
{
	pthread_join(s->thread, NULL);
	return s->ret;
}

static const struct ipcring_options tiny = { .slots = 2, .msg_size = 64 };

TEST_F(lib, consumer_sleeps_and_is_woken)
{
	struct sleeper s = { .deadline = FOREVER };
	struct ipcring_stats stats = { .size = sizeof(stats), .lane = IPCRING_LANE_ALL };
	struct pair p;

	ASSERT_EQ(0, pair_open(&p, &tiny, 0));
	s.r = p.in;
	sleeper_start(&s, self->module);
	ASSERT_EQ(0, send_u64(p.out, 42, 0));
	EXPECT_EQ(42, sleeper_end(&s));
	if (self->features & IPCRING_FEAT_LANES) {
		ASSERT_EQ(0, ipcring_stats(p.control, &stats));
		EXPECT_LE(1, stats.cons_waits);
		EXPECT_LE(1, stats.cons_wakes);
	}
	pair_close(&p);
}

TEST_F(lib, producer_sleeps_and_is_woken)
{
	struct sleeper s = { .send = true, .deadline = FOREVER };
	struct pair p;

	ASSERT_EQ(0, pair_open(&p, &tiny, 0));
	ASSERT_EQ(0, send_u64(p.out, 7, 0));
	ASSERT_EQ(0, send_u64(p.out, 8, 0));
	s.r = p.out;
	sleeper_start(&s, self->module);
	EXPECT_EQ(7, recv_u64(p.in, 0));
	EXPECT_EQ(0, sleeper_end(&s));
	EXPECT_EQ(8, recv_u64(p.in, 0));
	EXPECT_EQ(1, recv_u64(p.in, 0));
	pair_close(&p);
}

TEST_F(lib, sleeper_sees_the_peer_close)
{
	struct sleeper s = { .deadline = FOREVER };
	struct pair p;

	ASSERT_EQ(0, pair_open(&p, &tiny, 0));
	s.r = p.in;
	sleeper_start(&s, self->module);
	ipcring_close(p.out);
	EXPECT_EQ(-ENODATA, sleeper_end(&s));
	p.out = NULL;
	pair_close(&p);
}

TEST_F(lib, sleeper_sees_the_deadline)
{
	struct sleeper s = { .deadline = ipcring_deadline(1000000) };
	struct pair p;

	ASSERT_EQ(0, pair_open(&p, &tiny, 0));
	s.r = p.in;
	pthread_create(&s.thread, NULL, sleeper_run, &s);
	EXPECT_EQ(-ETIMEDOUT, sleeper_end(&s));
	EXPECT_LE(s.deadline, now_ns());
	pair_close(&p);
}

static void any_signal(int sig)
{
}

TEST_F(lib, signal_ends_a_sleep)
{
	struct sleeper s = { .deadline = FOREVER };
	struct sigaction sa = { .sa_handler = any_signal };
	struct pair p;

	sigaction(SIGUSR1, &sa, NULL);
	ASSERT_EQ(0, pair_open(&p, &tiny, 0));
	s.r = p.in;
	sleeper_start(&s, self->module);
	pthread_kill(s.thread, SIGUSR1);
	EXPECT_EQ(-EINTR, sleeper_end(&s));
	pair_close(&p);
}

/* Import what was inherited, as mappings of the module do not cross fork(). */
static void produce(struct ipcring *inherited, __u64 first, __u64 nr)
{
	struct ipcring *out;

	MUST(!ipcring_import(ipcring_fd(inherited), 0, &out));
	for (__u64 i = 0; i < nr; i++)
		MUST(!send_u64(out, first + i, FOREVER));
	_exit(0);
}

static void two_processes(struct __test_metadata *_metadata, const struct ipcring_options *opt)
{
	struct pair p;
	pid_t pid;

	ASSERT_EQ(0, pair_open(&p, opt, 0));
	CHILD(pid, produce(p.out, 0, MESSAGES));
	ipcring_close(p.out);
	p.out = NULL;
	for (__u64 i = 0; i < MESSAGES; i++)
		ASSERT_EQ(i, recv_u64(p.in, ipcring_deadline(LONG_NS)));
	EXPECT_EQ(0, reap(pid));
	EXPECT_EQ(-ENODATA, recv_u64(p.in, FOREVER));
	pair_close(&p);
}

TEST_F(lib, two_processes_deep)
{
	two_processes(_metadata, &(struct ipcring_options){ .slots = 256, .msg_size = 8 });
}

/* One slot: both sides sleep all the time. */
TEST_F(lib, two_processes_shallow)
{
	two_processes(_metadata, &(struct ipcring_options){ .slots = 1, .msg_size = 8 });
}

TEST_F(lib, two_processes_records)
{
	NEED(RECORDS);
	two_processes(_metadata, &(struct ipcring_options){ .bytes = 4096, .msg_size = 100 });
}

#define LANES	4

TEST_F(lib, many_producers)
{
	const struct ipcring_options opt = { .slots = 2, .msg_size = 8, .lanes = LANES };
	struct ipcring *control, *in, *out[LANES];
	__u64 next[LANES] = { 0 };
	pid_t pid[LANES];

	NEED(LANES);
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	ASSERT_EQ(0, ipcring_endpoint(control, CONSUMER, 0, 0, &in));
	for (__u32 n = 0; n < LANES; n++)
		ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, n, 0, &out[n]));
	for (__u32 n = 0; n < LANES; n++)
		CHILD(pid[n], produce(out[n], (__u64)n << 32, MESSAGES / LANES));
	for (__u32 n = 0; n < LANES; n++)
		ipcring_close(out[n]);
	for (__u64 i = 0; i < MESSAGES; i++) {
		__s64 got = recv_u64(in, ipcring_deadline(LONG_NS));
		__u32 n = ipcring_lane(in);

		ASSERT_GT(LANES, n);
		ASSERT_EQ((__u64)n << 32 | next[n], got);
		next[n]++;
	}
	for (__u32 n = 0; n < LANES; n++)
		EXPECT_EQ(0, reap(pid[n]));
	EXPECT_EQ(-ENODATA, recv_u64(in, FOREVER));
	ipcring_close(in);
	ipcring_close(control);
}

#define SHARERS	3

/* So long to copy that consumers meet at one message. */
struct bulk {
	__u64 number;
	char filler[32760];
};

/* Each message once: marks are set by exchange. */
static void share(struct ipcring *inherited, unsigned char *mark)
{
	static struct bulk b;
	struct ipcring *in;
	ssize_t n;

	MUST(!ipcring_import(ipcring_fd(inherited), 0, &in));
	while ((n = ipcring_recv(in, &b, sizeof(b), ipcring_deadline(LONG_NS)))) {
		MUST(n == sizeof(b) && b.number < MESSAGES);
		MUST(!__atomic_exchange_n(&mark[b.number], 1, __ATOMIC_RELAXED));
	}
	_exit(0);
}

TEST_F(lib, many_consumers)
{
	const struct ipcring_options opt = {
		.slots = 4, .msg_size = sizeof(struct bulk), .consumers = SHARERS,
	};
	static struct bulk b;
	struct ipcring *control, *out, *in[SHARERS];
	pid_t pid[SHARERS];
	unsigned char *mark;

	NEED(LANES);
	mark = mmap(NULL, MESSAGES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, mark);
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, 0, 0, &out));
	for (int i = 0; i < SHARERS; i++)
		ASSERT_EQ(0, ipcring_endpoint(control, CONSUMER, 0, 0, &in[i]));
	for (int i = 0; i < SHARERS; i++)
		CHILD(pid[i], ipcring_close(out); share(in[i], mark));
	for (b.number = 0; b.number < MESSAGES; b.number++)
		ASSERT_EQ(0, ipcring_send(out, &b, sizeof(b), ipcring_deadline(LONG_NS)));
	ipcring_close(out);
	for (int i = 0; i < SHARERS; i++)
		EXPECT_EQ(0, reap(pid[i]));
	for (__u64 i = 0; i < MESSAGES; i++)
		ASSERT_EQ(1, mark[i]);
	for (int i = 0; i < SHARERS; i++)
		ipcring_close(in[i]);
	ipcring_close(control);
}

/* A server that answers with twice the number. */
static void serve(const struct pair *request, const struct pair *reply, __u32 flags)
{
	struct ipcring_round c = { .recv_len = 8, .deadline = FOREVER };
	struct ipcring *out;
	__u64 value;

	MUST(!ipcring_import(ipcring_fd(request->in), flags, &c.from));
	MUST(!ipcring_import(ipcring_fd(reply->out), flags, &out));
	c.recv = &value;
	while (ipcring_reply_wait(&c) == 8) {
		value *= 2;
		c.to = out;
		c.send = &value;
		c.send_len = 8;
		c.sent = 0;
	}
	_exit(0);
}

static void call(struct __test_metadata *_metadata, __u32 flags)
{
	struct pair request, reply;
	struct ipcring_round c;
	__u64 in;
	pid_t pid;

	ASSERT_EQ(0, pair_open(&request, &tiny, flags));
	ASSERT_EQ(0, pair_open(&reply, &tiny, flags));
	CHILD(pid, ipcring_close(request.out); serve(&request, &reply, flags));
	for (__u64 i = 0; i < MESSAGES / 10; i++) {
		c = (struct ipcring_round){
			.to = request.out, .from = reply.in, .send = &i, .send_len = 8,
			.recv = &in, .recv_len = 8, .deadline = ipcring_deadline(LONG_NS),
		};
		ASSERT_EQ(8, ipcring_call(&c));
		ASSERT_EQ(i * 2, in);
		ASSERT_EQ(1, c.sent);
	}
	c.sent = 1;
	c.deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, ipcring_call(&c));
	c.deadline = 0;
	EXPECT_EQ(-EAGAIN, ipcring_call(&c));
	c.from = NULL;
	EXPECT_EQ(-EINVAL, ipcring_call(&c));
	ipcring_close(request.out);
	request.out = NULL;
	EXPECT_EQ(0, reap(pid));
	pair_close(&request);
	pair_close(&reply);
}

TEST_F(lib, call_mapped)
{
	call(_metadata, 0);
}

TEST_F(lib, call_copied)
{
	if (!self->module)
		SKIP(return, "about the module");
	NEED(CALL);
	call(_metadata, IPCRING_COPY);
}

static void pass_fd(int sock, int fd)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } c = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c),
	};

	c.h = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int)),
	};
	memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	MUST(sendmsg(sock, &m, 0) == 1);
}

static int take_fd(int sock)
{
	union { struct cmsghdr h; char room[CMSG_SPACE(sizeof(int))]; } c;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c),
	};
	int fd = -1;

	if (recvmsg(sock, &m, 0) == 1 && m.msg_controllen)
		memcpy(&fd, CMSG_DATA(&c.h), sizeof(fd));
	return fd;
}

/* The child makes a channel and gives its producer away; root gives it to nobody. */
TEST_F(lib, descriptor_passed)
{
	struct ipcring_info info = { .size = sizeof(info) };
	struct ipcring *out;
	int sock[2], fd;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct pair p;

		MUST(!pair_open(&p, &tiny, 0));
		pass_fd(sock[1], ipcring_fd(p.out));
		ipcring_close(p.out);
		MUST(recv_u64(p.in, ipcring_deadline(LONG_NS)) == 5);
		MUST(recv_u64(p.in, ipcring_deadline(LONG_NS)) == -ENODATA);
		_exit(0);
	}
	fd = take_fd(sock[0]);
	ASSERT_LE(0, fd);
	if (!geteuid())
		ASSERT_EQ(0, seteuid(65534));
	ASSERT_EQ(0, ipcring_import(fd, 0, &out));
	ASSERT_EQ(0, ipcring_info(out, &info));
	EXPECT_EQ(PRODUCER, info.role);
	EXPECT_EQ(0, send_u64(out, 5, FOREVER));
	EXPECT_EQ(-EBADF, recv_u64(out, 0));
	close(fd);
	ipcring_close(out);
	EXPECT_EQ(0, reap(pid));
}

TEST_F(lib, import_refused)
{
	struct ipcring *r;
	int fd = open("/dev/null", O_RDWR), pipes[2];

	EXPECT_EQ(-EBADF, ipcring_import(-1, 0, &r));
	EXPECT_EQ(-EINVAL, ipcring_import(fd, 0, &r));
	EXPECT_EQ(-EINVAL, ipcring_import(fd, 1u << 30, &r));
	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-EINVAL, ipcring_import(pipes[0], 0, &r));
	fd = memfd_create("other", 0);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 1 << 20));
	EXPECT_EQ(-EINVAL, ipcring_import(fd, 0, &r));
}

TEST_HARNESS_MAIN
