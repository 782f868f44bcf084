/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records in a line of a log that has more than one. */
#ifndef TOOLS_LOG_LINE_H
#define TOOLS_LOG_LINE_H

#include <string.h>

/*
 * Where the next record begins, behind the first byte of a line; or NULL. A
 * writer that was killed, or had no room, has left the head of a record without
 * its newline. Nothing a guest has chosen looks like this: its quotation marks
 * are escaped.
 */
static inline const char *log_next_record(const char *line, size_t len)
{
    static const char head[] = "{\"v\":1,";

    return len < 2 ? NULL : memmem(line + 1, len - 1, head, sizeof(head) - 1);
}

#endif
