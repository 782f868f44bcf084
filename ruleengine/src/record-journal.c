/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records for the system's log and for the journal.
 *
 * The journal's native protocol is lines KEY=value; the members of the JSON
 * object become fields POLICY_VERDICT, POLICY_PATH and so on, whose values are
 * escaped as in JSON, so that none needs the protocol's binary form.
 */
#include "record-private.h"

#include <string.h>
#include <syslog.h>

/* In journalctl's catalog this one message means: a policy has decided. */
#define MESSAGE_ID "7fd5d5ae3d9c4b0c8e41c2f6a3f1b27e"

#define IDENTIFIER "qemu-policy"

enum {
    FACILITY = LOG_AUTHPRIV >> 3,
    MESSAGE_MAX = 2048,     /* bytes of the journal's MESSAGE */
};

static void put_field(struct re_out *o, const char *key, uint64_t n)
{
    re_out_text(o, key);
    re_out_unsigned(o, n);
    re_out_text(o, "\n");
}

size_t re_record_journal(struct re_record *r, char *buf, size_t size)
{
    struct re_out o = { .buf = buf, .size = MESSAGE_MAX };
    struct re_json j;

    re_out_text(&o, "MESSAGE=");
    re_record_put_text(r, &o);
    o.size = size;
    re_out_text(&o, "\nMESSAGE_ID=" MESSAGE_ID
                "\nSYSLOG_IDENTIFIER=" IDENTIFIER "\n");
    put_field(&o, "SYSLOG_FACILITY=", FACILITY);
    put_field(&o, "PRIORITY=", re_record_priority(r));
    put_field(&o, "TID=", r->tid);
    re_json_begin_fields(&j, buf + o.len, size - o.len, "POLICY_");
    re_record_put_members(r, &j);
    return o.len + re_json_end(&j);
}

/* "<85>Nov 22 10:42:07 qemu-policy[8123]: @cee: {...}", as libc's syslog() does
 * it: the daemon knows the host. "@cee:" tells rsyslog that JSON follows. No
 * newline: a datagram ends by itself. */
size_t re_record_syslog(struct re_record *r, char *buf, size_t size)
{
    static const char months[][4] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun",
        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    };
    struct re_civil t = re_record_civil(r->now.tv_sec + r->utc_offset);
    struct re_out o = { .buf = buf, .size = size };

    re_out_text(&o, "<");
    re_out_unsigned(&o, LOG_AUTHPRIV | re_record_priority(r));
    re_out_text(&o, ">");
    re_out_text(&o, months[t.month - 1]);
    re_out_text(&o, t.day < 10 ? "  " : " ");
    re_out_unsigned(&o, t.day);
    re_out_text(&o, " ");
    re_out_padded(&o, t.hour, 2);
    re_out_text(&o, ":");
    re_out_padded(&o, t.minute, 2);
    re_out_text(&o, ":");
    re_out_padded(&o, t.second, 2);
    re_out_text(&o, " " IDENTIFIER "[");
    re_out_signed(&o, r->pid);
    re_out_text(&o, "]: @cee: ");
    return o.len + re_record_json(r, buf + o.len, size - o.len) - 1;
}
