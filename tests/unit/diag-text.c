/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diagnostics as people see them: excerpt, caret, escapes, suggestions. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "diag-add.h"
#include "tap.h"

/* One finding and the text it should give. */
struct example {
    const char *what;
    enum re_severity severity;
    unsigned line, column, length;
    const char *source, *hint, *message, *text;
};

static const struct example examples[] = {
    { "an error with its place and a hint", RE_ERROR, 9, 12, 6,
      "syscalls = opneat read write", "did you mean \"openat\"?",
      "unknown syscall \"opneat\"",
      "web.ini:9:12: error: unknown syscall \"opneat\"\n"
      "    9 | syscalls = opneat read write\n"
      "      |            ^~~~~~  did you mean \"openat\"?\n" },
    { "a warning about a line", RE_WARNING, 22, 0, 0, "connect = always", NULL,
      "unreachable",
      "web.ini:22: warning: unreachable\n"
      "   22 | connect = always\n" },
    { "a file as a whole", RE_ERROR, 0, 0, 0, NULL, "sudo?", "cannot open",
      "web.ini: error: cannot open; sudo?\n" },
    { "tabs stay tabs above and below", RE_ERROR, 1, 4, 2, "a\t\tbb", NULL,
      "m", "web.ini:1:4: error: m\n    1 | a\t\tbb\n      |  \t\t^~\n" },
    { "a caret behind the end of the line", RE_ERROR, 1, 40, 9, "a =", NULL,
      "m", "web.ini:1:40: error: m\n    1 | a =\n      |    ^\n" },
    { "characters of several bytes count one column", RE_ERROR, 1, 3, 3,
      "äöb", NULL, "m", "web.ini:1:3: error: m\n    1 | äöb\n"
      "      |  ^~\n" },
    { "control characters and bad UTF-8 are escaped", RE_ERROR, 1, 3, 1,
      "\x1b\xff!", NULL, "m", "web.ini:1:3: error: m\n    1 | \\x1b\\xff!\n"
      "      |         ^\n" },
    { "escapes are underlined whole", RE_ERROR, 1, 1, 2, "\x1b" "a", NULL, "m",
      "web.ini:1:1: error: m\n    1 | \\x1b" "a\n      | ^~~~~\n" },
    { "a right-to-left override is escaped", RE_ERROR, 1, 0, 0,
      "a\u202e", NULL, "m\u202e",
      "web.ini:1: error: m\\xe2\\x80\\xae\n    1 | a\\xe2\\x80\\xae\n" },
};

static void check_examples(void)
{
    struct re_diags *d = re_diags_new();

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example *e = &examples[i];
        char *text;

        re_diags_add(d, e->severity, "web.ini", e->line, e->column, e->length,
                     e->source, e->hint, "%s", e->message);
        text = re_diag_text(re_diags_at(d, i));
        if (!tap_ok(text && strcmp(text, e->text) == 0, "%s", e->what)) {
            tap_note(text ? text : "(no text)");
        }
        free(text);
    }
    tap_ok(re_diags_errors(d) == 8 && re_diags_warnings(d) == 1 &&
           re_diags_count(d) == 9, "errors and warnings are counted");
    tap_ok(!re_diags_at(d, 9), "there is nothing past the end");
    re_diags_free(d);
}

/* --- suggestions ------------------------------------------------------- */

static const char *name_at(void *opaque, unsigned i)
{
    static const char *const names[] = {
        "O_RDONLY", "O_RDWR", "chmod", "connect", "fchmod", "open", "openat",
        "openat2", "read", "write",
    };

    (void)opaque;
    return i < sizeof(names) / sizeof(names[0]) ? names[i] : NULL;
}

static void check_suggestion(const char *word, const char *expected)
{
    char buf[RE_SUGGEST_MAX] = "untouched";
    bool found = re_suggest(word, name_at, NULL, buf, sizeof(buf));

    if (!tap_ok(strcmp(buf, expected ? expected : "untouched") == 0 &&
                found == !!expected, "for %s: %s", word,
                expected ? expected : "nothing")) {
        tap_note(buf);
    }
}

static void check_suggestions(void)
{
    char longest[RE_SUGGEST_MAX + 1], small[4];

    check_suggestion("opneat", "openat");
    check_suggestion("O_RDNOLY", "O_RDONLY");
    check_suggestion("o_rdonly", "O_RDONLY");
    check_suggestion("conect", "connect");
    check_suggestion("chmodd", "chmod");
    check_suggestion("wriet", "write");
    check_suggestion("wirte", "write");
    check_suggestion("xyzzy", NULL);
    check_suggestion("ab", NULL);
    check_suggestion("", NULL);
    memset(longest, 'o', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    check_suggestion(longest, NULL);
    tap_ok(!re_suggest("opneat", name_at, NULL, small, sizeof(small)),
           "a name that does not fit is not cut");
}

/* --- memory ------------------------------------------------------------ */

static void check_no_list(void)
{
    tap_ok(re_diags_add(NULL, RE_ERROR, NULL, 0, 0, 0, NULL, NULL, "x") < 0,
           "no list is no crash");
    re_diags_free(NULL);
}

/* An error that cannot be kept is still an error. Two thirds of a gigabyte of
 * text, with no more address space to be had. */
static void check_short_of_memory(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    tap_skip("AddressSanitizer needs the address space", "short of memory");
#else
    struct rlimit none = { 0, RLIM_INFINITY };
    struct re_diags *d = re_diags_new();
    size_t size = (size_t)256 << 20;
    char *text = malloc(size);

    if (!d || !text) {
        tap_skip("no memory to begin with", "short of memory");
        return;
    }
    memset(text, 'x', size - 1);
    text[size - 1] = '\0';
    setrlimit(RLIMIT_AS, &none);
    re_diags_add(d, RE_WARNING, NULL, 0, 0, 0, text, NULL, "m");
    none.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_AS, &none);
    tap_ok(re_diags_errors(d) == 1 && re_diags_count(d) == 1 &&
           strcmp(re_diags_at(d, 0)->message, "out of memory") == 0,
           "short of memory, the list ends in an error");
    free(text);
    re_diags_free(d);
#endif
}

int main(void)
{
    check_examples();
    check_suggestions();
    check_no_list();
    check_short_of_memory();
    return tap_done();
}
