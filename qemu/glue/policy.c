/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy: the options, reading the policy, and putting it in force.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "qemu/units.h"

#include <sys/resource.h>

#include <ruleengine/engine.h>
#include <ruleengine/find.h>

#include "accept.h"
#include "calls.h"
#include "descriptors.h"
#include "exec.h"
#include "guest.h"
#include "handover.h"
#include "look.h"
#include "options.h"
#include "path.h"
#include "pin.h"
#include "policy.h"
#include "records.h"
#include "wall.h"

#define EXIT_POLICY 2           /* the policy is wrong: nothing was run */

struct re_engine *policy_engine;

static GPtrArray *policy_files;         /* of char *, in the order given */
static GPtrArray *policy_rule_dirs;     /* of char * */
static bool policy_rules_reload;
static GPtrArray *policy_logs;          /* of char *, the same */
static char *policy_learn_path;
static char *policy_stats_path;

/* --- options ----------------------------------------------------------- */

/* Adds one name; or, from the environment, several with separators. QEMU
 * hands the same function both, and the environment's by getenv()'s pointer. */
static void add_names(GPtrArray **names, const char *arg, const char *variable,
                      const char *separator)
{
    if (!*names) {
        *names = g_ptr_array_new();
    }
    if (arg == getenv(variable)) {
        g_auto(GStrv) parts = g_strsplit(arg, separator, -1);

        for (char **part = parts; *part; part++) {
            if (**part) {
                g_ptr_array_add(*names, g_strdup(*part));
            }
        }
    } else {
        g_ptr_array_add(*names, g_strdup(arg));
    }
}

void handle_arg_policy(const char *arg)
{
    add_names(&policy_files, arg, "QEMU_POLICY", ":");
}

void handle_arg_rules(const char *arg)
{
    add_names(&policy_rule_dirs, arg, "QEMU_RULES", ":");
}

void handle_arg_rules_reload(const char *arg)
{
    policy_rules_reload = true;
}

/* The option replaces what the environment says. */
void handle_arg_policy_log(const char *arg)
{
    const char *given = getenv("QEMU_POLICY_LOG");
    static bool replaced;

    if (policy_logs && arg != given && !replaced && given) {
        g_ptr_array_set_size(policy_logs, 0);
        replaced = true;
    }
    add_names(&policy_logs, arg, "QEMU_POLICY_LOG", ",");
}

void handle_arg_policy_stats(const char *arg)
{
    g_free(policy_stats_path);
    policy_stats_path = g_strdup(arg);
}

void handle_arg_policy_learn(const char *arg)
{
    g_free(policy_learn_path);
    policy_learn_path = g_strdup(arg);
}

/* --- loading ----------------------------------------------------------- */

/* Both reports end the lines they write. */
static void print_diags(const struct re_diags *diags)
{
    for (size_t i = 0; i < re_diags_count(diags); i++) {
        char *text = re_diag_text(re_diags_at(diags, i));

        fputs(text ? text : "out of memory\n", stderr);
        free(text);
    }
}

static G_NORETURN void refuse_to_start(void)
{
    fprintf(stderr, "qemu-" TARGET_NAME ": the policy is not in force and the "
            "program was not started\n");
    exit(EXIT_POLICY);
}


/* What would let the guest out whatever the policy says. */
static void refuse_options(void)
{
    const char *why = NULL;

    if (policy_option_given("B", "QEMU_GUEST_BASE")) {
        why = "-B lets the guest reach the emulator's memory";
    } else if (policy_option_given("g", "QEMU_GDB") &&
               !re_engine_gdb(policy_engine)) {
        why = "-g lets a debugger change everything; \"gdb = yes\" in [policy] "
              "permits it";
    }
    if (why) {
        fprintf(stderr, "qemu-" TARGET_NAME ": error: %s\n", why);
        refuse_to_start();
    }
}

/*
 * After execve standard error is the guest's: the engine gets the one that the
 * user's emulator had. Warnings were given then.
 */
static int load_again(const struct re_config *config, struct re_diags *diags)
{
    const struct policy_handover *h = policy_inherited();
    int guests = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    int ret;

    if (h->message_fd >= 0) {
        dup2(h->message_fd, STDERR_FILENO);
    } else {
        close(STDERR_FILENO);
    }
    ret = re_engine_new(&policy_engine, config, diags);
    if (ret < 0) {
        print_diags(diags);
        refuse_to_start();
    }
    if (guests >= 0) {
        dup2(guests, STDERR_FILENO);
        close(guests);
    } else {
        close(STDERR_FILENO);
    }
    return ret;
}

/* Counters and tables are files in memory, of half a megabyte at most. */
static void explain_failure(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < MiB) {
        fprintf(stderr, "qemu-" TARGET_NAME ": files may not grow beyond %"
                PRIu64 " bytes here (ulimit -f), and what a policy counts is "
                "kept in one\n", (uint64_t)limit.rlim_cur);
    }
}

static void load(struct re_config *config)
{
    const struct st_target *target = st_target_by_name(TARGET_NAME);
    struct re_diags *diags = re_diags_new();
    sigset_t mask;
    int ret;

    if (!target || !diags) {
        refuse_to_start();
    }
    policy_pin_prepare();
    config->target = target;
    /* What is kept in memory is a file, too. */
    policy_hold_xfsz(&mask);
    if (policy_inherited()) {
        ret = load_again(config, diags);
    } else {
        ret = re_engine_new(&policy_engine, config, diags);
        print_diags(diags);
    }
    policy_drop_xfsz(&mask);
    re_diags_free(diags);
    if (ret < 0) {
        explain_failure();
        refuse_to_start();
    }
    if (!policy_inherited()) {
        refuse_options();
    }
    ret = policy_exec_prepare(policy_engine, config);
    if (ret < 0) {
        fprintf(stderr, "qemu-" TARGET_NAME ": error: execve cannot be "
                "confined: %s\n", strerror(-ret));
        refuse_to_start();
    }
    ret = policy_own_occupy(re_engine_asks(policy_engine) ||
                            re_engine_learns(policy_engine));
    if (ret < 0) {
        fprintf(stderr, "qemu-" TARGET_NAME ": error: descriptors cannot be "
                "kept from the program: %s\n", strerror(-ret));
        refuse_to_start();
    }
    ret = policy_accept_prepare(policy_engine);
    if (ret < 0) {
        fprintf(stderr, "qemu-" TARGET_NAME ": error: accept cannot be "
                "confined: %s\n", strerror(-ret));
        refuse_to_start();
    }
    policy_records_prepare();
    policy_wall_prepare(policy_engine, target, config->logs,
                        config->log_count);
    policy_calls_start(target);
}

/* A name stands for a policy of the machine's; see ruleengine/find.h. */
static void find_policies(void)
{
    for (guint i = 0; policy_files && i < policy_files->len; i++) {
        char *word = policy_files->pdata[i], *path = NULL;
        int ret = re_policy_is_name(word) ? re_policy_find(word, &path) : 0;

        if (ret < 0) {
            fprintf(stderr, "qemu-" TARGET_NAME ": error: policy \"%s\": no "
                    "%s.ini in /etc/qemu-policy or where this is installed; "
                    "a file here is ./%s\n", word, word, word);
            refuse_to_start();
        }
        if (path) {
            policy_files->pdata[i] = path;
            g_free(word);
        }
    }
}

void policy_load(const char *program)
{
    const struct policy_handover *h = policy_inherited();
    struct re_config config = {
        .ops = &policy_guest_ops,
        .learn_path = policy_learn_path,
        .stats_path = policy_stats_path,
        .rules_reload = policy_rules_reload,
        .exe = policy_program_name()[0] ? policy_program_name() : program,
    };

    if (h) {
        config.policies = h->policies;
        config.policy_count = h->policy_count;
        config.rule_dirs = h->rule_dirs;
        config.rule_dir_count = h->rule_dir_count;
        config.logs = h->logs;
        config.log_count = h->log_count;
        config.learn_path = h->learn_path;
        config.stats_path = h->stats_path;
        config.saved = &h->saved;
    } else {
        find_policies();
        if (policy_files) {
            config.policies = (const char *const *)policy_files->pdata;
            config.policy_count = policy_files->len;
        }
        if (policy_rule_dirs) {
            config.rule_dirs = (const char *const *)policy_rule_dirs->pdata;
            config.rule_dir_count = policy_rule_dirs->len;
        }
        if (policy_logs) {
            config.logs = (const char *const *)policy_logs->pdata;
            config.log_count = policy_logs->len;
        }
    }
    if (config.policy_count || config.rule_dir_count || config.learn_path ||
        config.stats_path) {
        load(&config);
    }
}

/* --- fork -------------------------------------------------------------- */

void policy_fork_start(void)
{
    if (policy_engine) {
        re_fork_prepare(policy_engine);
    }
}

void policy_fork_end(bool child)
{
    if (!policy_engine) {
        return;
    }
    if (child) {
        policy_own_fork_child();
        policy_path_fork_child();
        policy_look_fork_child();
        policy_exec_fork_child();
        policy_accept_fork_child();
        re_fork_child(policy_engine);
    } else {
        re_fork_parent(policy_engine);
    }
}
