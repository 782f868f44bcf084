/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What emulating rules put in the place of files, as it is written:
 *
 *     data "TEXT"        these bytes
 *     file PATH          the bytes that a file of the host has when the policy
 *                        is loaded
 *     redirect PATH      another file of the host, as it is when it is used
 */
#ifndef RULEENGINE_CONTENT_H
#define RULEENGINE_CONTENT_H

#include "parse.h"

struct re_content;

/* A string token's bytes: \n \t \r \0 \xHH \\ \" stand for others. 0 or a
 * negative errno, with diags. */
int re_bytes_parse(struct re_document *doc, struct re_scan *s,
                   const char **ret_bytes, size_t *ret_len);

/* The current token is "data", "file" or "redirect": from there on. */
int re_content_parse(struct re_document *doc, struct re_scan *s,
                     struct re_content *content, enum re_verdict *ret);

/* A path of an INI file, relative to the file's own folder; absolute, whatever
 * becomes of the working folder. Arena's; NULL when memory is short, or there
 * is no such folder. */
const char *re_absolute(struct re_document *doc, const char *file,
                        const char *path, size_t length);

#endif
