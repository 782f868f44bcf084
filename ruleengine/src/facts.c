/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Bytes of a struct open_how: newer kernels take one page, and this is the
 * largest that a target has. */
enum { HOW_MAX = 65536 };

/* Bytes of a local socket's path. */
enum { UNIX_PATH_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) };

/* --- access ------------------------------------------------------------ */

static uint64_t guest_word(const unsigned char *bytes, unsigned size,
                           bool big_endian)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value = value << 8 | bytes[big_endian ? i : size - 1 - i];
    }
    return value;
}

/* Of what lies behind the struct that is known here, nothing may be set: the
 * guest errno, or 0. Read in order, as the kernel does, so that a byte that is
 * set comes before a page that is missing, or behind it. */
static int check_rest(struct re_facts *f, const struct re_form *form,
                      uint64_t addr, uint64_t size)
{
    static const unsigned char zero[256];
    unsigned char bytes[sizeof(zero)];

    if (size > HOW_MAX) {
        return form->e2big;
    }
    while (size > 0) {
        /* No piece lies on two pages. */
        size_t room = sizeof(zero) - addr % sizeof(zero);
        size_t piece = size < room ? size : room;

        if (form->ops->read(f->guest, addr, bytes, piece) < 0) {
            return form->efault;
        }
        if (memcmp(bytes, zero, piece) != 0) {
            return form->e2big;
        }
        addr += piece;
        size -= piece;
    }
    return 0;
}

/* The call gets this copy and its size, whatever stands behind it by then. */
static void read_how(struct re_facts *f, const struct re_form *form)
{
    unsigned char bytes[8 * RE_OPEN_HOW];
    uint64_t size = f->args[form->size_reg];
    uint64_t addr = f->args[form->open_reg];

    f->how_reg = form->open_reg;
    f->how_size_reg = form->size_reg;
    memset(f->how, 0, sizeof(f->how));
    f->how_error = size < sizeof(bytes) ? form->einval :
        check_rest(f, form, addr + sizeof(bytes), size - sizeof(bytes));
    if (!f->how_error &&
        form->ops->read(f->guest, addr, bytes, sizeof(bytes)) < 0) {
        f->how_error = form->efault;
    }
    for (unsigned i = 0; i < RE_OPEN_HOW && !f->how_error; i++) {
        f->how[i] = guest_word(bytes + 8 * i, 8, form->big_endian);
    }
}

static uint64_t open_flags(const struct re_facts *f,
                           const struct re_form *form)
{
    switch (form->open) {
    case RE_OPEN_FLAGS:
        return f->args[form->open_reg];
    case RE_OPEN_CREAT:
        return form->o_creat | form->o_trunc | 1;   /* O_WRONLY */
    case RE_OPEN_HOW_MEMORY:
        return f->how[0];
    case RE_OPEN_NONE:
        break;
    }
    return 0;
}

enum re_access re_fact_access(struct re_facts *f, const struct re_form *form)
{
    if (f->made & RE_FACT_ACCESS) {
        return f->access;
    }
    f->made |= RE_FACT_ACCESS;
    f->how_reg = -1;
    f->how_error = 0;
    if (form->open == RE_OPEN_HOW_MEMORY) {
        read_how(f, form);
    }
    f->access = re_access_of(form, open_flags(f, form));
    return f->access;
}

/* --- paths ------------------------------------------------------------- */

static void query_open(struct re_facts *f, const struct re_form *form,
                       struct re_path_query *q)
{
    uint64_t flags;

    re_fact_access(f, form);        /* openat2's flags lie in memory */
    flags = open_flags(f, form);
    q->resolve = form->open == RE_OPEN_HOW_MEMORY ? f->how[2] : 0;
    q->follow = !(flags & form->o_nofollow) &&
        (flags & (form->o_creat | form->o_excl)) !=
        (form->o_creat | form->o_excl);
    q->create = flags & form->o_creat;
}

static void resolve(struct re_facts *f, const struct re_form *form,
                    const struct re_path_query *q, struct re_path *path)
{
    path->host = NULL;
    path->len = 0;
    path->name[0] = '\0';
    if (form->ops && form->ops->path) {
        form->ops->path(f->guest, q, path);
    }
}

void re_fact_query(struct re_facts *f, const struct re_form *form,
                   unsigned index, struct re_path_query *ret)
{
    const struct re_path_form *p = &form->paths[index];
    struct re_path_query q = p->query;

    q.addr = f->args[q.reg];
    if (q.dirfd_reg >= 0) {
        q.dirfd = (int32_t)f->args[q.dirfd_reg];
    }
    if (p->flags_reg >= 0) {
        uint32_t flags = f->args[p->flags_reg];

        q.follow |= !!(flags & p->follow_bit);
        q.follow &= !(flags & p->nofollow_bit);
        q.empty_is_dirfd = flags & p->empty_bit;
    }
    if (form->open != RE_OPEN_NONE && index == 0) {
        query_open(f, form, &q);
    }
    *ret = q;
}

const struct re_path *re_fact_path(struct re_facts *f,
                                   const struct re_form *form, unsigned index)
{
    struct re_path *path = &f->paths[index];
    struct re_path_query q;

    if (f->made & RE_FACT_PATH << index) {
        return path;
    }
    f->made |= RE_FACT_PATH << index;
    re_fact_query(f, form, index, &q);
    resolve(f, form, &q, path);
    return path;
}

/* --- addresses --------------------------------------------------------- */

/* The kernel takes no length for no address, and cuts what is too long. */
static bool find_message(struct re_facts *f, const struct re_form *form,
                         uint64_t *ret_addr, uint64_t *ret_len)
{
    unsigned word = form->wide ? 8 : 4;
    unsigned char bytes[12];

    if (form->ops->read(f->guest, f->args[form->message_reg], bytes,
                        word + 4) < 0) {
        return false;
    }
    *ret_addr = guest_word(bytes, word, form->big_endian);
    *ret_len = guest_word(bytes + word, 4, form->big_endian);
    if (*ret_len == 0) {
        *ret_addr = 0;
    } else if (*ret_len <= INT32_MAX && *ret_len > RE_SOCKADDR_MAX) {
        *ret_len = RE_SOCKADDR_MAX;
    }
    return true;
}

static void set_ip(struct re_address *a, const unsigned char *ip, size_t len)
{
    memset(a->ip, 0, sizeof(a->ip));
    if (len == 4) {
        a->ip[10] = a->ip[11] = 0xff;
    }
    memcpy(a->ip + sizeof(a->ip) - len, ip, len);
    a->port = a->bytes[2] << 8 | a->bytes[3];
    a->has_ip = true;
}

static void understand(struct re_address *a, const struct re_form *form)
{
    a->family = guest_word(a->bytes, 2, form->big_endian);
    /* AF_UNSPEC: bind() and sendto() take it for AF_INET. */
    if ((a->family == AF_INET || a->family == AF_UNSPEC) && a->len >= 8) {
        set_ip(a, a->bytes + 4, 4);
    } else if (a->family == AF_INET6 && a->len >= 24) {
        set_ip(a, a->bytes + 8, 16);
    }
}

const struct re_address *re_fact_address(struct re_facts *f,
                                         const struct re_form *form)
{
    struct re_address *a = &f->address;
    uint64_t addr = 0, len = 0;

    if (f->made & RE_FACT_ADDRESS) {
        return a;
    }
    f->made |= RE_FACT_ADDRESS;
    memset(a, 0, sizeof(*a));
    a->reg = form->address_reg;
    a->len_reg = form->address_len_reg;
    a->message_reg = form->message_reg;
    if (form->count_reg >= 0 && (uint32_t)f->args[form->count_reg] == 0) {
        a->message_reg = -1;
        return a;           /* no messages */
    }
    if (form->accepts) {
        return a;           /* nobody yet */
    }
    if (form->message_reg < 0) {
        addr = f->args[form->address_reg];
        len = f->args[form->address_len_reg];
        if (!form->wide) {
            addr = (uint32_t)addr;
        }
    } else if (!find_message(f, form, &addr, &len)) {
        a->error = form->efault;
        return a;
    }
    len = (uint32_t)len;
    if (addr == 0 && form->address_optional) {
        return a;           /* to whom the socket is connected */
    }
    if (len > sizeof(a->bytes) || len < 2) {
        a->error = form->einval;
    } else if (form->ops->read(f->guest, addr, a->bytes, len) < 0) {
        a->error = form->efault;
    } else {
        a->present = true;
        a->len = len;
        understand(a, form);
    }
    return a;
}

int64_t re_fact_peer(struct re_facts *f, const struct re_form *form)
{
    struct re_address *a = &f->address;
    int flags_reg = form->accept_flags_reg;
    int64_t len;

    re_fact_address(f, form);
    len = form->ops->accept(f->guest, f->args,
                            flags_reg < 0 ? 0 : f->args[flags_reg], a->bytes);
    if (len < 0) {
        return len;
    }
    a->present = len >= 2;
    a->len = len;
    if (a->present) {
        understand(a, form);
    }
    return 0;
}

/* A local socket's: "given" has room for its path. */
static bool unix_query(struct re_facts *f, const struct re_form *form,
                       char given[UNIX_PATH_MAX + 1],
                       struct re_path_query *ret)
{
    const struct re_address *a = re_fact_address(f, form);

    *ret = (struct re_path_query) {
        .given = given, .dirfd = RE_CWD, .follow = !form->binds,
        .is_directory = form->binds, .index = 2,
        .reg = -1, .dirfd_reg = -1, .flags_reg = -1,
    };
    if (a->family != AF_UNIX || a->len <= 2 ||
        a->len > sizeof(struct sockaddr_un) || a->bytes[2] == '\0') {
        return false;
    }
    memcpy(given, a->bytes + 2, a->len - 2);
    given[a->len - 2] = '\0';
    return true;
}

/* A path in the file system is resolved as any other, "@name" is abstract. */
const struct re_path *re_fact_unix(struct re_facts *f,
                                   const struct re_form *form)
{
    const struct re_address *a = re_fact_address(f, form);
    struct re_path *path = &f->unix_path;
    char given[UNIX_PATH_MAX + 1];
    struct re_path_query q;

    if (f->made & RE_FACT_UNIX) {
        return path;
    }
    f->made |= RE_FACT_UNIX;
    path->len = 0;
    path->name[0] = '\0';
    path->host = NULL;
    if (unix_query(f, form, given, &q)) {
        if (!form->accepts) {
            resolve(f, form, &q, path);
        } else if (given[0] == '/') {   /* its name, not what is there */
            path->len = strlen(given);
            memcpy(path->name, given, path->len + 1);
        }
    } else if (a->family == AF_UNIX && a->len > 2 &&
               a->len <= sizeof(struct sockaddr_un)) {
        path->name[0] = '@';
        memcpy(path->name + 1, a->bytes + 3, a->len - 3);
        path->len = a->len - 2;
    }
    return path;
}

/* --- what emulating rules change --------------------------------------- */

static int replace(struct re_facts *f, const struct re_form *form,
                   const struct re_path_query *q,
                   const struct re_replacement *with)
{
    const struct re_guest_ops *ops = form->ops;

    if (!ops || !ops->replace) {
        return -EOPNOTSUPP;
    }
    f->made |= RE_FACT_PATH << q->index;
    return ops->replace(f->guest, q, with);
}

int re_fact_replace(struct re_facts *f, const struct re_form *form,
                    const struct re_replacement *with)
{
    struct re_replacement file = *with;
    struct re_path_query q;

    re_fact_query(f, form, 0, &q);
    if (form->open != RE_OPEN_NONE && !with->path) {
        file.writable = re_fact_access(f, form) != RE_ACCESS_READ;
    }
    return replace(f, form, &q, &file);
}

int re_fact_make_parents(struct re_facts *f, const struct re_form *form)
{
    char given[UNIX_PATH_MAX + 1];
    struct re_path_query q;

    if (!form->ops || !form->ops->make_parents) {
        return -EOPNOTSUPP;
    }
    if (form->path_count) {
        re_fact_query(f, form, 0, &q);
        f->made |= RE_FACT_PATH;
    } else if (unix_query(f, form, given, &q)) {
        f->made |= RE_FACT_UNIX;
    } else {
        return -EEXIST;         /* in no file system */
    }
    return form->ops->make_parents(f->guest, &q);
}

int re_fact_below_root(struct re_facts *f, const struct re_form *form)
{
    char given[UNIX_PATH_MAX + 1];
    struct re_path_query q;
    int err = 0;

    if (!form->ops || !form->ops->below_root) {
        return -EOPNOTSUPP;
    }
    for (unsigned i = 0; i < form->path_count && !err; i++) {
        re_fact_query(f, form, i, &q);
        f->made |= RE_FACT_PATH << i;
        err = form->ops->below_root(f->guest, &q);
    }
    if (!form->path_count && unix_query(f, form, given, &q)) {
        f->made |= RE_FACT_UNIX;
        err = form->ops->below_root(f->guest, &q);
    }
    return err;
}

bool re_fact_wildcard(struct re_facts *f, const struct re_form *form)
{
    struct re_address *a = &f->address;

    re_fact_address(f, form);
    if (!a->present || a->error || !a->has_ip) {
        return false;
    }
    if (a->family == AF_INET6) {
        memset(a->bytes + 8, 0, 16);
    } else {
        memset(a->bytes + 4, 0, 4);
    }
    return true;
}

/* --- descriptors ------------------------------------------------------- */

/* The call's first descriptor; -1 where the block that has it is not there. */
static int descriptor_of(struct re_facts *f, const struct re_form *form)
{
    const struct re_block *block;

    if (form->fd_reg < RE_BLOCK_REG) {
        return (int32_t)f->args[form->fd_reg];
    }
    block = re_fact_block(f, form);
    return block->error ? -1 :
        (int32_t)block->words[form->fd_reg - RE_BLOCK_REG];
}

const struct re_path *re_fact_fdpath(struct re_facts *f,
                                     const struct re_form *form)
{
    struct re_path *path = &f->fdpath;

    if (f->made & RE_FACT_FDPATH) {
        return path;
    }
    f->made |= RE_FACT_FDPATH;
    path->host = NULL;
    path->len = 0;
    path->name[0] = '\0';
    if (form->ops && form->ops->descriptor) {
        form->ops->descriptor(f->guest, descriptor_of(f, form), form->fd_reg,
                              path);
    }
    return path;
}

/* --- arguments in memory ----------------------------------------------- */

static void read_words(struct re_facts *f, const struct re_form *form)
{
    enum { WORDS = 6 };
    unsigned word = form->wide ? 8 : 4;
    unsigned char bytes[8 * WORDS];
    struct re_block *b = &f->block;

    b->reg = 0;
    if (form->ops->read(f->guest, f->args[0], bytes, word * WORDS) < 0) {
        b->error = form->efault;
        return;
    }
    for (unsigned i = 0; i < WORDS; i++) {
        b->words[i] = guest_word(bytes + word * i, word, form->big_endian);
    }
}

const struct re_block *re_fact_block(struct re_facts *f,
                                     const struct re_form *form)
{
    struct re_block *b = &f->block;

    if (f->made & RE_FACT_BLOCK) {
        return b;
    }
    f->made |= RE_FACT_BLOCK;
    memset(b, 0, sizeof(*b));
    b->reg = -1;
    if (form->block == RE_BLOCK_HOW) {
        re_fact_access(f, form);
        memcpy(b->words, f->how, sizeof(f->how));
    } else if (form->ops && form->ops->read) {
        read_words(f, form);
    }
    return b;
}
