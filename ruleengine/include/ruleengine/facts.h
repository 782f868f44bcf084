/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts: what a call's pointers refer to, copied and resolved once.
 *
 * A condition that names a path or a socket address does not look at guest
 * memory by itself. The first test that needs a fact has it made, the rest use
 * what was made, and whoever carries the call out must use the same bytes and
 * the same objects: what is checked is what is used.
 *
 * One struct re_facts serves one thread, for one call after the other; it is
 * large, so it belongs into thread-local storage rather than on a stack. It
 * needs no initialisation but zeroes.
 */
#ifndef RULEENGINE_FACTS_H
#define RULEENGINE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <syscall-tables.h>

#define RE_PATH_MAX     4096    /* bytes of a path with its NUL */
#define RE_SOCKADDR_MAX 128     /* bytes of a socket address, as the kernel */
#define RE_OPEN_HOW     3       /* 64-bit words of openat2's struct open_how */
#define RE_BLOCK_WORDS  8       /* most arguments in memory, rounded up */
#define RE_BLOCK_REG    16      /* as a register: the first of these words */

#define RE_CWD          (-100)  /* AT_FDCWD, the same on every target */

/* Which bits of struct re_facts are made. */
enum {
    RE_FACT_PATH    = 1 << 0,   /* paths[0] */
    RE_FACT_PATH2   = 1 << 1,   /* paths[1] */
    RE_FACT_ADDRESS = 1 << 2,   /* address */
    RE_FACT_UNIX    = 1 << 3,   /* unix_path */
    RE_FACT_ACCESS  = 1 << 4,   /* access, how */
    RE_FACT_FDPATH  = 1 << 5,   /* fdpath */
    RE_FACT_BLOCK   = 1 << 6,   /* block */
};

/* "access", as a number */
enum re_access {
    RE_ACCESS_READ,
    RE_ACCESS_WRITE,
    RE_ACCESS_READWRITE,
};

/* How a call goes about one of its paths. */
struct re_path_query {
    uint64_t addr;          /* guest address of the string ... */
    const char *given;      /* ... or, when not NULL, the string itself */
    int dirfd;              /* the guest's descriptor, or RE_CWD */
    bool follow;            /* the call follows a last symbolic link */
    bool create;            /* ... and creates what such a link leads to */
    bool is_directory;      /* the call makes, removes or renames: a trailing
                               slash is no reason to follow a link */
    bool empty_is_dirfd;    /* "" names dirfd itself (AT_EMPTY_PATH) */
    bool null_is_dirfd;     /* and so does NULL (utimensat) */
    uint64_t resolve;       /* openat2's RESOLVE_* */
    int8_t reg, dirfd_reg;  /* do_syscall arguments; -1: none */
    int8_t flags_reg;       /* open flags (openat2: struct open_how); -1 */
    unsigned index;         /* 0: path, 1: path2, 2: the path of an address */
};

/* What a path has come to. */
struct re_path {
    /*
     * The canonical path as the guest sees it: absolute, without links. Of a
     * path that does not exist, the part that does and the rest as given;
     * empty when not even that is known. A call whose path could not be
     * resolved must not be carried out: its answer is then "error".
     */
    size_t len;
    char name[RE_PATH_MAX];
    const char *host;       /* where that is on the host, if it is elsewhere;
                               else NULL. Good for this call. */
};

struct re_address {
    int reg, len_reg;       /* the arguments that hold it; -1: none. No
                               argument at all: a sendmmsg of no messages */
    int message_reg;        /* sendmsg, sendmmsg: the argument that leads to it,
                               the first of the messages; -1 */
    int error;              /* guest errno the call must be answered with, or
                               0: it cannot be read, or is too long */
    bool present;           /* false: none is given (a connected sendto) */
    unsigned len;           /* bytes of "bytes" that count */
    unsigned char bytes[RE_SOCKADDR_MAX];   /* in the guest's layout */
    unsigned family;        /* AF_*; 0 when absent */
    bool has_ip;            /* ip and port are set */
    unsigned char ip[16];   /* IPv4 as ::ffff:a.b.c.d */
    uint16_t port;          /* host order */
};

/* Arguments that lie in memory: of openat2 (struct open_how) and of the old
 * mmap of arm, i386, m68k and s390x. */
struct re_block {
    uint64_t words[RE_BLOCK_WORDS];     /* in the host's order */
    int reg;                /* the argument that leads to old mmap's; -1 */
    int error;              /* guest errno the call must be answered with */
};

struct re_facts {
    unsigned made;          /* RE_FACT_*; zeroed for each call by re_enter() */
    struct re_path paths[2];
    struct re_path unix_path;   /* of an address; abstract ones with "@" */
    struct re_path fdpath;      /* of the call's first descriptor */
    struct re_address address;
    enum re_access access;
    uint64_t how[RE_OPEN_HOW];  /* openat2: flags, mode, resolve; host order */
    int how_reg;            /* the argument that leads to it; -1: none */
    int how_size_reg;       /* the one with its size */
    int how_error;          /* guest errno, or 0 */

    struct re_block block;

    /* set by re_enter() */
    const struct st_target *target;
    void *guest;
    const uint64_t *args;
};

#endif
