/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of records and options, and buckets of time. */
#include "policy-report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t second = 1000000;      /* microseconds */

/* --- buckets ------------------------------------------------------------ */

static int64_t round_down(int64_t n, int64_t unit)
{
    int64_t rest = n % unit;

    return n - (rest < 0 ? rest + unit : rest);
}

bool report_clock_grow(const struct report_clock *c, int64_t time,
                       struct report_clock *ret)
{
    struct report_clock to = *c;

    if (c->width == 0) {
        to.width = second / 64;
        to.first = to.last = time;
    } else if (time >= c->origin &&
               time - c->origin < REPORT_FINE * c->width) {
        return false;
    }
    to.first = time < to.first ? time : to.first;
    to.last = time > to.last ? time : to.last;
    for (;;) {
        to.origin = round_down(to.first, 8 * to.width);
        if (to.last - to.origin < REPORT_FINE * to.width) {
            *ret = to;
            return true;
        }
        to.width *= 2;
    }
}

void report_clock_move(const struct report_clock *from,
                       const struct report_clock *to, uint32_t *series,
                       unsigned n)
{
    uint32_t moved[REPORT_FINE] = { 0 };
    int64_t ratio = REPORT_FINE / n;
    int64_t old_width = from->width * ratio, width = to->width * ratio;

    for (unsigned i = 0; i < n; i++) {
        int64_t at = from->origin + i * old_width - to->origin;
        uint32_t *sum;

        /* A bucket without counts may lie outside. */
        if (series[i] == 0 || at < 0 || at / width >= n) {
            continue;
        }
        sum = &moved[at / width];
        *sum = *sum > UINT32_MAX - series[i] ? UINT32_MAX : *sum + series[i];
    }
    memcpy(series, moved, n * sizeof(*series));
}

/* --- a record's --------------------------------------------------------- */

static bool digits(const char *s, unsigned count, int *ret)
{
    int n = 0;

    for (unsigned i = 0; i < count; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return false;
        }
        n = 10 * n + s[i] - '0';
    }
    *ret = n;
    return true;
}

bool report_time_record(const char *s, size_t len, int64_t *ret)
{
    struct tm t = { 0 };
    int micro = 0, scale = 100000, digit;

    if (len < 20 || s[4] != '-' || s[7] != '-' || s[10] != 'T' ||
        s[13] != ':' || s[16] != ':' || s[len - 1] != 'Z' ||
        !digits(s, 4, &t.tm_year) || t.tm_year < 1970 ||
        !digits(s + 5, 2, &t.tm_mon) ||
        !digits(s + 8, 2, &t.tm_mday) || !digits(s + 11, 2, &t.tm_hour) ||
        !digits(s + 14, 2, &t.tm_min) || !digits(s + 17, 2, &t.tm_sec) ||
        t.tm_mon < 1 || t.tm_mon > 12 || t.tm_mday < 1 || t.tm_mday > 31 ||
        t.tm_hour > 23 || t.tm_min > 59 || t.tm_sec > 60 ||
        (len > 20 && s[19] != '.')) {
        return false;
    }
    for (size_t i = 20; i + 1 < len; i++, scale /= 10) {
        if (!digits(s + i, 1, &digit)) {
            return false;
        }
        micro += digit * scale;
    }
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    *ret = (int64_t)timegm(&t) * second + micro;
    return true;
}

/* --- an option's -------------------------------------------------------- */

/* "90s", "15m", "2h", "3d": so long ago. */
static bool read_ago(const char *text, int64_t now, int64_t *ret)
{
    static const struct { char unit; int64_t seconds; } units[] = {
        { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
    };
    char *end;
    unsigned long n;

    if (!isdigit((unsigned char)*text)) {
        return false;
    }
    n = strtoul(text, &end, 10);
    for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (n < 1000000000 && end[0] == units[i].unit && !end[1]) {
            *ret = now - (int64_t)n * units[i].seconds * second;
            return true;
        }
    }
    return false;
}

bool report_time_option(const char *text, int64_t now, int64_t *ret)
{
    static const char *const formats[] = {
        "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M",
    };
    time_t today = now / second;

    if (read_ago(text, now, ret)) {
        return true;
    }
    for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct tm t = { 0 };
        const char *end;
        bool dated = formats[i][1] == 'Y';

        if (!dated) {
            localtime_r(&today, &t);
            t.tm_sec = 0;
        }
        t.tm_isdst = -1;
        end = strptime(text, formats[i], &t);
        if (end && !*end) {
            *ret = (int64_t)mktime(&t) * second;
            return true;
        }
        if (end && dated && strcmp(end, "Z") == 0) {
            *ret = (int64_t)timegm(&t) * second;
            return true;
        }
    }
    return report_time_record(text, strlen(text), ret);
}

/* --- text --------------------------------------------------------------- */

const char *report_time_text(int64_t time, const char *format, char buf[32])
{
    time_t seconds = round_down(time, second) / second;
    struct tm t;

    localtime_r(&seconds, &t);
    if (strftime(buf, 32, format, &t) == 0) {
        buf[0] = '\0';
    }
    return buf;
}

const char *report_span_text(int64_t microseconds, char buf[24])
{
    static const struct { int64_t length; const char *unit; } units[] = {
        { 86400000000, "d" }, { 3600000000, "h" }, { 60000000, "min" },
        { 1000000, "s" }, { 1000, "ms" },
    };
    unsigned i = 0;

    while (i < 4 && microseconds < units[i].length) {
        i++;
    }
    snprintf(buf, 24, "%.3g %s", (double)microseconds / units[i].length,
             units[i].unit);
    return buf;
}
