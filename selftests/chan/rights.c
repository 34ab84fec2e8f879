// SPDX-License-Identifier: GPL-2.0
/*
 * The permission matrix of names: 15 kinds of callers x all 512 modes x 3 roles, and
 * who may open the device. Every cell is tried, asserted and printed.
 */
#include "user.h"

#include "peer.h"

#include <sys/stat.h>

#define MODES	512
#define ROLES	3

/* Bits of the mode, as in its last digit. */
#define R	4	/* consume */
#define W	2	/* produce */
#define X	1	/* observe */

static const struct {
	const char *name;
	uint32_t role;
	uint32_t bit;
} roles[ROLES] = {
	{ "consume", IPCRING_ROLE_CONSUMER, R },
	{ "produce", IPCRING_ROLE_PRODUCER, W },
	{ "observe", IPCRING_ROLE_OBSERVER, X },
};

/* Whose digit of the mode decides; or all is granted, or there is no such name. */
enum digit { OWNER = 6, GROUP = 3, OTHER = 0, ALL = -1, NO_NAME = -2 };

struct subject {
	struct user u;
	bool userns;
	enum digit digit;
};

/* All below 32 but this one, and not the word that means all. */
#define CAPS_BUT_OWNER	(0x7fffffffu & ~CAP(IPC_OWNER))

/* The channels belong to uid 1000, gid 1000. */
static const struct user owner = { "owner", 1000, 1000, 1000, 1000, .caps = 0 };

static const struct subject subjects[] = {
	{ { "owner", 1000, 1000, 1000, 1000, .caps = 0 }, false, OWNER },
	{ { "owner, other gid", 1000, 1000, 2000, 2000, .caps = 0 }, false, OWNER },
	{ { "owner by euid", 1001, 1000, 2000, 2000, .caps = 0 }, false, OWNER },
	{ { "owner by ruid only", 1000, 1001, 2000, 2000, .caps = 0 }, false, OTHER },
	{ { "primary gid", 1001, 1001, 1000, 1000, .caps = 0 }, false, GROUP },
	{ { "egid", 1001, 1001, 2000, 1000, .caps = 0 }, false, GROUP },
	{ { "rgid only", 1001, 1001, 1000, 2000, .caps = 0 }, false, OTHER },
	{ { "supplementary gid", 1001, 1001, 2000, 2000, 1000, .caps = 0 }, false, GROUP },
	{ { "other", 1001, 1001, 2000, 2000, 3000, .caps = 0 }, false, OTHER },
	{ { "root", 0, 0, 0, 0, .caps = CAPS_ALL }, false, ALL },
	{ { "root without caps", 0, 0, 0, 0, .caps = 0 }, false, OTHER },
	{ { "root but IPC_OWNER", 0, 0, 0, 0, .caps = CAPS_BUT_OWNER }, false, OTHER },
	{ { "other, IPC_OWNER", 1001, 1001, 2000, 2000, .caps = CAP(IPC_OWNER) }, false, ALL },
	{ { "owner in userns", 1000, 1000, 1000, 1000, .caps = 0 }, true, NO_NAME },
	{ { "root in userns", 0, 0, 0, 0, .caps = CAPS_ALL }, true, NO_NAME },
};

#define SUBJECTS	ARRAY_LEN(subjects)

FIXTURE(rights) {
	int dev;
};

FIXTURE_SETUP(rights)
{
	OPEN_DEVICE(self->dev);
	if (!(chan_features(self->dev) & IPCRING_FEAT_NAMES))
		SETUP_SKIP("this module knows no names");
	if (geteuid())
		SETUP_SKIP("not root");
}

FIXTURE_TEARDOWN(rights)
{
	close(self->dev);
}

static void name_of_mode(char *name, uint32_t mode)
{
	sprintf(name, "rights-%03o", mode);
}

struct matrix {
	int dev;
	int control[MODES];
	int16_t result[MODES][ROLES];
};

static int create_all(void *arg)
{
	struct matrix *m = arg;
	char name[32];

	for (uint32_t mode = 0; mode < MODES; mode++) {
		name_of_mode(name, mode);
		m->control[mode] = chan_create_named(m->dev, name, mode);
		if (m->control[mode] < 0) {
			printf("# mode %03o: %d\n", mode, m->control[mode]);
			return 1;
		}
	}
	return 0;
}

/* An fd counts if it has the role that was asked for and no other. */
static int try_role(int dev, const char *name, uint32_t role)
{
	struct ipcring_info info;
	int fd = chan_open(dev, name, role);
	int ret = fd;

	if (fd >= 0) {
		ret = chan_info(fd, &info);
		if (!ret && info.role != role)
			ret = -EPROTO;
		close(fd);
	}
	return ret;
}

static int try_all(void *arg)
{
	struct matrix *m = arg;
	char name[32];

	for (uint32_t mode = 0; mode < MODES; mode++) {
		name_of_mode(name, mode);
		for (int r = 0; r < ROLES; r++)
			m->result[mode][r] = try_role(m->dev, name, roles[r].role);
	}
	return 0;
}

static int want(const struct subject *s, uint32_t mode, int role)
{
	if (s->digit == NO_NAME)
		return -ENOENT;
	return s->digit == ALL || (mode >> s->digit & roles[role].bit) ? 0 : -EACCES;
}

/* One line: how many modes grant it, and all 512 of them, four modes a digit. */
static void print_row(const struct subject *s, const struct matrix *m, int role)
{
	static const char *const by[] = { "other", "", "", "group", "", "", "owner" };
	char hex[MODES / 4 + 1];
	int granted = 0;

	for (int i = 0; i < MODES / 4; i++) {
		int digit = 0;

		for (int b = 0; b < 4; b++) {
			bool ok = m->result[4 * i + b][role] == 0;

			granted += ok;
			digit |= ok << b;
		}
		hex[i] = "0123456789abcdef"[digit];
	}
	hex[MODES / 4] = '\0';
	printf("# %-18s | %s | %3d | %-7s | %s\n", s->u.name, roles[role].name, granted,
	       s->digit == ALL ? "all" : s->digit == NO_NAME ? "no name" : by[s->digit], hex);
}

static int check_subject(struct __test_metadata *_metadata, const struct subject *s,
			 struct matrix *m)
{
	int cells = 0;

	memset(m->result, POISON, sizeof(m->result));
	EXPECT_EQ(0, user_run(&s->u, s->userns, try_all, m));
	for (int r = 0; r < ROLES; r++) {
		print_row(s, m, r);
		for (uint32_t mode = 0; mode < MODES; mode++, cells++) {
			EXPECT_EQ(want(s, mode, r), m->result[mode][r])
				TH_LOG("%s, %s, mode %03o", s->u.name, roles[r].name, mode);
		}
	}
	return cells;
}

/* Runs as the owner's process: the control files have to stay open somewhere. */
static int hold_channels(struct matrix *m, int to, int from)
{
	char byte;

	if (user_become(&owner) || create_all(m))
		return 1;
	if (write(to, "x", 1) != 1)
		return 2;
	return read(from, &byte, 1) == 1 ? 0 : 3;
}

TEST_F_TIMEOUT(rights, matrix, 200)
{
	struct matrix *m = shared_alloc(sizeof(*m));
	int to[2], from[2], cells = 0;
	char channels[32], byte;
	pid_t pid;

	m->dev = self->dev;
	ASSERT_EQ(0, pipe(to) || pipe(from));
	if (read_file(MODULE_PARAM("max_user_channels"), channels, sizeof(channels)))
		ASSERT_TRUE(write_file(MODULE_PARAM("max_user_channels"), "1000"));
	pid = fork_child();
	if (pid == 0)
		_exit(hold_channels(m, to[1], from[0]));
	close(to[1]);
	ASSERT_EQ(1, read(to[0], &byte, 1));
	printf("# caller             | right   | of 512 | decides | modes that grant it, 4 a digit, from 000\n");
	for (size_t i = 0; i < SUBJECTS; i++)
		cells += check_subject(_metadata, &subjects[i], m);
	printf("# %d cells\n", cells);
	EXPECT_EQ(SUBJECTS * MODES * ROLES, cells);
	ASSERT_EQ(1, write(from[1], "x", 1));
	EXPECT_EQ(0, reap(pid));
	write_file(MODULE_PARAM("max_user_channels"), channels);
}

/* A name belongs to the user namespace of its creator, where its root rules. */
struct inside {
	int dev;
	int ret[4];
};

static int in_userns(void *arg)
{
	static const struct user stranger = { "stranger", 1001, 1001, 2000, 2000, .caps = 0 };
	struct inside *in = arg;
	int control = chan_create_named(in->dev, "rights-ns", 0600);
	pid_t pid;

	in->ret[0] = control;
	in->ret[1] = try_role(in->dev, "rights-ns", IPCRING_ROLE_OBSERVER);
	pid = fork();
	if (pid == 0) {
		user_become(&stranger);
		in->ret[2] = try_role(in->dev, "rights-ns", IPCRING_ROLE_CONSUMER);
		_exit(0);
	}
	reap(pid);
	in->ret[3] = chan_create_named(in->dev, "rights-outer", 0600);
	return 0;
}

TEST_F(rights, namespaces_have_their_own_names)
{
	static const struct user root = { "root", 0, 0, 0, 0, .caps = CAPS_ALL };
	struct inside *in = shared_alloc(sizeof(*in));
	int outer = chan_create_named(self->dev, "rights-outer", 0600);

	ASSERT_LE(0, outer);
	in->dev = self->dev;
	ASSERT_EQ(0, user_run(&root, true, in_userns, in));
	EXPECT_LE(0, in->ret[0]);
	/* Mode 0600 has no x: its namespace's root has CAP_IPC_OWNER there. */
	EXPECT_EQ(0, in->ret[1]);
	EXPECT_EQ(-EACCES, in->ret[2]);
	/* The same name twice, once in each. */
	EXPECT_LE(0, in->ret[3]);
	EXPECT_EQ(-ENOENT, chan_open(self->dev, "rights-ns", IPCRING_ROLE_OBSERVER));
	close(outer);
}

/* The initial namespace's root does not see a name of another one either. */
static int hold_in_userns(void *arg)
{
	int *fd = arg;
	char byte;

	if (chan_create_named(fd[0], "rights-child", 0777) < 0 || write(fd[1], "x", 1) != 1)
		return 1;
	return read(fd[2], &byte, 1) == 1 ? 0 : 2;
}

TEST_F(rights, names_of_a_child_namespace)
{
	static const struct user root = { "root", 0, 0, 0, 0, .caps = CAPS_ALL };
	int to[2], from[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(to) || pipe(from));
	pid = fork_child();
	if (pid == 0) {
		int arg[3] = { self->dev, to[1], from[0] };

		_exit(user_run(&root, true, hold_in_userns, arg));
	}
	ASSERT_EQ(1, read(to[0], &byte, 1));
	EXPECT_EQ(-ENOENT, chan_open(self->dev, "rights-child", IPCRING_ROLE_OBSERVER));
	EXPECT_EQ(-ENOENT, chan_open(self->dev, "rights-child", IPCRING_ROLE_PRODUCER));
	ASSERT_EQ(1, write(from[1], "x", 1));
	EXPECT_EQ(0, reap(pid));
}

/* Nobody gets a control fd by name, whatever the mode and whoever asks. */
TEST_F(rights, no_control_by_name)
{
	int control = chan_create_named(self->dev, "rights-control", 0777);

	ASSERT_LE(0, control);
	EXPECT_EQ(-EINVAL, chan_open(self->dev, "rights-control", IPCRING_ROLE_CONTROL));
	close(control);
}

/* What OPEN refused took no place. */
TEST_F(rights, refused_takes_no_place)
{
	static const struct user other = { "other", 1001, 1001, 2000, 2000, .caps = 0 };
	struct matrix *m = shared_alloc(sizeof(*m));
	int control = chan_create_named(self->dev, "rights-000", 0);

	ASSERT_LE(0, control);
	m->dev = self->dev;
	ASSERT_EQ(0, user_run(&other, false, try_all, m));
	for (int r = 0; r < ROLES; r++)
		EXPECT_EQ(-EACCES, m->result[0][r]);
	EXPECT_EQ(0, chan_state(control));
	EXPECT_LE(0, chan_producer(control, 0));
	EXPECT_LE(0, chan_consumer(control));
	close(control);
}

/* The device's own mode is the VFS's: one line a mode, one column a caller. */
struct node {
	int ret;
};

static int try_device(void *arg)
{
	struct node *n = arg;
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	n->ret = fd < 0 ? -errno : chan_create(fd, 1, 8) < 0 ? -EPROTO : 0;
	return 0;
}

TEST_F(rights, device_node)
{
	static const struct user caller[] = {
		{ "root", 0, 0, 0, 0, .caps = CAPS_ALL },
		{ "group", 1000, 1000, 1000, 1000, .caps = 0 },
		{ "supplementary", 1001, 1001, 2000, 2000, 1000, .caps = 0 },
		{ "other", 1001, 1001, 2000, 2000, .caps = 0 },
	};
	static const mode_t mode[] = { 0, 0600, 0640, 0660, 0666 };
	struct node *n = shared_alloc(sizeof(*n));
	struct stat st;

	ASSERT_EQ(0, stat(DEVICE, &st));
	EXPECT_EQ(0600, st.st_mode & 0777);
	ASSERT_EQ(0, chown(DEVICE, 0, 1000));
	for (size_t i = 0; i < ARRAY_LEN(mode); i++) {
		ASSERT_EQ(0, chmod(DEVICE, mode[i]));
		printf("# device %04o:", mode[i]);
		for (size_t c = 0; c < ARRAY_LEN(caller); c++) {
			mode_t bits = c == 3 ? mode[i] : mode[i] >> 3;
			int ret = c == 0 || (bits & 6) == 6 ? 0 : -EACCES;

			n->ret = POISON;
			EXPECT_EQ(0, user_run(&caller[c], false, try_device, n));
			EXPECT_EQ(ret, n->ret);
			printf(" %s %s", caller[c].name, n->ret ? "no" : "yes");
		}
		printf("\n");
	}
	EXPECT_EQ(0, chown(DEVICE, st.st_uid, st.st_gid));
	EXPECT_EQ(0, chmod(DEVICE, st.st_mode & 07777));
}

TEST_HARNESS_MAIN
