// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include "cell.h"

const char *cell_pattern_name(enum cell_pattern pattern)
{
	static const char *const name[] = {
		[PATTERN_PINGPONG] = "pingpong", [PATTERN_STREAM] = "stream",
	};

	return name[pattern];
}

const char *cell_wait_name(enum mech_wait wait)
{
	static const char *const name[] = { [WAIT_BLOCK] = "block", [WAIT_SPIN] = "spin" };

	return name[wait];
}

const char *cell_status_name(enum cell_status status)
{
	static const char *const name[] = {
		[CELL_OK] = "ok", [CELL_SKIP] = "skip", [CELL_FAIL] = "fail",
	};

	return name[status];
}

void cell_id(const struct cell *c, char *buf, size_t len)
{
	snprintf(buf, len, "%s/%s/%s/%zu/%s", c->ops->name, cell_pattern_name(c->pattern),
		 cell_wait_name(c->cfg.wait), c->cfg.size, topo_place_name(c->place));
}

void cell_fail(struct cell *c, const char *fmt, ...)
{
	va_list ap;

	if (c->status == CELL_FAIL)
		return;
	c->status = CELL_FAIL;
	va_start(ap, fmt);
	vsnprintf(c->why.text, sizeof(c->why.text), fmt, ap);
	va_end(ap);
}
