/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The importers under any bytes. The first byte picks the format and whether
 * the program has a capability. What an importer accepts it makes a policy of,
 * and that policy must load, for targets of both widths and byte orders.
 */
#include <ruleengine/engine.h>

#include "fuzz.h"
#include "policy-draft.h"

unsigned long fuzz_worth;           /* files that were imported */

const char *const fuzz_words[] = {
    "{\"names\":[\"openat\"],\"action\":\"SCMP_ACT_ERRNO\"}", "\"args\":[",
    "{\"index\":1,\"value\":3,\"op\":\"SCMP_CMP_GE\"}", "SCMP_CMP_MASKED_EQ",
    "\"defaultAction\":\"SCMP_ACT_KILL\"", "\"includes\":{\"caps\":[\"CAP_X\"]}",
    "\"minKernel\":\"4.8\"", "\"valueTwo\":-1", "18446744073709551616", "null",
    "\\u0000", "SystemCallFilter=", "~@mount:EPERM", "SystemCallErrorNumber=",
    "[Service]\n", "SystemCallLog=", "\\\n", ": 1\n", ": arg0 == 1",
    " || ", " && ", "arg1 in ~PROT_EXEC", "; return EBADF", "return 1",
    "@include ", "@default ", "@frequency ", ":error=ENOSPC", ":retval=1",
    ":signal=SIGKILL", ":when=3+2", ":when=1..4+2", ":delay_enter=1s",
    "/^open", "%file", "!", "openat", "socketcall", "clone", "@", "\n", NULL,
};

static const char *const targets[] = { "aarch64", "mips", "i386", "sparc64" };

/* What was written is a policy. */
static void check_policy(const char *text, size_t size)
{
    char path[32];
    const char *policy = path;
    int fd = fuzz_file(text, size, path);

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct re_config config = {
            .target = st_target_by_name(targets[i]),
            .policies = &policy, .policy_count = 1,
        };
        struct re_diags *diags = re_diags_new();
        struct re_engine *engine = NULL;

        if (re_engine_new(&engine, &config, diags) < 0) {
            fprintf(stderr, "%.*s\n%s\n", (int)size, text,
                    re_diag_text(re_diags_at(diags, 0)));
            fuzz_fail("what was imported is no policy");
        }
        re_engine_free(engine);
        re_diags_free(diags);
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const formats[])(struct policy_draft *d, FILE *in,
                                   const struct draft_options *options) = {
        import_oci, import_systemd, import_minijail, import_strace,
    };
    static const char *const caps[] = { "CAP_SYS_ADMIN" };
    struct policy_draft draft = { .file = "input" };
    struct draft_options options = { .caps = caps };
    FILE *in, *out, *errors = stderr;
    char *text = NULL;
    size_t length = 0;

    if (size < 2) {
        return 0;
    }
    in = fmemopen((void *)(data + 1), size - 1, "r");
    out = open_memstream(&text, &length);
    /* What is wrong with an input is of no interest here. */
    stderr = fopen("/dev/null", "w");
    options.cap_count = data[0] >> 2 & 1;
    formats[data[0] & 3](&draft, in, &options);
    if (!draft.failed) {
        draft_settle(&draft);
        draft_write(&draft, "an input", out);
    }
    fclose(stderr);
    stderr = errors;
    fclose(in);
    fclose(out);
    if (!draft.failed) {
        fuzz_worth++;
        check_policy(text, length);
    }
    draft_free(&draft);
    free(text);
    return 0;
}
