// SPDX-License-Identifier: GPL-2.0
/* What libipcring's calls do and refuse, on both backends, in one process. */
#include "lib.h"

static const struct ipcring_options small = { .slots = 4, .msg_size = 64 };

TEST_F(lib, options_refused)
{
	static const struct ipcring_options bad[] = {
		{ .slots = 3, .msg_size = 64 },
		{ .slots = 0, .msg_size = 64 },
		{ .slots = IPCRING_SLOTS_MAX * 2, .msg_size = 64 },
		{ .slots = 4, .msg_size = 0 },
		{ .slots = 4, .msg_size = IPCRING_MSG_MAX + 1 },
		{ .slots = 4, .msg_size = 64, .lanes = IPCRING_LANES_MAX + 1 },
		{ .slots = 4, .msg_size = 64, .consumers = IPCRING_CONSUMERS_MAX + 1 },
		{ .slots = 4, .msg_size = 64, .bytes = 4096 },
		{ .msg_size = 64, .bytes = 4096 + 8 },
		{ .msg_size = 64, .bytes = IPCRING_BYTES_MAX * 2 },
		{ .msg_size = 4096 - 7, .bytes = 4096 },
		{ .slots = 4, .msg_size = 64, .mode = 0600 },
		{ .slots = 4, .msg_size = 64, .mode = 01000, .name = "a" },
		{ .slots = 4, .msg_size = 64, .name = "" },
		{ .slots = 4, .msg_size = 64, .name = "a/b" },
		{ .slots = 4, .msg_size = 64, .name = "a\n" },
		{ .slots = 4, .msg_size = 64, .name =
			"0123456789012345678901234567890123456789012345678901234567890123" },
		{ .slots = 4, .msg_size = 64, .flags = 1u << 31 },
		{ .slots = 4, .msg_size = 64, .flags = IPCRING_ONLY_MODULE | IPCRING_ONLY_MEMFD },
		{ .slots = 4, .msg_size = 64, .trust = (enum ipcring_trust)4 },
		{ .slots = 4, .msg_size = 64, .resv = { 0, 0, 0, 0, 1 } },
	};
	struct ipcring *const poison = (struct ipcring *)0x5a5a, *control = poison;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		EXPECT_EQ(-EINVAL, ipcring_create(&bad[i], &control))
			TH_LOG("options %zu", i);
		EXPECT_EQ(poison, control);
	}
}

TEST_F(lib, backend_by_environment)
{
	struct ipcring *control;

	EXPECT_EQ(self->module ? IPCRING_BACKEND_MODULE : IPCRING_BACKEND_MEMFD,
		  ipcring_backend(NULL));
	ASSERT_EQ(0, ipcring_create(&small, &control));
	EXPECT_EQ(ipcring_backend(NULL), ipcring_backend(control));
	setenv("IPCRING_BACKEND", "pigeon", 1);
	EXPECT_EQ(-EINVAL, ipcring_backend(NULL));
	EXPECT_EQ(-EINVAL, ipcring_endpoint(control, IPCRING_ROLE_CONTROL, 0, 0, &control));
	ipcring_close(control);
	EXPECT_EQ(-EINVAL, ipcring_create(&small, &control));
	EXPECT_EQ(-EINVAL, ipcring_open("a", PRODUCER, 0, 0, &control));
}

TEST_F(lib, memfd_has_t0_only)
{
	struct ipcring_options opt = small;
	struct ipcring *control, *end;

	if (self->module)
		SKIP(return, "about memfd");
	opt.trust = IPCRING_TRUST_SPLIT;
	EXPECT_EQ(-EOPNOTSUPP, ipcring_create(&opt, &control));
	opt.trust = IPCRING_TRUST_NONE;
	EXPECT_EQ(-EOPNOTSUPP, ipcring_create(&opt, &control));
	opt.trust = IPCRING_TRUST_ALL;
	opt.flags = IPCRING_CREATE_NODES;
	EXPECT_EQ(-EOPNOTSUPP, ipcring_create(&opt, &control));
	opt.flags = 0;
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	EXPECT_EQ(-EOPNOTSUPP, ipcring_endpoint(control, PRODUCER, 0, IPCRING_COPY, &end));
	ipcring_close(control);
}

TEST_F(lib, full_empty_order)
{
	struct pair p;
	char big[65];

	ASSERT_EQ(0, pair_open(&p, &small, 0));
	for (__u64 lap = 0; lap < 3; lap++) {
		EXPECT_EQ(-EAGAIN, recv_u64(p.in, 0));
		EXPECT_EQ(-EAGAIN, ipcring_try_recv(p.in, big, sizeof(big)));
		EXPECT_EQ(-ETIMEDOUT, recv_u64(p.in, 1));
		EXPECT_EQ(-ETIMEDOUT, ipcring_wait(p.in, 0));
		EXPECT_EQ(0, ipcring_wait(p.out, 0));
		for (__u64 i = 0; i < 4; i++)
			EXPECT_EQ(0, send_u64(p.out, lap * 4 + i, 0));
		EXPECT_EQ(-EAGAIN, send_u64(p.out, 9, 0));
		EXPECT_EQ(-EAGAIN, ipcring_try_send(p.out, big, 1));
		EXPECT_EQ(-ETIMEDOUT, send_u64(p.out, 9, 1));
		EXPECT_EQ(-ETIMEDOUT, ipcring_wait(p.out, 0));
		EXPECT_EQ(0, ipcring_wait(p.in, 0));
		EXPECT_EQ(-EMSGSIZE, ipcring_recv(p.in, big, 7, 0));
		for (__u64 i = 0; i < 4; i++)
			EXPECT_EQ(lap * 4 + i, recv_u64(p.in, 0));
	}
	EXPECT_EQ(-EMSGSIZE, ipcring_send(p.out, big, 65, FOREVER));
	EXPECT_EQ(-EMSGSIZE, ipcring_send(p.out, big, 0, FOREVER));
	EXPECT_EQ(-EBADF, ipcring_send(p.in, big, 1, FOREVER));
	EXPECT_EQ(-EBADF, ipcring_recv(p.out, big, 1, FOREVER));
	EXPECT_EQ(-EBADF, ipcring_send(p.control, big, 1, FOREVER));
	EXPECT_EQ(-EBADF, ipcring_wait(p.control, FOREVER));
	pair_close(&p);
}

/* Every length, so that records wrap at every place. */
static void lengths(struct __test_metadata *_metadata, const struct ipcring_options *opt)
{
	unsigned char out[200], in[200];
	struct pair p;

	ASSERT_EQ(0, pair_open(&p, opt, 0));
	for (unsigned int i = 0; i < 2000; i++) {
		__u32 len = 1 + i % sizeof(out);

		memset(out, (int)i, len);
		memset(in, POISON, sizeof(in));
		ASSERT_EQ(0, ipcring_send(p.out, out, len, 0));
		ASSERT_EQ(len, ipcring_recv(p.in, in, sizeof(in), 0));
		ASSERT_EQ(0, memcmp(in, out, len));
	}
	pair_close(&p);
}

TEST_F(lib, slots_of_every_length)
{
	lengths(_metadata, &(struct ipcring_options){ .slots = 8, .msg_size = 200 });
}

TEST_F(lib, records_of_every_length)
{
	NEED(RECORDS);
	lengths(_metadata, &(struct ipcring_options){ .bytes = 4096, .msg_size = 200 });
}

TEST_F(lib, records_need_their_own_room)
{
	const struct ipcring_options opt = { .bytes = 4096, .msg_size = 4088 };
	struct pair p;
	char big[4088] = "";

	NEED(RECORDS);
	ASSERT_EQ(0, pair_open(&p, &opt, 0));
	ASSERT_EQ(0, send_u64(p.out, 1, 0));
	EXPECT_EQ(-ETIMEDOUT, ipcring_wait(p.out, 0));
	EXPECT_EQ(-EAGAIN, ipcring_send(p.out, big, sizeof(big), 0));
	EXPECT_EQ(0, send_u64(p.out, 2, 0));
	EXPECT_EQ(1, recv_u64(p.in, 0));
	EXPECT_EQ(2, recv_u64(p.in, 0));
	EXPECT_EQ(0, ipcring_send(p.out, big, sizeof(big), 0));
	EXPECT_EQ(sizeof(big), ipcring_recv(p.in, big, sizeof(big), 0));
	pair_close(&p);
}

TEST_F(lib, lanes_in_turn)
{
	const struct ipcring_options opt = { .slots = 4, .msg_size = 8, .lanes = 3 };
	struct ipcring *control, *out[3], *in, *more;

	NEED(LANES);
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	ASSERT_EQ(0, ipcring_endpoint(control, CONSUMER, 0, 0, &in));
	EXPECT_EQ(-EINVAL, ipcring_endpoint(control, PRODUCER, 3, 0, &more));
	ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, 1, 0, &out[1]));
	EXPECT_EQ(-EBUSY, ipcring_endpoint(control, PRODUCER, 1, 0, &more));
	ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, IPCRING_ANY_LANE, 0, &out[0]));
	ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, IPCRING_ANY_LANE, 0, &out[2]));
	EXPECT_EQ(-EBUSY, ipcring_endpoint(control, PRODUCER, IPCRING_ANY_LANE, 0, &more));
	for (__u32 n = 0; n < 3; n++)
		EXPECT_EQ(n, ipcring_lane(out[n]));
	for (__u64 i = 0; i < 4; i++)
		for (__u64 n = 0; n < 3; n++)
			ASSERT_EQ(0, send_u64(out[n], n << 8 | i, 0));
	EXPECT_EQ(-EAGAIN, send_u64(out[1], 0, 0));
	for (__u64 i = 0; i < 12; i++) {
		__s64 got = recv_u64(in, 0);

		EXPECT_EQ(got >> 8, ipcring_lane(in));
		EXPECT_EQ(i / 3, got & 0xff);
	}
	EXPECT_EQ(-EAGAIN, recv_u64(in, 0));
	/* The end is when the last has gone. */
	ASSERT_EQ(0, send_u64(out[2], 7, 0));
	ipcring_close(out[0]);
	ipcring_close(out[2]);
	EXPECT_EQ(7, recv_u64(in, FOREVER));
	EXPECT_EQ(-EAGAIN, recv_u64(in, 0));
	ipcring_close(out[1]);
	EXPECT_EQ(-ENODATA, recv_u64(in, FOREVER));
	ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, 2, 0, &out[2]));
	EXPECT_EQ(-EAGAIN, recv_u64(in, 0));
	ipcring_close(out[2]);
	ipcring_close(in);
	ipcring_close(control);
}

TEST_F(lib, consumers_share)
{
	const struct ipcring_options opt = { .slots = 8, .msg_size = 8, .consumers = 2 };
	struct ipcring *control, *out, *in[2], *more;

	NEED(LANES);
	ASSERT_EQ(0, ipcring_create(&opt, &control));
	ASSERT_EQ(0, ipcring_endpoint(control, PRODUCER, 0, 0, &out));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, ipcring_endpoint(control, CONSUMER, 0, 0, &in[i]));
	EXPECT_EQ(-EBUSY, ipcring_endpoint(control, CONSUMER, 0, 0, &more));
	for (__u64 i = 0; i < 8; i++)
		ASSERT_EQ(0, send_u64(out, i, 0));
	for (__u64 i = 0; i < 6; i++)
		EXPECT_EQ(i, recv_u64(in[i & 1], FOREVER));
	ipcring_close(in[0]);
	ASSERT_EQ(0, ipcring_endpoint(control, CONSUMER, 0, 0, &in[0]));
	EXPECT_EQ(6, recv_u64(in[0], FOREVER));
	EXPECT_EQ(7, recv_u64(in[1], FOREVER));
	EXPECT_EQ(-EAGAIN, recv_u64(in[0], 0));
	ipcring_close(in[0]);
	ipcring_close(in[1]);
	ipcring_close(out);
	ipcring_close(control);
}

TEST_F(lib, hangup)
{
	struct pair p;

	ASSERT_EQ(0, pair_open(&p, &small, 0));
	ASSERT_EQ(0, send_u64(p.out, 1, 0));
	ASSERT_EQ(0, send_u64(p.out, 2, 0));
	ipcring_close(p.out);
	EXPECT_EQ(1, recv_u64(p.in, FOREVER));
	EXPECT_EQ(2, recv_u64(p.in, FOREVER));
	EXPECT_EQ(-ENODATA, recv_u64(p.in, FOREVER));
	EXPECT_EQ(-ENODATA, recv_u64(p.in, 0));
	EXPECT_EQ(-EPIPE, ipcring_wait(p.in, FOREVER));
	ASSERT_EQ(0, ipcring_endpoint(p.control, PRODUCER, 0, 0, &p.out));
	ASSERT_EQ(0, send_u64(p.out, 3, 0));
	EXPECT_EQ(3, recv_u64(p.in, FOREVER));
	ipcring_close(p.in);
	for (__u64 i = 0; i < 4; i++)
		send_u64(p.out, i, 0);
	EXPECT_EQ(-EPIPE, send_u64(p.out, 4, FOREVER));
	EXPECT_EQ(-EPIPE, ipcring_wait(p.out, FOREVER));
	p.in = NULL;
	pair_close(&p);
}

/* As if the producer had been killed between the head and its position. */
TEST_F(lib, killed_between_two_stores)
{
	struct ipcring *heir;
	struct pair p;

	ASSERT_EQ(0, pair_open(&p, &small, 0));
	ASSERT_EQ(0, send_u64(p.out, 1, 0));
	ASSERT_EQ(0, send_u64(p.out, 2, 0));
	ring_store(&p.out->cur.ring.prod->pos, 1);
	ASSERT_EQ(0, ipcring_import(ipcring_fd(p.out), 0, &heir));
	EXPECT_EQ(0, send_u64(heir, 3, 0));
	for (__u64 i = 1; i <= 3; i++)
		EXPECT_EQ(i, recv_u64(p.in, 0));
	EXPECT_EQ(-EAGAIN, recv_u64(p.in, 0));
	ipcring_close(heir);
	pair_close(&p);
}

/* Nonsense from the peer is seen, harms nothing else, and a new producer starts afresh. */
TEST_F(lib, corrupt_lane)
{
	struct pair p;

	ASSERT_EQ(0, pair_open(&p, &small, 0));
	ASSERT_EQ(0, send_u64(p.out, 1, 0));
	ring_store(&ring_slot(&p.out->cur.ring, 1)->head, ring_head(1, 65));
	EXPECT_EQ(1, recv_u64(p.in, 0));
	EXPECT_EQ(-EBADMSG, recv_u64(p.in, 0));
	EXPECT_EQ(-EBADMSG, ipcring_wait(p.in, FOREVER));
	ipcring_close(p.out);
	ASSERT_EQ(0, ipcring_endpoint(p.control, PRODUCER, 0, 0, &p.out));
	EXPECT_EQ(-EAGAIN, recv_u64(p.in, 0));
	ASSERT_EQ(0, send_u64(p.out, 2, 0));
	EXPECT_EQ(2, recv_u64(p.in, 0));
	pair_close(&p);
}

TEST_F(lib, batches)
{
	struct iovec msgs[6], room[6];
	__u64 values[6], got[6];
	struct pair p;

	ASSERT_EQ(0, pair_open(&p, &small, 0));
	for (int i = 0; i < 6; i++) {
		values[i] = i;
		msgs[i] = (struct iovec){ &values[i], 8 };
		room[i] = (struct iovec){ &got[i], 8 };
	}
	EXPECT_EQ(-EAGAIN, ipcring_recv_batch(p.in, room, 6, 0));
	EXPECT_EQ(3, ipcring_send_batch(p.out, msgs, 3, 0));
	EXPECT_EQ(1, ipcring_send_batch(p.out, msgs + 3, 3, FOREVER));
	EXPECT_EQ(-EAGAIN, ipcring_send_batch(p.out, msgs + 4, 2, 0));
	EXPECT_EQ(2, ipcring_recv_batch(p.in, room, 2, FOREVER));
	EXPECT_EQ(2, ipcring_send_batch(p.out, msgs + 4, 2, 0));
	EXPECT_EQ(4, ipcring_recv_batch(p.in, room + 2, 4, FOREVER));
	for (int i = 0; i < 6; i++)
		EXPECT_EQ(i, got[i]);
	EXPECT_EQ(-EMSGSIZE, ipcring_send_batch(p.out, msgs, 0, 0));
	msgs[0].iov_len = 1ULL << 32 | 8;
	EXPECT_EQ(-EMSGSIZE, ipcring_send_batch(p.out, msgs, 1, 0));
	ipcring_close(p.out);
	EXPECT_EQ(0, ipcring_recv_batch(p.in, room, 6, FOREVER));
	p.out = NULL;
	pair_close(&p);
}

TEST_F(lib, info_and_stats)
{
	const struct ipcring_options opt = { .slots = 4, .msg_size = 100 };
	struct ipcring_info info = { .size = sizeof(info) };
	struct ipcring_stats stats = { .size = sizeof(stats), .lane = IPCRING_LANE_ALL };
	struct ipcring *observer;
	struct pair p;

	NEED(LANES);
	ASSERT_EQ(0, pair_open(&p, &opt, 0));
	ASSERT_EQ(0, ipcring_endpoint(p.control, OBSERVER, 0, 0, &observer));
	ASSERT_EQ(0, send_u64(p.out, 1, 0));
	ASSERT_EQ(0, send_u64(p.out, 2, 0));
	ASSERT_EQ(1, recv_u64(p.in, 0));
	ASSERT_EQ(0, ipcring_info(observer, &info));
	EXPECT_EQ(IPCRING_ROLE_OBSERVER, info.role);
	EXPECT_EQ(4, info.slots);
	EXPECT_EQ(100, info.msg_size);
	EXPECT_EQ(128, info.stride);
	EXPECT_EQ(IPCRING_ST_PRODUCER | IPCRING_ST_CONSUMER, info.state);
	EXPECT_EQ(2, info.prod_pos);
	EXPECT_EQ(1, info.cons_pos);
	EXPECT_EQ(self->module ? 0 : IPCRING_CREATE_TRUST_ALL, info.flags);
	ASSERT_EQ(0, ipcring_stats(observer, &stats));
	EXPECT_EQ(1, stats.depth);
	EXPECT_EQ(0, stats.corruptions);
	ipcring_close(p.out);
	ASSERT_EQ(0, ipcring_info(p.control, &info));
	EXPECT_EQ(IPCRING_ST_CONSUMER, info.state);
	stats.lane = 1;
	EXPECT_EQ(-EINVAL, ipcring_stats(observer, &stats));
	ipcring_close(observer);
	p.out = NULL;
	pair_close(&p);
}

TEST_F(lib, wait_any)
{
	struct ipcring *ends[3];
	struct pair p[2];
	__u64 ready = POISON;

	NEED(WAIT_ANY);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pair_open(&p[i], &small, 0));
	ends[0] = p[0].in;
	ends[1] = p[1].in;
	EXPECT_EQ(-EINVAL, ipcring_wait_any(ends, 0, 0, &ready));
	EXPECT_EQ(-ETIMEDOUT, ipcring_wait_any(ends, 2, 0, &ready));
	EXPECT_EQ(-ETIMEDOUT, ipcring_wait_any(ends, 2, ipcring_deadline(1000), &ready));
	ends[2] = p[1].out;
	EXPECT_EQ(0, ipcring_wait_any(ends, 3, FOREVER, &ready));
	EXPECT_EQ(4, ready);
	ASSERT_EQ(0, send_u64(p[1].out, 5, 0));
	EXPECT_EQ(0, ipcring_wait_any(ends, 2, FOREVER, &ready));
	EXPECT_EQ(2, ready);
	ipcring_close(p[0].out);
	p[0].out = NULL;
	EXPECT_EQ(0, ipcring_wait_any(ends, 2, FOREVER, &ready));
	EXPECT_EQ(3, ready);
	ends[2] = p[0].control;
	EXPECT_EQ(-EINVAL, ipcring_wait_any(ends, 3, FOREVER, &ready));
	pair_close(&p[0]);
	pair_close(&p[1]);
}

TEST_F(lib, kernel_copies)
{
	struct ipcring_options opt = small;
	struct pair p;

	if (!self->module)
		SKIP(return, "about the module");
	NEED(LANES);
	opt.trust = IPCRING_TRUST_NONE;
	ASSERT_EQ(0, pair_open(&p, &opt, 0));
	for (__u64 lap = 0; lap < 2; lap++) {
		for (__u64 i = 0; i < 4; i++)
			EXPECT_EQ(0, send_u64(p.out, i, lap ? FOREVER : 0));
		EXPECT_EQ(-EAGAIN, send_u64(p.out, 9, 0));
		EXPECT_EQ(-ETIMEDOUT, send_u64(p.out, 9, 1));
		for (__u64 i = 0; i < 4; i++)
			EXPECT_EQ(i, recv_u64(p.in, lap ? FOREVER : 0));
		EXPECT_EQ(-EAGAIN, recv_u64(p.in, 0));
		EXPECT_EQ(-ETIMEDOUT, recv_u64(p.in, 1));
		ipcring_close(p.in);
		ASSERT_EQ(0, ipcring_endpoint(p.control, CONSUMER, 0, IPCRING_COPY, &p.in));
	}
	ipcring_close(p.out);
	p.out = NULL;
	EXPECT_EQ(-ENODATA, recv_u64(p.in, FOREVER));
	pair_close(&p);
}

TEST(every_error_has_a_line)
{
	static const int errors[] = {
		EINVAL, EEXIST, E2BIG, EDQUOT, EPERM, ENOMEM, ENOSPC, EACCES, ENOENT, EBUSY, EMFILE,
		ENFILE, EMSGSIZE, EAGAIN, EPIPE, EBADMSG, EBADF, ETIMEDOUT, EINTR, ENOTTY,
	};

	for (int op = IPCRING_OP_CREATE; op <= IPCRING_OP_WAIT; op++)
		for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
			const char *text = ipcring_strerror((enum ipcring_op)op, -errors[i]);

			ASSERT_NE(NULL, text);
			EXPECT_NE('\0', *text);
			EXPECT_EQ(NULL, strchr(text, '\n'));
			EXPECT_EQ(text, ipcring_strerror((enum ipcring_op)op, errors[i]));
		}
	EXPECT_NE(NULL, strstr(ipcring_strerror(IPCRING_OP_CREATE, -E2BIG), "max_ring_bytes"));
	EXPECT_NE(NULL, strstr(ipcring_strerror(IPCRING_OP_CREATE, -EDQUOT), "max_user_bytes"));
	EXPECT_NE(NULL, strstr(ipcring_strerror(IPCRING_OP_CREATE, -EPERM), "RLIMIT_MEMLOCK"));
	EXPECT_NE(NULL, ipcring_strerror(IPCRING_OP_CREATE, 9999));
}

TEST_HARNESS_MAIN
