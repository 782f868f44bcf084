/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records as the kernel's audit subsystem writes them for seccomp, so that
 * ausearch and aureport read them:
 *
 *     type=SECCOMP msg=audit(1714125050.685:56): auid=… uid=… gid=… ses=…
 *     subj=… pid=… comm="…" exe="…" sig=31 arch=c00000b7 syscall=56 compat=0
 *     ip=0x… code=0x…
 *
 * and behind that, where readers pass over what they do not know, verdict,
 * target, rule, and how many records are missing. arch and syscall are the
 * guest's.
 */
#include "record-private.h"

#include <string.h>
#include <unistd.h>

/* Of <linux/seccomp.h>, SECCOMP_RET_*. */
enum { GUEST_SIGSYS = 31 };

static const uint32_t ret_kill = 0x80000000, ret_trap = 0x00030000,
    ret_errno = 0x00050000, ret_user = 0x7fc00000, ret_log = 0x7ffc0000;

/* Of the C library's audit readers: a value in quotes, or, where it holds
 * anything but printable ASCII without blanks and quotes, its bytes in
 * hexadecimal. */
static void put_untrusted(struct re_out *o, const char *key, const char *s,
                          size_t len)
{
    bool plain = len > 0;

    for (size_t i = 0; i < len; i++) {
        plain &= s[i] > ' ' && s[i] < 0x7f && s[i] != '"';
    }
    re_out_text(o, key);
    if (plain) {
        re_out_text(o, "\"");
        re_out_bytes(o, s, len);
        re_out_text(o, "\"");
        return;
    }
    for (size_t i = 0; i < len; i++) {
        const char digits[] = "0123456789ABCDEF";
        unsigned char c = s[i];

        re_out_bytes(o, &digits[c >> 4], 1);
        re_out_bytes(o, &digits[c & 15], 1);
    }
    if (len == 0) {
        re_out_text(o, "(null)");
    }
}

static uint32_t code(const struct re_record *r)
{
    const struct re_rule *rule = r->call->rule;
    int64_t result = r->call->result;

    if (re_record_permissive(r) || rule->verdict == RE_VERDICT_ALLOW) {
        return ret_log;
    }
    switch (rule->verdict) {
    case RE_VERDICT_KILL:
        return ret_kill;
    case RE_VERDICT_TRAP:
        return ret_trap;
    case RE_VERDICT_DENY:
    case RE_VERDICT_ERROR:
        return ret_errno | (rule->error & 0xffff);
    default:
        return result < 0 && result >= -4095 ? ret_errno | -result : ret_user;
    }
}

static void put_number(struct re_out *o, const char *key, uint64_t n)
{
    re_out_text(o, key);
    re_out_unsigned(o, n);
}

static void put_hex(struct re_out *o, const char *key, uint64_t n)
{
    re_out_text(o, key);
    re_out_hex(o, n);
}

static void put_head(struct re_record *r, struct re_out *o)
{
    re_out_text(o, "type=SECCOMP msg=audit(");
    re_out_unsigned(o, r->now.tv_sec);
    re_out_text(o, ".");
    re_out_padded(o, r->now.tv_nsec / 1000000, 3);
    put_number(o, ":", r->serial);
    re_out_text(o, "):");
}

static void put_who(struct re_record *r, struct re_out *o)
{
    const char *comm = re_record_comm(r);
    size_t len = strlen(comm), most = RE_COMM_MAX - 1;

    put_number(o, " auid=", r->login->auid);
    put_number(o, " uid=", getuid());
    put_number(o, " gid=", getgid());
    put_number(o, " ses=", r->login->session);
    if (*r->login->subject) {
        re_out_text(o, " subj=");
        re_out_text(o, r->login->subject);
    }
    put_number(o, " pid=", r->pid);
    put_untrusted(o, " comm=", comm, len < most ? len : most);
    len = strlen(r->exe);
    put_untrusted(o, " exe=", r->exe,
                  len < RE_RECORD_NAME ? len : RE_RECORD_NAME);
}

/* The host's arch= has no underscore and no 0x, as %x prints it. */
static void put_arch(struct re_out *o, uint32_t arch)
{
    re_out_text(o, " arch=");
    for (int shift = 28; shift >= 0; shift -= 4) {
        re_out_bytes(o, &"0123456789abcdef"[arch >> shift & 15], 1);
    }
}

static void put_rest(struct re_record *r, struct re_out *o)
{
    char rule[RE_RECORD_NAME + 32];
    struct re_out place = { .buf = rule, .size = sizeof(rule) };

    re_out_text(o, " verdict=");
    re_out_text(o, re_record_verdict(r));
    re_out_text(o, " target=");
    re_out_text(o, st_target_name(r->target));
    re_record_put_rule(&place, r->call->rule, RE_ESCAPE_NONE, false);
    put_untrusted(o, " rule=", rule, place.len);
    if (r->limited > 0) {
        put_number(o, " limited=", r->limited);
    }
    if (r->lost > 0) {
        put_number(o, " lost=", r->lost);
    }
}

/* Of calls only: the kernel has no word for messages. */
size_t re_record_kernel(struct re_record *r, char *buf, size_t size)
{
    struct re_out o = { .buf = buf, .size = size - 1 };
    uint32_t what;

    if (!r->call) {
        return 0;
    }
    what = code(r);
    put_head(r, &o);
    put_who(r, &o);
    put_number(&o, " sig=", what == ret_kill || what == ret_trap ?
               GUEST_SIGSYS : 0);
    put_arch(&o, st_audit_arch(r->target));
    re_out_text(&o, " syscall=");
    re_out_signed(&o, r->call->nr);
    put_number(&o, " compat=", 0);
    put_hex(&o, " ip=", r->ops && r->ops->pc ? r->ops->pc(r->call->guest) : 0);
    put_hex(&o, " code=", what);
    put_rest(r, &o);
    o.size++;
    re_out_text(&o, "\n");
    return o.len;
}
