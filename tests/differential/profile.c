/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <json-c/json.h>
#include <seccomp.h>

/* --- JSON to libseccomp ------------------------------------------------- */

static struct json_object *member(struct json_object *o, const char *name)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(o, name, &value);
    return value;
}

static const char *string_of(struct json_object *o, const char *name)
{
    struct json_object *value = member(o, name);

    return value ? json_object_get_string(value) : "";
}

static uint32_t action_of(const char *text, struct json_object *error)
{
    int number = error ? json_object_get_int(error) : EPERM;

    return strcmp(text, "SCMP_ACT_ALLOW") == 0 ? SCMP_ACT_ALLOW :
        strcmp(text, "SCMP_ACT_LOG") == 0 ? SCMP_ACT_LOG :
        strcmp(text, "SCMP_ACT_TRAP") == 0 ? SCMP_ACT_TRAP :
        strcmp(text, "SCMP_ACT_KILL_PROCESS") == 0 ? SCMP_ACT_KILL_PROCESS :
        SCMP_ACT_ERRNO(number);
}

static enum scmp_compare operator_of(const char *text)
{
    static const struct {
        const char *text;
        enum scmp_compare op;
    } operators[] = {
        { "SCMP_CMP_EQ", SCMP_CMP_EQ }, { "SCMP_CMP_NE", SCMP_CMP_NE },
        { "SCMP_CMP_LT", SCMP_CMP_LT }, { "SCMP_CMP_LE", SCMP_CMP_LE },
        { "SCMP_CMP_GT", SCMP_CMP_GT }, { "SCMP_CMP_GE", SCMP_CMP_GE },
        { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
    };

    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (strcmp(text, operators[i].text) == 0) {
            return operators[i].op;
        }
    }
    fprintf(stderr, "unknown operator %s\n", text);
    exit(1);
}

static void note_value(struct profile *p, uint64_t value)
{
    for (unsigned i = 0; i < p->value_count; i++) {
        if (p->values[i] == value) {
            return;
        }
    }
    if (p->value_count < PROFILE_VALUES_MAX) {
        p->values[p->value_count++] = value;
    }
}

static struct scmp_arg_cmp arg_of(struct profile *p, struct json_object *arg)
{
    struct json_object *two = member(arg, "valueTwo");
    uint64_t value = json_object_get_uint64(member(arg, "value"));
    uint64_t other = two ? json_object_get_uint64(two) : 0;

    note_value(p, value);
    return (struct scmp_arg_cmp) {
        .arg = json_object_get_int(member(arg, "index")),
        .op = operator_of(string_of(arg, "op")),
        .datum_a = value, .datum_b = other,
    };
}

/* As container runtimes do: rules that ask twice about one argument are as
 * many rules. */
static int add_call(struct profile *p, scmp_filter_ctx filter, uint32_t action,
                    int nr, struct json_object *args)
{
    struct scmp_arg_cmp all[6];
    unsigned count = args ? json_object_array_length(args) : 0, seen = 0;
    bool twice = false;
    int err = 0;

    for (unsigned i = 0; i < count && i < 6; i++) {
        all[i] = arg_of(p, json_object_array_get_idx(args, i));
        twice |= seen & 1u << all[i].arg;
        seen |= 1u << all[i].arg;
    }
    if (!twice) {
        return seccomp_rule_add_array(filter, action, nr, count, all);
    }
    for (unsigned i = 0; i < count && !err; i++) {
        err = seccomp_rule_add_array(filter, action, nr, 1, &all[i]);
    }
    return err;
}

static int add_rule(struct profile *p, scmp_filter_ctx filter,
                    struct json_object *rule, uint32_t fallback)
{
    struct json_object *names = member(rule, "names");
    uint32_t action = action_of(string_of(rule, "action"),
                                member(rule, "errnoRet"));
    int err = 0;

    for (size_t i = 0; i < json_object_array_length(names) && !err; i++) {
        const char *name = json_object_get_string(
            json_object_array_get_idx(names, i));
        int nr = seccomp_syscall_resolve_name(name);

        if (nr >= 0 && action != fallback) {
            err = add_call(p, filter, action, nr, member(rule, "args"));
        }
    }
    return err;
}

/* The program that libseccomp would load. */
static int export_program(struct profile *p, scmp_filter_ctx filter)
{
    int fd = memfd_create("filter", MFD_CLOEXEC);
    int err = seccomp_export_bpf(filter, fd);
    off_t size = lseek(fd, 0, SEEK_END);

    if (!err && size > 0) {
        p->program.filter = malloc(size);
        p->program.len = size / sizeof(*p->program.filter);
        if (pread(fd, p->program.filter, size, 0) != size) {
            err = -EIO;
        }
    }
    close(fd);
    return err;
}

bool profile_read(struct profile *p, const char *path)
{
    struct json_object *root = json_object_from_file(path), *rules;
    uint32_t fallback;
    scmp_filter_ctx filter;
    int err = 0;

    memset(p, 0, sizeof(*p));
    if (!root) {
        fprintf(stderr, "%s: no JSON\n", path);
        return false;
    }
    fallback = action_of(string_of(root, "defaultAction"),
                         member(root, "defaultErrnoRet"));
    filter = seccomp_init(fallback);
    rules = member(root, "syscalls");
    for (size_t i = 0; i < json_object_array_length(rules) && !err; i++) {
        err = add_rule(p, filter, json_object_array_get_idx(rules, i),
                       fallback);
    }
    err = err ? err : export_program(p, filter);
    seccomp_release(filter);
    json_object_put(root);
    if (err) {
        fprintf(stderr, "%s: %s\n", path, strerror(-err));
    }
    return err == 0;
}

void profile_free(struct profile *p)
{
    free(p->program.filter);
}

/* --- the program -------------------------------------------------------- */

uint32_t profile_run(const struct profile *p, const struct seccomp_data *data)
{
    uint32_t a = 0;

    for (unsigned pc = 0; pc < p->program.len; pc++) {
        const struct sock_filter *f = &p->program.filter[pc];
        bool holds = false;

        switch (f->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&a, (const char *)data + f->k, sizeof(a));
            continue;
        case BPF_ALU | BPF_AND | BPF_K:
            a &= f->k;
            continue;
        case BPF_RET | BPF_K:
            return f->k;
        case BPF_JMP | BPF_JA:
            pc += f->k;
            continue;
        case BPF_JMP | BPF_JEQ | BPF_K:
            holds = a == f->k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            holds = a > f->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            holds = a >= f->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            holds = a & f->k;
            break;
        default:
            fprintf(stderr, "unknown instruction %#x\n", f->code);
            exit(1);
        }
        pc += holds ? f->jt : f->jf;
    }
    fprintf(stderr, "the filter does not return\n");
    exit(1);
}

/* --- the kernel --------------------------------------------------------- */

static void child(const struct profile *p, const struct seccomp_data *d)
{
    const struct rlimit no_core = { 0, 0 };
    long result;

    setrlimit(RLIMIT_CORE, &no_core);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p->program) < 0) {
        _exit(255);
    }
    result = syscall(d->nr, d->args[0], d->args[1], d->args[2], d->args[3],
                     d->args[4], d->args[5]);
    syscall(SYS_exit_group, result < 0 ? errno : 0);
}

int profile_try(const struct profile *p, const struct seccomp_data *data)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        child(p, data);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        return -255;
    }
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}
