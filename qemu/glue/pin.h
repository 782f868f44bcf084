/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pin: a path, resolved to an object that is held open. Private to path.c.
 */
#ifndef LINUX_USER_POLICY_PIN_H
#define LINUX_USER_POLICY_PIN_H

#include <ruleengine/facts.h>

#define PIN_NUMBER_MAX 48       /* bytes of "/proc/thread-self/fd/N" */
#define PIN_TEXT_MAX (PIN_NUMBER_MAX + NAME_MAX + 4)

/* One resolved path. */
struct pin {
    bool made;
    bool directory;             /* fd goes in the place of the descriptor */
    bool add_nofollow;          /* nobody may slip a link in */
    bool asked_plain, plain;    /* see policy_pin_is_plain() */
    bool file;                  /* text is the descriptor and no more */
    bool content;               /* ... of a file that the policy has made */
    bool keeps;                 /* ... and that O_TRUNC does not empty */
    int error;                  /* host errno; the call must fail with it */
    int fd;                     /* -1: none */
    int reg, dirfd_reg, flags_reg;      /* -1: none */
    uint64_t arg;               /* of reg, when it was resolved */
    char text[PIN_TEXT_MAX];
    char given[RE_PATH_MAX];    /* the guest's string */
    char host[RE_PATH_MAX];     /* canonical, on the host; "": has none */
};

/* Once, before anything else here: what -L replaces. */
void policy_pin_prepare(void);

/*
 * Opens the folder of this process' descriptors: once there are paths to
 * resolve, and in a forked child, whose parent's it is else. Names in there are
 * then found in a third less of time.
 */
void policy_pin_own(void);

/* A pin's text from that folder, which becomes "dirfd"; or as it is. */
const char *policy_pin_relative(const char *name, int *dirfd);

/*
 * Resolves a name as the query says (its addr and given are not looked at).
 * Sets fd, text, file, add_nofollow and host; host also after an error, as far
 * as it can be told. 0, or a negative errno of the host.
 */
int policy_pin_path(struct pin *pin, const struct re_path_query *q,
                    const char *name);

/* The same for a guest's descriptor itself; "null": the call has no string. */
int policy_pin_descriptor(struct pin *pin, int dirfd, bool null);

/* A file that was made for this call, in the place of what would be found.
 * Takes "fd" over. 0 or a negative errno. */
int policy_pin_adopt(struct pin *pin, int fd);

/* Makes the directories that lead to a canonical host path, without following
 * a link. 0 or a negative errno. */
int policy_pin_make_parents(const char *host);

/* Whether -L has put a root in the place of "/". */
bool policy_pin_has_root(void);

/* As policy_pin_path() of an absolute name, below that root and nowhere else,
 * as after chroot. "make": the directories that lead to it, where they are
 * missing. */
int policy_pin_below_root(struct pin *pin, const struct re_path_query *q,
                          const char *name, bool make);

/* Another number for what a guest's descriptor refers to, or a negative
 * errno. */
int policy_pin_duplicate(int fd);

/* Whether the pin is outside of /proc, and not in memory, where the emulator
 * has files of its own; looked at when it is asked for. */
bool policy_pin_is_plain(struct pin *pin);

/* The canonical host path of a descriptor; 0, -ENOENT for what has none, or
 * another negative errno. */
int policy_pin_name(int fd, char *buf, size_t size);

/* From the host's canonical name to the guest's. */
void policy_pin_guest_name(const char *host, char *buf, size_t size);

/* The guest's canonical name of a host path; 0 or a negative errno. */
int policy_pin_canonical(const char *name, char *buf, size_t size);

#endif
