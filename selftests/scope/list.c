// SPDX-License-Identifier: GPL-2.0
/* `ipcscope list`: the table of mechanisms, in words and as data. */
#include <sys/wait.h>
#include "kselftest_harness.h"
#include "capacity.h"
#include "list.h"
#include "mech.h"
#include "names.h"

/* Each once, and with all that the list says of it. */
TEST(table)
{
	for (size_t i = 0; mech_table[i]; i++) {
		const struct mech_ops *ops = mech_table[i];

		EXPECT_EQ(ops, mech_find(ops->name)) {
			TH_LOG("%s is there twice", ops->name);
		}
		EXPECT_TRUE(ops->summary && ops->choices && ops->rev && ops->waits) {
			TH_LOG("%s lacks a summary, choices, rev or waits", ops->name);
		}
		EXPECT_TRUE(ops->open && ops->send && ops->recv && ops->close);
		EXPECT_TRUE(!(ops->waits & MECH_W_POLL) || ops->fd);
	}
}

static json_t *find(json_t *list, const char *name)
{
	json_t *m;
	size_t i;

	json_array_foreach(list, i, m)
		if (!strcmp(json_string_value(json_object_get(m, "name")), name))
			return m;
	return NULL;
}

TEST(as_data)
{
	json_t *list = list_build(false), *m;
	size_t i = 0;

	while (mech_table[i])
		i++;
	ASSERT_EQ(i, json_array_size(list));
	m = find(list, "pipe");
	ASSERT_NE(NULL, m);
	EXPECT_TRUE(json_is_true(json_object_get(m, "available")));
	EXPECT_NE(0, json_array_size(json_object_get(m, "waits")));
	EXPECT_NE(0, json_array_size(json_object_get(m, "traits")));
	EXPECT_EQ(NULL, json_object_get(m, "capacity"));
	json_decref(list);
}

/* A pipe's 16 pages of 64-byte messages: the only capacity that Linux promises. */
TEST(capacity)
{
	struct mech_ops asleep = *mech_find("pipe");
	struct mech_why why;
	uint64_t n = 0;

	ASSERT_EQ(0, names_begin(&why));
	ASSERT_EQ(0, capacity_measure(mech_find("pipe"), 64, &n));
	EXPECT_EQ(65536 / 64, n);
	/* It cannot try, so it has to be seen asleep. */
	asleep.waits = MECH_W_BLOCK;
	ASSERT_EQ(0, capacity_measure(&asleep, 64, &n));
	EXPECT_EQ(65536 / 64, n);
	/* There is no end to what is not kept. */
	EXPECT_EQ(-ERANGE, capacity_measure(mech_find("null"), 64, &n));
	names_end();
	EXPECT_EQ(-1, wait(NULL));
}

static bool printed(FILE *f, const char *words)
{
	char line[512];
	bool found = false;

	rewind(f);
	while (fgets(line, sizeof(line), f))
		found = found || strstr(line, words);
	return found;
}

TEST(as_text)
{
	json_t *list = list_build(false);
	FILE *f = tmpfile();

	list_print(list, false, f);
	EXPECT_TRUE(printed(f, mech_find("pipe")->summary));
	EXPECT_FALSE(printed(f, " waits   block"));
	list_print(list, true, f);
	EXPECT_TRUE(printed(f, " waits   block"));
	fclose(f);
	json_decref(list);
}

TEST(as_a_table_of_traits)
{
	json_t *list = json_pack("[{s:s, s:[s,s], s:[s], s:i}, {s:s, s:[], s:[], s:n}]",
				 "name", "some", "traits", "boundaries", "needs-ipcring",
				 "unsaid", "order", "capacity", 77,
				 "name", "other", "traits", "unsaid", "capacity");
	FILE *f = tmpfile();

	ASSERT_NE(NULL, list);
	list_print_traits(list, f);
	EXPECT_TRUE(printed(f, "mechanism bound order duplx"));
	EXPECT_TRUE(printed(f, "some      yes   ?     -"));
	EXPECT_TRUE(printed(f, " 77  needs-ipcring\n"));
	EXPECT_TRUE(printed(f, "other     -     -     -"));
	EXPECT_TRUE(printed(f, "one receive returns one message"));
	fclose(f);
	json_decref(list);
}

TEST_HARNESS_MAIN
