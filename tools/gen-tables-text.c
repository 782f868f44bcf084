/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings, lists of strings, and files, for gen-tables. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gen-tables.h"

void die(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fputs("gen-tables: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}

void die_at(const struct source *s, size_t line, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fprintf(stderr, "gen-tables: %s:%d: ", s->path, s->numbers[line]);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}

/* Room for one element more; grows in powers of two. */
void *grow(void *array, size_t count, size_t size)
{
    if (count & (count - 1)) {
        return array;
    }
    array = realloc(array, (count ? count * 2 : 1) * size);
    if (!array) {
        die("out of memory");
    }
    return array;
}

char *copy_text(const char *from, size_t length)
{
    char *to = malloc(length + 1);

    if (!to) {
        die("out of memory");
    }
    memcpy(to, from, length);
    to[length] = '\0';
    return to;
}

char *format_text(const char *format, ...)
{
    char *text;
    va_list ap;

    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0) {
        die("out of memory");
    }
    va_end(ap);
    return text;
}

static char *read_stream(FILE *f, const char *what)
{
    size_t size = 65536, used = 0, n;
    char *text = malloc(size);

    while (text && (n = fread(text + used, 1, size - used - 1, f)) > 0) {
        used += n;
        if (size - used < 4096) {
            size *= 2;
            text = realloc(text, size);
        }
    }
    if (!text || ferror(f)) {
        die("%s: %s", what, strerror(errno));
    }
    text[used] = '\0';
    return text;
}

char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text;

    if (!f) {
        die("%s: %s", path, strerror(errno));
    }
    text = read_stream(f, path);
    fclose(f);
    return text;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
        die("%s: %s", path, strerror(errno));
    }
}

char *run_command(const char *command)
{
    FILE *f = popen(command, "r");
    char *text;

    if (!f) {
        die("%s: %s", command, strerror(errno));
    }
    text = read_stream(f, command);
    if (pclose(f) != 0) {
        die("this command failed: %s", command);
    }
    return text;
}

void list_add(struct list *l, const char *text)
{
    l->items = grow(l->items, l->count, sizeof(*l->items));
    l->items[l->count++] = copy_text(text, strlen(text));
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void list_sort(struct list *l)
{
    size_t from, to = 0;

    if (!l->count) {
        return;
    }
    qsort(l->items, l->count, sizeof(*l->items), compare_text);
    for (from = 1; from < l->count; from++) {
        if (strcmp(l->items[from], l->items[to]) != 0) {
            l->items[++to] = l->items[from];
        }
    }
    l->count = to + 1;
}

int list_find(const struct list *l, const char *text)
{
    char **found = l->count ? bsearch(&text, l->items, l->count,
                                      sizeof(*l->items), compare_text) : NULL;

    return found ? (int)(found - l->items) : -1;
}

struct list split(const char *text, const char *separators)
{
    struct list l = { NULL, 0 };

    for (text += strspn(text, separators); *text;
         text += strspn(text, separators)) {
        size_t n = strcspn(text, separators);

        list_add(&l, copy_text(text, n));
        text += n;
    }
    return l;
}

bool comma_list_has(const char *commas, const char *word)
{
    struct list l = split(commas, ",");
    size_t i;

    for (i = 0; i < l.count; i++) {
        if (strcmp(l.items[i], word) == 0 || strcmp(l.items[i], "*") == 0) {
            return true;
        }
    }
    return false;
}

void list_directory(const char *path, struct list *ret)
{
    DIR *d = opendir(path);
    struct dirent *e;

    if (!d) {
        die("%s: %s", path, strerror(errno));
    }
    while ((e = readdir(d))) {
        if (e->d_name[0] != '.') {
            list_add(ret, e->d_name);
        }
    }
    closedir(d);
    list_sort(ret);
}

struct source read_source(const char *dir, const char *name)
{
    struct source s = { .path = format_text("%s/%s", dir, name) };
    char *text = read_file(s.path), *line, *next;
    int number = 0;

    for (line = text; line && *line; line = next) {
        size_t n;

        number++;
        next = strchr(line, '\n');
        if (next) {
            *next++ = '\0';
        }
        n = strcspn(line, "#");
        while (n && strchr(" \t", line[n - 1])) {
            n--;
        }
        if (!n) {
            continue;
        }
        s.numbers = grow(s.numbers, s.lines.count, sizeof(*s.numbers));
        s.indented = grow(s.indented, s.lines.count, sizeof(*s.indented));
        s.numbers[s.lines.count] = number;
        s.indented[s.lines.count] = line[0] == ' ' || line[0] == '\t';
        list_add(&s.lines, copy_text(line, n));
    }
    return s;
}
