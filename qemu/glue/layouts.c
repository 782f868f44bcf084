/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures as this target's programs have them, taken from the emulator's own
 * declarations: what QEMU converts is what handlers see.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"

#include <ruleengine/engine.h>

#include "handlers.h"

/* A member that a program calls "name", unsigned or signed. */
#define MEMBER(type, member, name, kind)                                 \
    { name, RE_FIELD_##kind, offsetof(struct type, member),             \
      sizeof(((struct type *)0)->member) }
#define U(type, member) MEMBER(type, member, #member, UNSIGNED)
#define S(type, member) MEMBER(type, member, #member, SIGNED)

#define LAYOUT(name, type, fields)                                      \
    { name, sizeof(struct type), ARRAY_SIZE(fields), fields }

static const struct re_field timespec_fields[] = {
    S(target_timespec, tv_sec), S(target_timespec, tv_nsec),
};

static const struct re_field timespec64_fields[] = {
    S(target__kernel_timespec, tv_sec), S(target__kernel_timespec, tv_nsec),
};

static const struct re_field timeval_fields[] = {
    S(target_timeval, tv_sec), S(target_timeval, tv_usec),
};

static const struct re_field itimerspec_fields[] = {
    MEMBER(target_itimerspec, it_interval.tv_sec, "interval_sec", SIGNED),
    MEMBER(target_itimerspec, it_interval.tv_nsec, "interval_nsec", SIGNED),
    MEMBER(target_itimerspec, it_value.tv_sec, "value_sec", SIGNED),
    MEMBER(target_itimerspec, it_value.tv_nsec, "value_nsec", SIGNED),
};

static const struct re_field itimerspec64_fields[] = {
    MEMBER(target__kernel_itimerspec, it_interval.tv_sec, "interval_sec",
          SIGNED),
    MEMBER(target__kernel_itimerspec, it_interval.tv_nsec, "interval_nsec",
          SIGNED),
    MEMBER(target__kernel_itimerspec, it_value.tv_sec, "value_sec", SIGNED),
    MEMBER(target__kernel_itimerspec, it_value.tv_nsec, "value_nsec", SIGNED),
};

static const struct re_field itimerval_fields[] = {
    MEMBER(target_itimerval, it_interval.tv_sec, "interval_sec", SIGNED),
    MEMBER(target_itimerval, it_interval.tv_usec, "interval_usec", SIGNED),
    MEMBER(target_itimerval, it_value.tv_sec, "value_sec", SIGNED),
    MEMBER(target_itimerval, it_value.tv_usec, "value_usec", SIGNED),
};

/* The same on every target: six texts of 65 bytes. */
#define UTSNAME 65
static const struct re_field utsname_fields[] = {
    { "sysname", RE_FIELD_TEXT, 0, UTSNAME },
    { "nodename", RE_FIELD_TEXT, UTSNAME, UTSNAME },
    { "release", RE_FIELD_TEXT, 2 * UTSNAME, UTSNAME },
    { "version", RE_FIELD_TEXT, 3 * UTSNAME, UTSNAME },
    { "machine", RE_FIELD_TEXT, 4 * UTSNAME, UTSNAME },
    { "domainname", RE_FIELD_TEXT, 5 * UTSNAME, UTSNAME },
};

#define STAT_FIELDS(type)                                               \
    U(type, st_dev), U(type, st_ino), U(type, st_mode),                 \
    U(type, st_nlink), U(type, st_uid), U(type, st_gid),                \
    U(type, st_rdev), S(type, st_size), S(type, st_blksize),            \
    S(type, st_blocks),                                                 \
    MEMBER(type, target_st_atime, "st_atime", SIGNED),                   \
    MEMBER(type, target_st_mtime, "st_mtime", SIGNED),                   \
    MEMBER(type, target_st_ctime, "st_ctime", SIGNED)
#define STAT_NSEC_FIELDS(type)                                          \
    MEMBER(type, target_st_atime_nsec, "st_atime_nsec", UNSIGNED),       \
    MEMBER(type, target_st_mtime_nsec, "st_mtime_nsec", UNSIGNED),       \
    MEMBER(type, target_st_ctime_nsec, "st_ctime_nsec", UNSIGNED)

static const struct re_field stat_fields[] = {
    STAT_FIELDS(target_stat),
#ifdef TARGET_STAT_HAVE_NSEC
    STAT_NSEC_FIELDS(target_stat),
#endif
};

#ifdef TARGET_HAS_STRUCT_STAT64
static const struct re_field stat64_fields[] = {
    STAT_FIELDS(target_stat64), STAT_NSEC_FIELDS(target_stat64),
};
#endif

#define STATFS_FIELDS(type)                                             \
    U(type, f_type), U(type, f_bsize), U(type, f_blocks),               \
    U(type, f_bfree), U(type, f_bavail), U(type, f_files),              \
    U(type, f_ffree), U(type, f_namelen), U(type, f_frsize),            \
    U(type, f_flags)

static const struct re_field statfs_fields[] = {
    STATFS_FIELDS(target_statfs),
};

static const struct re_field statfs64_fields[] = {
    STATFS_FIELDS(target_statfs64),
};

static const struct re_field statx_fields[] = {
    U(target_statx, stx_mask), U(target_statx, stx_blksize),
    U(target_statx, stx_attributes), U(target_statx, stx_nlink),
    U(target_statx, stx_uid), U(target_statx, stx_gid),
    U(target_statx, stx_mode), U(target_statx, stx_ino),
    U(target_statx, stx_size), U(target_statx, stx_blocks),
    MEMBER(target_statx, stx_atime.tv_sec, "stx_atime", SIGNED),
    MEMBER(target_statx, stx_atime.tv_nsec, "stx_atime_nsec", UNSIGNED),
    MEMBER(target_statx, stx_btime.tv_sec, "stx_btime", SIGNED),
    MEMBER(target_statx, stx_btime.tv_nsec, "stx_btime_nsec", UNSIGNED),
    MEMBER(target_statx, stx_ctime.tv_sec, "stx_ctime", SIGNED),
    MEMBER(target_statx, stx_ctime.tv_nsec, "stx_ctime_nsec", UNSIGNED),
    MEMBER(target_statx, stx_mtime.tv_sec, "stx_mtime", SIGNED),
    MEMBER(target_statx, stx_mtime.tv_nsec, "stx_mtime_nsec", UNSIGNED),
    U(target_statx, stx_rdev_major), U(target_statx, stx_rdev_minor),
    U(target_statx, stx_dev_major), U(target_statx, stx_dev_minor),
};

static const struct re_field iovec_fields[] = {
    U(target_iovec, iov_base), U(target_iovec, iov_len),
};

static const struct re_field msghdr_fields[] = {
    U(target_msghdr, msg_name), U(target_msghdr, msg_namelen),
    U(target_msghdr, msg_iov), U(target_msghdr, msg_iovlen),
    U(target_msghdr, msg_control), U(target_msghdr, msg_controllen),
    U(target_msghdr, msg_flags),
};

static const struct re_field pollfd_fields[] = {
    S(target_pollfd, fd), U(target_pollfd, events), U(target_pollfd, revents),
};

static const struct re_field rlimit_fields[] = {
    U(target_rlimit, rlim_cur), U(target_rlimit, rlim_max),
};

static const struct re_field rlimit64_fields[] = {
    U(target_rlimit64, rlim_cur), U(target_rlimit64, rlim_max),
};

static const struct re_field utimbuf_fields[] = {
    S(target_utimbuf, actime), S(target_utimbuf, modtime),
};

static const struct re_field tms_fields[] = {
    S(target_tms, tms_utime), S(target_tms, tms_stime),
    S(target_tms, tms_cutime), S(target_tms, tms_cstime),
};

static const struct re_field sysinfo_fields[] = {
    S(target_sysinfo, uptime), U(target_sysinfo, totalram),
    U(target_sysinfo, freeram), U(target_sysinfo, sharedram),
    U(target_sysinfo, bufferram), U(target_sysinfo, totalswap),
    U(target_sysinfo, freeswap), U(target_sysinfo, procs),
    U(target_sysinfo, totalhigh), U(target_sysinfo, freehigh),
    U(target_sysinfo, mem_unit),
};

/* Under the kernel's names, which arguments' types have, and under those of
 * programs. */
const struct re_layout policy_layouts[] = {
    LAYOUT("timespec", target_timespec, timespec_fields),
    LAYOUT("old_timespec32", target_timespec, timespec_fields),
    LAYOUT("__kernel_timespec", target__kernel_timespec, timespec64_fields),
    LAYOUT("timeval", target_timeval, timeval_fields),
    LAYOUT("old_timeval32", target_timeval, timeval_fields),
    LAYOUT("__kernel_old_timeval", target_timeval, timeval_fields),
    LAYOUT("itimerspec", target_itimerspec, itimerspec_fields),
    LAYOUT("old_itimerspec32", target_itimerspec, itimerspec_fields),
    LAYOUT("__kernel_itimerspec", target__kernel_itimerspec,
           itimerspec64_fields),
    LAYOUT("itimerval", target_itimerval, itimerval_fields),
    LAYOUT("__kernel_old_itimerval", target_itimerval, itimerval_fields),
    { "utsname", 6 * UTSNAME, ARRAY_SIZE(utsname_fields), utsname_fields },
    { "new_utsname", 6 * UTSNAME, ARRAY_SIZE(utsname_fields), utsname_fields },
    LAYOUT("stat", target_stat, stat_fields),
#ifdef TARGET_HAS_STRUCT_STAT64
    LAYOUT("stat64", target_stat64, stat64_fields),
#else
    LAYOUT("stat64", target_stat, stat_fields),
#endif
    LAYOUT("statfs", target_statfs, statfs_fields),
    LAYOUT("statfs64", target_statfs64, statfs64_fields),
    LAYOUT("statx", target_statx, statx_fields),
    LAYOUT("iovec", target_iovec, iovec_fields),
    LAYOUT("msghdr", target_msghdr, msghdr_fields),
    LAYOUT("user_msghdr", target_msghdr, msghdr_fields),
    LAYOUT("pollfd", target_pollfd, pollfd_fields),
    LAYOUT("rlimit", target_rlimit, rlimit_fields),
    LAYOUT("rlimit64", target_rlimit64, rlimit64_fields),
    LAYOUT("utimbuf", target_utimbuf, utimbuf_fields),
    LAYOUT("tms", target_tms, tms_fields),
    LAYOUT("sysinfo", target_sysinfo, sysinfo_fields),
    { NULL },
};
