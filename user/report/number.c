// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdio.h>
#include "number.h"

char *report_count(char *buf, size_t len, uint64_t v)
{
	char digits[24];
	size_t n, out = 0;

	n = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)v);
	for (size_t i = 0; i < n && out + 2 < len; i++) {
		if (i && (n - i) % 3 == 0)
			buf[out++] = ',';
		buf[out++] = digits[i];
	}
	buf[out] = '\0';
	return buf;
}

char *report_number(char *buf, size_t len, double v)
{
	if (v >= 100)
		return report_count(buf, len, (uint64_t)llround(v));
	snprintf(buf, len, "%.1f", v);
	return buf;
}
