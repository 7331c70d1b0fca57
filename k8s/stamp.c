/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 3339 in UTC. Days are counted from civil dates by eras of 400 years, whose length is fixed.
 */
#include "k8s/stamp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#define ERA_DAYS  146097
#define EPOCH_DAY 719468 /* 1970-01-01, counted from 0000-03-01 */

static int64_t day_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400;
	unsigned year_of_era = (unsigned)(y - era * 400);
	unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - EPOCH_DAY;
}

static void date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t shifted = days + EPOCH_DAY;
	int64_t era = shifted / ERA_DAYS;
	unsigned day_of_era = (unsigned)(shifted - era * ERA_DAYS);
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned shifted_month = (5 * day_of_year + 2) / 153;

	*day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
	*month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
	*year = era * 400 + year_of_era + (*month <= 2);
}

/* 'digits' decimal digits. */
static bool take_number(const char **text, unsigned digits, unsigned *ret_number)
{
	unsigned number = 0;

	for (unsigned i = 0; i < digits; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		number = number * 10 + (unsigned)(**text - '0');
	}
	*ret_number = number;
	return true;
}

static bool take(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

int k8s_stamp_parse(const char *text, int64_t *ret_s)
{
	static const unsigned char lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year, month, day, hour, minute, second;

	if (!take_number(&text, 4, &year) || !take(&text, '-') || !take_number(&text, 2, &month) ||
	    !take(&text, '-') || !take_number(&text, 2, &day) || !take(&text, 'T') ||
	    !take_number(&text, 2, &hour) || !take(&text, ':') || !take_number(&text, 2, &minute) ||
	    !take(&text, ':') || !take_number(&text, 2, &second))
		return -EINVAL;
	if (take(&text, '.')) {
		while (*text >= '0' && *text <= '9')
			text++;
	}
	if (!take(&text, 'Z') || *text || year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > lengths[month - 1] || hour > 23 || minute > 59 || second > 60)
		return -EINVAL;
	*ret_s = day_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return 0;
}

static int format(int64_t seconds, char buf[static K8S_STAMP_SIZE])
{
	unsigned month, day, rest = (unsigned)(seconds % 86400);
	int64_t year;

	date_of(seconds / 86400, &year, &month, &day);
	return snprintf(buf, K8S_STAMP_SIZE, "%04lld-%02u-%02uT%02u:%02u:%02u",
	                (long long)(year % 10000), month, day, rest / 3600, rest / 60 % 60,
	                rest % 60);
}

const char *k8s_stamp_format(int64_t seconds, char buf[static K8S_STAMP_SIZE])
{
	int len = format(seconds > 0 ? seconds : 0, buf);

	snprintf(buf + len, K8S_STAMP_SIZE - (size_t)len, "Z");
	return buf;
}

const char *k8s_stamp_format_micro(int64_t microseconds, char buf[static K8S_STAMP_SIZE])
{
	int64_t us = microseconds > 0 ? microseconds : 0;
	int len = format(us / 1000000, buf);

	snprintf(buf + len, K8S_STAMP_SIZE - (size_t)len, ".%06uZ", (unsigned)(us % 1000000));
	return buf;
}
