/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparing paths, addresses and masked values. No allocation, no locale, no
 * recursion. */
#ifndef RULEENGINE_MATCH_H
#define RULEENGINE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "policy.h"

/* Whether path is dir or lies below it; "/" holds everything absolute. */
bool re_match_under(const char *path, size_t len, const struct re_string *dir);

/*
 * Whether the whole name fits a pattern: "*" is any run of bytes but "/", "**"
 * any run at all, "?" one byte but "/", "[a-z]" and "[!a-z]" one byte of (not
 * of) these but "/", a backslash takes the next byte literally.
 */
bool re_match_glob(const char *name, size_t len,
                   const struct re_string *pattern);

/* A name that a pattern without fault matches, into buf. */
void re_glob_instance(const struct re_string *pattern, char *buf, size_t size);

/* What is wrong with a pattern, or NULL. */
const char *re_glob_fault(const char *pattern, size_t len);

/* An address or "address/bits". NULL, or what is wrong with it. */
const char *re_network_parse(const char *text, size_t len,
                             struct re_network *ret, bool *ret_has_bits);

/* The least value that has no bits outside of the mask and is not below "low";
 * false when there is none. */
bool re_mask_least(uint64_t mask, uint64_t low, uint64_t *ret);

bool re_match_network(const unsigned char ip[16],
                      const struct re_network *network);

#endif
