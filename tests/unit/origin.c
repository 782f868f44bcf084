/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is remembered of files goes on in another origin, and counts with it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "origin.h"
#include "tap.h"

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");

    fputs(text, f);
    fclose(f);
}

static bool reads(struct re_origin *origin, const char *name, const char *text)
{
    const char *got;
    size_t size;

    return re_origin_read(origin, name, &got, &size) == 0 &&
        size == strlen(text) && strcmp(got, text) == 0;
}

/* Two names, a file that has changed since, and a number in shared memory. */
/* As struct re_guest_ops.canonical. */
static int resolve(const char *path, char *buf, size_t size)
{
    if (strcmp(path, "/link") != 0) {
        return -ENOENT;
    }
    snprintf(buf, size, "/file");
    return 0;
}

static int resolve_otherwise(const char *path, char *buf, size_t size)
{
    snprintf(buf, size, "/other%s", path);
    return 0;
}

static void check_canonical(struct re_origin *origin,
                            int (*how)(const char *, char *, size_t))
{
    const char *name;

    tap_ok(re_origin_canonical(origin, "/link", how, &name) == 0 &&
           strcmp(name, "/file") == 0, "a link leads where it led");
    tap_ok(re_origin_canonical(origin, "/absent", how, &name) == -ENOENT,
           "what led nowhere leads nowhere");
}

static struct re_origin *fill(unsigned **ret_count)
{
    struct re_origin *origin;
    const char *names, *real;

    if (re_origin_new(&origin) < 0) {
        exit(1);
    }
    write_file("a.ini", "first");
    write_file("b.lua", "");
    tap_ok(reads(origin, "a.ini", "first"), "a file is read");
    tap_ok(reads(origin, "b.lua", ""), "an empty one too");
    write_file("a.ini", "second");
    tap_ok(reads(origin, "a.ini", "first"), "once");
    tap_ok(re_origin_list(origin, ".", ".lua", &names) == 0 &&
           strcmp(names, "b.lua") == 0 && names[6] == '\0',
           "a directory is listed");
    tap_ok(re_origin_real(origin, "a.ini", &real) == 0 && real[0] == '/',
           "a name is resolved");
    check_canonical(origin, resolve);
    check_canonical(origin, resolve_otherwise);
    *ret_count = re_origin_share(origin, sizeof(**ret_count));
    tap_ok(*ret_count && **ret_count == 0, "memory is shared");
    return origin;
}

static void check_restored(const void *bytes, size_t size, int fd,
                           unsigned *count)
{
    struct re_origin *origin;
    const char *names, *real, *text;
    unsigned *again;

    tap_ok(re_origin_restore(&origin, bytes, size, fd) == 0, "restored");
    unlink("a.ini");
    unlink("b.lua");
    tap_ok(reads(origin, "a.ini", "first"), "with the text as it was");
    tap_ok(reads(origin, "b.lua", ""), "and the empty one");
    tap_ok(re_origin_list(origin, ".", ".lua", &names) == 0 &&
           strcmp(names, "b.lua") == 0 && names[6] == '\0', "and the list");
    tap_ok(re_origin_real(origin, "a.ini", &real) == 0, "and the name");
    check_canonical(origin, resolve_otherwise);
    tap_ok(re_origin_canonical(origin, "/new", resolve_otherwise, &text) ==
           -ENOENT, "nothing else is resolved");
    write_file("c.ini", "third");
    tap_ok(re_origin_read(origin, "c.ini", &text, &size) == -ENOENT,
           "nothing else is read");
    unlink("c.ini");
    again = re_origin_share(origin, sizeof(*again));
    *count = 7;
    tap_ok(again && again != count && *again == 7, "the memory is the same");
    tap_ok(ftruncate(fd, 0) < 0, "and cannot be taken away");
    re_origin_free(origin);
}

/* Every part of what was saved, and every single byte changed. */
static void check_damaged(const char *bytes, size_t size)
{
    char *copy = malloc(size);
    unsigned taken = 0;

    for (size_t n = 0; n < size; n++) {
        struct re_origin *origin;

        if (re_origin_restore(&origin, bytes, n, -1) == 0) {
            taken++;            /* cut between two files */
            re_origin_free(origin);
        }
        memcpy(copy, bytes, size);
        copy[n] ^= 0x80;
        if (re_origin_restore(&origin, copy, size, -1) == 0) {
            re_origin_free(origin);
        }
    }
    tap_ok(taken == 6, "cut anywhere else it is refused");
    free(copy);
}

int main(void)
{
    char dir[] = "/tmp/origin.XXXXXX";
    struct re_origin *origin;
    unsigned *count;
    void *bytes;
    size_t size;

    if (!mkdtemp(dir) || chdir(dir) < 0) {
        return 1;
    }
    origin = fill(&count);
    tap_ok(re_origin_save(origin, NULL, &bytes, &size) == 0, "saved");
    check_damaged(bytes, size);
    check_restored(bytes, size, dup(re_origin_fd(origin)), count);
    free(bytes);
    re_origin_free(origin);
    rmdir(dir);
    return tap_done();
}
