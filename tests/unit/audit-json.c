/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON writer: escapes, and objects that are valid at any size. */
#include <string.h>

#include "json.h"
#include "json-check.h"
#include "tap.h"

/* --- escapes ----------------------------------------------------------- */

static void check_escape(const char *bytes, size_t len, enum re_escape escape,
                         size_t limit, const char *expected, bool whole)
{
    char buf[128];
    struct re_out o = { .buf = buf, .size = sizeof(buf) - 1 };
    bool all = re_out_escaped(&o, bytes, len, escape, limit);

    buf[o.len] = '\0';
    if (!tap_ok(strcmp(buf, expected) == 0 && all == whole,
                "%s: %s", escape == RE_ESCAPE_JSON ? "JSON" : "text",
                expected)) {
        tap_note(buf);
    }
}

static void check_escapes(void)
{
    const enum re_escape j = RE_ESCAPE_JSON, t = RE_ESCAPE_TEXT;

    check_escape("/etc/shadow", 11, j, 99, "/etc/shadow", true);
    check_escape("a\"b\\c\n", 6, j, 99, "a\\\"b\\\\c\\n", true);
    check_escape("a\"b\\c\n", 6, t, 99, "a\\\"b\\\\c\\n", true);
    check_escape("\x1b[2J\0x", 6, j, 99, "\\u001b[2J\\u0000x", true);
    check_escape("\x1b[2J\0x", 6, t, 99, "\\x1b[2J\\x00x", true);
    check_escape("\x7f\xc2\x9b", 3, j, 99, "\\u007f\\u009b", true);
    check_escape("\x7f\xc2\x9b", 3, t, 99, "\\x7f\\u009b", true);
    check_escape("ä€\U0001f600", 9, j, 99, "ä€\U0001f600", true);
    check_escape("\xff\xc0\xaf", 3, j, 99, "\\udcff\\udcc0\\udcaf", true);
    check_escape("\xff\xc0\xaf", 3, t, 99, "\\xff\\xc0\\xaf", true);
    check_escape("\xed\xa0\x80", 3, j, 99, "\\udced\\udca0\\udc80", true);
    check_escape("\xc3", 1, j, 99, "\\udcc3", true);
    check_escape("a\u202e\u2028", 7, j, 99, "a\\u202e\\u2028", true);
    check_escape("\xf3\xa0\x80\x81", 4, j, 99, "\\udb40\\udc01", true);
    check_escape("\xf3\xa0\x80\x81", 4, t, 99, "\\U000e0001", true);
    check_escape("abcdefgh", 8, j, 8, "abcdefgh", true);
    check_escape("abcdefghi", 9, j, 8, "abcde…", false);
    check_escape("ab\n\n\n\n", 6, j, 8, "ab\\n…", false);
    check_escape("äääää", 10, j, 8, "ää…", false);
    check_escape("abcd", 4, j, 2, "", false);
}

/* --- objects ----------------------------------------------------------- */

static size_t write_object(char *buf, size_t size)
{
    struct re_json j;

    re_json_begin(&j, buf, size);
    re_json_unsigned(&j, "v", 1);
    re_json_string(&j, "verdict", "deny");
    for (int i = 0; i < 6; i++) {
        re_json_open(&j, "args");
        re_json_hex(&j, "buf", 0xfffff);
        re_json_open(&j, "deeper");
        re_json_null(&j, "null");
        re_json_bytes(&j, "path", "/a\xff\n/b\"", 7, 20);
        re_json_close(&j);
        re_json_close(&j);
    }
    re_json_signed(&j, "least", INT64_MIN);
    re_json_true(&j, "last");
    return re_json_end(&j);
}

static void check_objects(void)
{
    char buf[1024], all[1024];
    size_t whole = write_object(all, sizeof(all) - 1);
    bool valid = true, marked = true;

    all[whole] = '\0';
    tap_ok(!strstr(all, "truncated") &&
           strstr(all, "\"least\":-9223372036854775808,\"last\":true}\n"),
           "an object that fits is whole");
    for (size_t size = RE_JSON_MIN; size < sizeof(buf); size++) {
        size_t len = write_object(buf, size);
        buf[len] = '\0';
        valid &= len <= size && is_record(buf);
        marked &= !!strcmp(buf, all) == !!strstr(buf, "\"truncated\":true}\n");
    }
    tap_ok(valid, "at every size: valid JSON, not longer than its buffer");
    tap_ok(marked, "at every size: marked if and only if something is missing");
}

int main(void)
{
    check_escapes();
    check_objects();
    return tap_done();
}
