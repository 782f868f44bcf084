/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of "qemu-policy report --html", which embed.c makes of page.html,
 * page.css and page.js: before and behind its data. */
#ifndef TOOLS_REPORT_PAGE_H
#define TOOLS_REPORT_PAGE_H

extern const unsigned char report_page_head[], report_page_tail[];
extern const unsigned long report_page_head_len, report_page_tail_len;

#endif
