/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * syscall-tables: what each of QEMU's linux-user targets calls its system
 * calls, their arguments and its constants.
 *
 * Everything here is constant data that lives as long as the program. No
 * function allocates, locks, or keeps state; all are safe in any thread and
 * in a signal handler. Strings are NUL-terminated ASCII and never freed.
 *
 * Slots. A target's calls are counted in slots, 0 .. st_slot_count() - 1:
 *
 *     [0, st_number_count)      slot i is the number st_base() + i; a number
 *                               that the target does not use has no name
 *     [st_number_count, ...)    sub-calls that the target reaches through
 *                               socketcall or ipc (none on targets without)
 *
 * A slot is a dense array index; it never exceeds ST_MAX_SLOTS - 1.
 *
 * One name may govern several slots of a target: its own number, another
 * spelling (mmap and mmap2, clock_gettime and clock_gettime64), and a
 * sub-call (connect through socketcall). st_slots_of_name() gives them all.
 */
#ifndef SYSCALL_TABLES_H
#define SYSCALL_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ST_MAX_ARGS     6       /* arguments of a call, as the kernel counts */
#define ST_MAX_REGS     8       /* arguments of QEMU's do_syscall */
#define ST_MAX_SLOTS    1024    /* upper bound of st_slot_count(), any target */
#define ST_MAX_SPELLINGS 16     /* upper bound of slots that one name governs */

/* What an argument is; decides how it is compared, decoded and logged. */
enum st_kind {
    ST_KIND_INT,        /* a plain number */
    ST_KIND_FD,         /* a file descriptor */
    ST_KIND_DIRFD,      /* a directory descriptor or AT_FDCWD */
    ST_KIND_PATH,       /* pointer to a NUL-terminated path */
    ST_KIND_STRING,     /* pointer to a NUL-terminated string, not a path */
    ST_KIND_SOCKADDR,   /* pointer to a struct sockaddr the guest fills in */
    ST_KIND_SOCKADDR_OUT, /* pointer to one that the kernel fills in */
    ST_KIND_FLAGS,      /* constants of the argument's family, or-ed or one */
    ST_KIND_MODE,       /* file mode bits, written in octal */
    ST_KIND_SIZE,       /* a number of bytes or elements */
    ST_KIND_OFFSET,     /* a file offset */
    ST_KIND_SIGNAL,     /* a signal number (constants: family signal) */
    ST_KIND_ID,         /* a process, thread, user or group id */
    ST_KIND_BUFFER,     /* pointer to bytes the guest hands in (write) */
    ST_KIND_POINTER,    /* pointer to anything else */
};

/* An index into the families below; 0 is "no family". */
typedef uint8_t st_family_t;

/*
 * A family of constants: the flags of open, the protections of mmap, ...
 * "name" is what people read ("open flags"). Values below "choice_mask" are
 * alternatives of which one holds (O_RDONLY, O_WRONLY, O_RDWR), the rest are
 * bits; choice_mask ~0 means that the whole value is one alternative (AF_*).
 */
struct st_family {
    const char *name;
    uint64_t choice_mask;
};

/* How one argument of one call reaches one target's do_syscall. */
struct st_arg {
    const char *name;       /* the kernel's: "dfd", "filename", "flags" */
    const char *type;       /* C, as the kernel declares it: "unsigned int" */
    enum st_kind kind;
    st_family_t family;     /* constants that make sense here, or 0 */
    uint8_t width;          /* bits that count: 16, 32 or 64 */
    bool is_signed;
    bool is_word;           /* as wide as the target's words: width differs */
    uint8_t reg;            /* 0 .. 7: do_syscall's arg1 .. arg8 */
    uint8_t pair;           /* enum st_pair: 64 bits in reg and reg + 1 */
};

enum st_pair {
    ST_PAIR_NONE,           /* the register alone holds the value */
    /* The half in reg, then that in reg + 1; of little and big endian. */
    ST_PAIR_LOW_HIGH,
    ST_PAIR_HIGH_LOW,
};

struct st_target;           /* opaque */

/* --- targets ----------------------------------------------------------- */

/*
 * The table of the target that a program was linked for; each is an object
 * of its own in the archive, so that an emulator carries one table only:
 *
 *     extern const struct st_target st_target_aarch64;
 *
 * The names are QEMU's TARGET_NAMEs (mipsn32el, sparc32plus, or1k, ...).
 */
const struct st_target *st_target_by_name(const char *name); /* NULL: none */
/* QEMU's name for what others call "arm64" or "amd64"; NULL: none is known.
 * For messages: st_target_by_name() does not take these. */
const char *st_target_meant(const char *name);
unsigned st_target_count(void);                              /* 33 */
const struct st_target *st_target_at(unsigned i);   /* sorted by name; NULL */

const char *st_target_name(const struct st_target *t);
int st_base(const struct st_target *t);             /* 0, 4000, 5000, 6000 */
unsigned st_number_count(const struct st_target *t); /* highest - base + 1 */
unsigned st_slot_count(const struct st_target *t);
unsigned st_word_bits(const struct st_target *t);   /* abi_long: 32 or 64 */
bool st_big_endian(const struct st_target *t);
uint32_t st_audit_arch(const struct st_target *t);  /* AUDIT_ARCH_* */

/* --- calls ------------------------------------------------------------- */

/* The slot of a number, or -1 when the number is outside the target's range.
 * The slot of a number inside the range may still have no name. */
int st_slot_of_number(const struct st_target *t, int nr);

/* The number behind a slot: for a sub-call the number of socketcall or ipc. */
int st_number_of_slot(const struct st_target *t, unsigned slot);

/* The call's name, or NULL when the target's table has none for this slot
 * (holes, fillers such as alpha's "unused" and sparc's "reserved"). */
const char *st_slot_name(const struct st_target *t, unsigned slot);

/* Sub-calls. socketcall's operation 1 .. 20 (SYS_SOCKET .. SYS_SENDMMSG) and
 * ipc's operation (the low 16 bits of its first argument; "version" is the
 * high 16). -1 when the target or the operation has none. */
int st_slot_of_socketcall(const struct st_target *t, unsigned op);
int st_slot_of_ipc(const struct st_target *t, unsigned op, unsigned version);

/* A slot that only carries another call, which is decided when it is reached:
 * socketcall, ipc, and the indirect "syscall" of arm and mips o32. */
bool st_slot_is_carrier(const struct st_target *t, unsigned slot);

/* For explain: 0 when the slot has a number of its own, else the operation
 * of the carrier. */
unsigned st_slot_operation(const struct st_target *t, unsigned slot);

/*
 * All slots that a name governs on a target, in ascending order: the call of
 * that name, its other spellings, and its sub-calls. Returns how many (at most
 * ST_MAX_SPELLINGS); 0 when the target lacks the call.
 */
unsigned st_slots_of_name(const struct st_target *t, const char *name,
                          uint16_t slots[ST_MAX_SPELLINGS]);

/* Whether any target knows the name. For "unknown syscall" against "this
 * target has no such syscall". */
bool st_name_known(const char *name);

/* All names of all targets, sorted, for suggestions; NULL past the end. */
const char *st_name_at(unsigned i);

/* A number for what all spellings of a call share: 1 .. ST_MAX_CALLS - 1; 0 for
 * an unknown name, or a slot without one. The same on every target. */
#define ST_MAX_CALLS    1024

unsigned st_call_of_name(const char *name);
unsigned st_call_of_slot(const struct st_target *t, unsigned slot);
unsigned st_call_at(unsigned i);        /* of st_name_at(i); 0 past the end */

/* st_slots_of_name() by that number. */
unsigned st_slots_of_call(const struct st_target *t, unsigned call,
                          uint16_t slots[ST_MAX_SPELLINGS]);

/* The name that all spellings of a call share ("mmap" for "mmap2", "openat"
 * for "openat"); NULL for an unknown name. */
const char *st_canonical_name(const char *name);

/*
 * The arguments of a slot's call, as this target passes them. Fills
 * args[0 .. n-1] and returns n (0 .. ST_MAX_ARGS); -1 when the prototype is
 * not known (then only arg0 .. arg5, whole registers, can be named).
 */
int st_slot_args(const struct st_target *t, unsigned slot,
                 struct st_arg args[ST_MAX_ARGS]);

/* --- sets -------------------------------------------------------------- */

/* Sets are named with their "@": systemd's ("@basic-io") and the operation
 * sets ("@open": every call that opens a path). Members are call names, nested
 * sets already unfolded, sorted, in any target's spelling; a member that no
 * target knows is left out. */
struct st_set {
    const char *name;           /* "@basic-io" */
    const char *description;    /* one line */
    const uint16_t *members;    /* for st_name_at() */
    unsigned count;
};

const struct st_set *st_set_by_name(const char *name);  /* NULL: unknown */
const struct st_set *st_set_at(unsigned i);             /* sorted; NULL */

/* --- constants --------------------------------------------------------- */

const struct st_family *st_family_at(st_family_t family);   /* NULL: none */
st_family_t st_family_by_name(const char *name);            /* 0: none */

/* The names of a socket option depend on its level: 1 is SO_DEBUG, IP_TOS or
 * TCP_NODELAY. The argument's own family finds all of them by name and shows
 * none; this is the family that shows those of one level. 0: not known. */
st_family_t st_option_family(const struct st_target *t, uint64_t level);

/* The value that a constant has on the target, zero-extended to 64 bits
 * unless it is negative (AT_FDCWD: sign-extended). Returns 0, or -ENOENT when
 * the family has no such constant on this target. family 0 looks in all. */
int st_constant(const struct st_target *t, st_family_t family,
                const char *name, uint64_t *ret_value);

/* The i-th constant of a family on a target, sorted by name; NULL past the
 * end. For suggestions. */
const char *st_constant_at(const struct st_target *t, st_family_t family,
                           unsigned i, uint64_t *ret_value);

/* The target's errno: number of a name (-ENOENT: unknown), name of a number
 * (NULL: unknown). Numbers are positive. */
int st_errno_by_name(const struct st_target *t, const char *name);
const char *st_errno_name(const struct st_target *t, int number);

/*
 * Writes a value in terms of its family: "O_WRONLY|O_CREAT", "AF_INET",
 * "SOCK_STREAM|SOCK_NONBLOCK"; bits without a name follow in hexadecimal
 * ("O_RDONLY|0x40000000"). Never writes past size, always terminates. Returns
 * the length that the text has (as snprintf).
 */
size_t st_format_constant(const struct st_target *t, st_family_t family,
                          uint64_t value, char *buf, size_t size);

/* --- programs ---------------------------------------------------------- */

/* Which targets run an ELF file: e_ident class and data, e_machine, e_flags
 * (host byte order). NULL: none. "*ret_why" (may be NULL) then gets a sentence
 * such as "x32 programs are not supported by QEMU user mode". */
const struct st_target *st_target_for_elf(uint8_t elf_class, uint8_t elf_data,
                                          uint16_t machine, uint32_t flags,
                                          const char **ret_why);

#endif
