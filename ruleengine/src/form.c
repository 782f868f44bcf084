/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "form.h"

#include <string.h>

#include "policy.h"

/* The same on every target. */
enum {
    AT_SYMLINK_NOFOLLOW_BIT = 0x100,
    AT_SYMLINK_FOLLOW_BIT   = 0x400,
    AT_EMPTY_PATH_BIT       = 0x1000,
    IN_DONT_FOLLOW_BIT      = 0x02000000,
    UMOUNT_NOFOLLOW_BIT     = 8,
    FAN_MARK_DONT_FOLLOW_BIT = 4,
};

/* How calls treat the last component of their paths. */
enum {
    FOLLOW      = 0,
    NOFOLLOW    = 1 << 0,   /* neither path */
    NOFOLLOW2   = 1 << 1,   /* not the second path */
    MAKES       = 1 << 2,   /* the first path is made, removed or renamed */
    MAKES2      = 1 << 3,
    NULL_FD     = 1 << 4,   /* NULL is the descriptor itself */
};

static const struct behaviour {
    const char *name;       /* canonical */
    unsigned how;
    const char *flags;      /* the argument with the flags that follow */
    uint32_t follow_bit, nofollow_bit, empty_bit;
} behaviours[] = {
    { "execveat", FOLLOW, "flags", 0, AT_SYMLINK_NOFOLLOW_BIT,
      AT_EMPTY_PATH_BIT },
    { "faccessat2", FOLLOW, "flags", 0, AT_SYMLINK_NOFOLLOW_BIT,
      AT_EMPTY_PATH_BIT },
    { "fanotify_mark", FOLLOW, "flags", 0, FAN_MARK_DONT_FOLLOW_BIT, 0 },
    { "fchmodat2", FOLLOW, "flags", 0, AT_SYMLINK_NOFOLLOW_BIT,
      AT_EMPTY_PATH_BIT },
    { "fchownat", FOLLOW, "flag", 0, AT_SYMLINK_NOFOLLOW_BIT,
      AT_EMPTY_PATH_BIT },
    { "inotify_add_watch", FOLLOW, "mask", 0, IN_DONT_FOLLOW_BIT, 0 },
    { "lchown", NOFOLLOW },
    { "lgetxattr", NOFOLLOW },
    { "link", NOFOLLOW | NOFOLLOW2 | MAKES2 },
    { "linkat", NOFOLLOW | NOFOLLOW2 | MAKES2, "flags",
      AT_SYMLINK_FOLLOW_BIT, 0, AT_EMPTY_PATH_BIT },
    { "llistxattr", NOFOLLOW },
    { "lremovexattr", NOFOLLOW },
    { "lsetxattr", NOFOLLOW },
    { "lstat", NOFOLLOW },
    { "mkdir", NOFOLLOW | MAKES },
    { "mkdirat", NOFOLLOW | MAKES },
    { "mknod", NOFOLLOW | MAKES },
    { "mknodat", NOFOLLOW | MAKES },
    { "name_to_handle_at", NOFOLLOW, "flag", AT_SYMLINK_FOLLOW_BIT, 0,
      AT_EMPTY_PATH_BIT },
    { "newfstatat", FOLLOW, "flag", 0, AT_SYMLINK_NOFOLLOW_BIT,
      AT_EMPTY_PATH_BIT },
    { "readlink", NOFOLLOW },
    { "readlinkat", NOFOLLOW },
    { "rename", NOFOLLOW | NOFOLLOW2 | MAKES | MAKES2 },
    { "renameat", NOFOLLOW | NOFOLLOW2 | MAKES | MAKES2 },
    { "renameat2", NOFOLLOW | NOFOLLOW2 | MAKES | MAKES2 },
    { "rmdir", NOFOLLOW | MAKES },
    { "statx", FOLLOW, "flags", 0, AT_SYMLINK_NOFOLLOW_BIT,
      AT_EMPTY_PATH_BIT },
    { "symlink", NOFOLLOW | MAKES },
    { "symlinkat", NOFOLLOW | MAKES },
    { "umount2", FOLLOW, "flags", 0, UMOUNT_NOFOLLOW_BIT, 0 },
    { "unlink", NOFOLLOW | MAKES },
    { "unlinkat", NOFOLLOW | MAKES },
    { "utimensat", NULL_FD, "flags", 0, AT_SYMLINK_NOFOLLOW_BIT,
      AT_EMPTY_PATH_BIT },
};

static const struct behaviour *behaviour_of(const char *canonical)
{
    static const struct behaviour plain = { "", FOLLOW };

    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++) {
        if (strcmp(behaviours[i].name, canonical) == 0) {
            return &behaviours[i];
        }
    }
    return &plain;
}

static int reg_of(const struct st_arg *args, int count, const char *name)
{
    for (int i = 0; name && i < count; i++) {
        if (strcmp(args[i].name, name) == 0) {
            return args[i].reg;
        }
    }
    return -1;
}

static void find_paths(struct re_form *form, const struct behaviour *b,
                       const struct st_arg *args, int count)
{
    int dirfd = -1;

    for (int i = 0; i < count && form->path_count < 2; i++) {
        unsigned n = form->path_count;
        struct re_path_form *p = &form->paths[n];

        if (args[i].kind == ST_KIND_DIRFD) {
            dirfd = args[i].reg;
        }
        if (args[i].kind != ST_KIND_PATH) {
            continue;
        }
        p->query = (struct re_path_query) {
            .reg = args[i].reg,
            .dirfd = RE_CWD,
            .dirfd_reg = dirfd,
            .flags_reg = -1,
            .index = n,
            .follow = !(b->how & (n ? NOFOLLOW2 : NOFOLLOW)),
            .is_directory = b->how & (n ? MAKES2 : MAKES),
            .null_is_dirfd = b->how & NULL_FD,
        };
        p->flags_reg = n ? -1 : reg_of(args, count, b->flags);
        p->follow_bit = b->follow_bit;
        p->nofollow_bit = b->nofollow_bit;
        p->empty_bit = b->empty_bit;
        dirfd = -1;
        form->path_count++;
    }
}

static uint32_t open_bit(const struct st_target *t, const char *name)
{
    uint64_t value = 0;

    st_constant(t, st_family_by_name("open"), name, &value);
    return value;
}

static void find_open(struct re_form *form, const struct st_target *t,
                      const char *name, const struct st_arg *args, int count)
{
    if (strcmp(name, "creat") == 0) {
        form->open = RE_OPEN_CREAT;
    } else if (strcmp(name, "openat2") == 0) {
        form->open = RE_OPEN_HOW_MEMORY;
        form->open_reg = reg_of(args, count, "how");
        form->size_reg = reg_of(args, count, "size");
    } else if (strcmp(name, "open") == 0 || strcmp(name, "openat") == 0 ||
               strcmp(name, "open_by_handle_at") == 0) {
        form->open = RE_OPEN_FLAGS;
        form->open_reg = reg_of(args, count, "flags");
    } else if (strcmp(name, "mq_open") == 0) {
        form->open = RE_OPEN_FLAGS;
        form->open_reg = reg_of(args, count, "oflag");
    }
    if (form->open && form->path_count) {
        form->paths[0].query.flags_reg =
            form->open == RE_OPEN_CREAT ? -1 : form->open_reg;
    }
    form->o_accmode = open_bit(t, "O_ACCMODE");
    form->o_creat = open_bit(t, "O_CREAT");
    form->o_excl = open_bit(t, "O_EXCL");
    form->o_trunc = open_bit(t, "O_TRUNC");
    form->o_nofollow = open_bit(t, "O_NOFOLLOW");
}

static void find_address(struct re_form *form, const char *name,
                         const struct st_arg *args, int count)
{
    form->address_reg = form->address_len_reg = form->message_reg = -1;
    form->count_reg = -1;
    if (strcmp(name, "sendmsg") == 0) {
        form->message_reg = reg_of(args, count, "msg");
    } else if (strcmp(name, "sendmmsg") == 0) {
        form->message_reg = reg_of(args, count, "msg");
        form->count_reg = reg_of(args, count, "vlen");
    } else if (strcmp(name, "connect") == 0 || strcmp(name, "bind") == 0 ||
               strcmp(name, "sendto") == 0) {
        for (int i = 0; i + 1 < count; i++) {
            if (args[i].kind == ST_KIND_SOCKADDR) {
                form->address_reg = args[i].reg;
                form->address_len_reg = args[i + 1].reg;
            }
        }
    }
    form->accepts = strcmp(name, "accept") == 0 ||
        strcmp(name, "accept4") == 0;
    form->accept_flags_reg = form->accepts ? reg_of(args, count, "flags") : -1;
    form->has_address = form->address_reg >= 0 || form->message_reg >= 0 ||
        form->accepts;
    form->binds = strcmp(name, "bind") == 0;
    form->address_optional = strncmp(name, "send", 4) == 0;
}

/* Folders that paths begin from do not count: their paths do. */
static void find_descriptor(struct re_form *form, const struct st_arg *args,
                            int count)
{
    form->fd_reg = -1;
    for (int i = 0; i < count && form->fd_reg < 0; i++) {
        if (args[i].kind == ST_KIND_FD) {
            form->fd_reg = args[i].reg;
        }
    }
}

static void find_block(struct re_form *form, const char *name,
                       const struct st_arg *args, int count)
{
    if (strcmp(name, "openat2") == 0) {
        form->block = RE_BLOCK_HOW;
    } else if (strcmp(name, "mmap") == 0 && count == 1 &&
               strcmp(args[0].name, "arg") == 0) {
        form->block = RE_BLOCK_OLD_MMAP;
        form->fd_reg = RE_BLOCK_REG + 4;
    }
}

/* "prot" is "arg2" of old mmap, too, as in mmap elsewhere; but "arg0" is the
 * pointer. */
static bool is_position(const struct re_form *form, const char *name,
                        unsigned word)
{
    return form->block == RE_BLOCK_OLD_MMAP && word > 0 &&
        strncmp(name, "arg", 3) == 0 && name[3] == (char)('0' + word) &&
        !name[4];
}

bool re_form_block_arg(const struct re_form *form, const char *name,
                       struct st_arg *ret)
{
    static const struct {
        enum re_block_form block;
        const char *name, *type, *family;
        unsigned word, width;           /* width 0: a word of the guest */
    } fields[] = {
        { RE_BLOCK_HOW, "flags", "u64", "open", 0, 64 },
        { RE_BLOCK_HOW, "mode", "u64", "mode", 1, 64 },
        { RE_BLOCK_HOW, "resolve", "u64", NULL, 2, 64 },
        { RE_BLOCK_OLD_MMAP, "addr", "unsigned long", NULL, 0, 0 },
        { RE_BLOCK_OLD_MMAP, "len", "unsigned long", NULL, 1, 0 },
        { RE_BLOCK_OLD_MMAP, "prot", "unsigned long", "prot", 2, 0 },
        { RE_BLOCK_OLD_MMAP, "flags", "unsigned long", "map", 3, 0 },
        { RE_BLOCK_OLD_MMAP, "fd", "int", NULL, 4, 32 },
        { RE_BLOCK_OLD_MMAP, "off", "unsigned long", NULL, 5, 0 },
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].block != form->block ||
            (strcmp(fields[i].name, name) != 0 &&
             !is_position(form, name, fields[i].word))) {
            continue;
        }
        *ret = (struct st_arg) {
            .name = fields[i].name, .type = fields[i].type,
            .family = fields[i].family ?
                st_family_by_name(fields[i].family) : 0,
            .width = fields[i].width ? fields[i].width :
                form->wide ? 64 : 32,
            .is_signed = fields[i].width == 32, .reg = fields[i].word,
            .is_word = !fields[i].width,
        };
        return true;
    }
    return false;
}

const struct re_form *re_form_new(const struct st_target *target,
                                  unsigned slot,
                                  const struct re_guest_ops *ops,
                                  struct re_arena *arena)
{
    struct re_form *form = re_arena_alloc(arena, sizeof(*form));
    struct st_arg args[ST_MAX_ARGS];
    int count = st_slot_args(target, slot, args);
    const char *name = st_slot_name(target, slot);
    const char *canonical = name ? st_canonical_name(name) : NULL;

    if (!form) {
        return NULL;
    }
    canonical = canonical ? canonical : "";
    form->ops = ops;
    find_paths(form, behaviour_of(canonical), args, count);
    find_open(form, target, canonical, args, count);
    find_address(form, canonical, args, count);
    find_descriptor(form, args, count);
    find_block(form, canonical, args, count);
    form->wide = st_word_bits(target) == 64;
    form->big_endian = st_big_endian(target);
    form->efault = st_errno_by_name(target, "EFAULT");
    form->einval = st_errno_by_name(target, "EINVAL");
    form->e2big = st_errno_by_name(target, "E2BIG");
    return form;
}

/* O_CREAT and O_TRUNC change the file, whatever O_ACCMODE says. */
enum re_access re_access_of(const struct re_form *form, uint64_t flags)
{
    switch (flags & form->o_accmode) {
    case 0:
        return flags & (form->o_creat | form->o_trunc) ?
            RE_ACCESS_READWRITE : RE_ACCESS_READ;
    case 1:
        return RE_ACCESS_WRITE;
    default:
        return RE_ACCESS_READWRITE;
    }
}

const struct re_form *re_layer_form(struct re_layer *layer, unsigned slot)
{
    const struct re_form **form = &layer->forms[slot];

    if (!*form) {
        *form = re_form_new(layer->target, slot, layer->ops, layer->arena);
    }
    return *form;
}
