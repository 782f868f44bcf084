/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frames: what a signal's frame, which the guest can write, does to the
 * emulator's idea of the processor.
 */
#include "qemu/osdep.h"
#include "qemu.h"
#include "user-internals.h"
#include "signal-common.h"

#include "policy.h"

#if defined(TARGET_I386)
/* x86_64's translation knows but one mode, and asserts it; the kernel would go
 * on with 32-bit code. */
static bool changes_mode(const CPUX86State *env, uint32_t hflags)
{
#if defined(TARGET_X86_64)
    return (env->hflags ^ hflags) & (HF_CS32_MASK | HF_CS64_MASK |
                                     HF_SS32_MASK | HF_ADDSEG_MASK);
#else
    return false;
#endif
}

/*
 * A selector, and the table that it leads to, are the guest's. Where an
 * exception is raised for them, the emulator jumps to where the processor's
 * loop was entered last: outside of the loop, into a stack frame that is gone.
 * For as long as this takes it jumps here; the kernel, too, ends in SIGSEGV.
 */
void policy_load_seg(CPUX86State *env, X86Seg seg, int selector)
{
    CPUState *cpu = env_cpu(env);
    const SegmentCache old = env->segs[seg];
    const uint32_t hflags = env->hflags;

    if (!policy_engine) {
        cpu_x86_load_seg(env, seg, selector);
        return;
    }
    if (sigsetjmp(cpu->jmp_env, 0) == 0) {
        cpu_x86_load_seg(env, seg, selector);
        if (!changes_mode(env, hflags)) {
            return;
        }
        env->segs[seg] = old;
        env->hflags = hflags;
    }
    cpu->exception_index = -1;
    force_sig(TARGET_SIGSEGV);
}
#endif

#if defined(TARGET_S390X)
/* The address has as many bits as the mode says that comes with it; translation
 * asserts that. */
uint64_t policy_psw(uint64_t mask, uint64_t addr)
{
    return mask & PSW_MASK_64 ? addr :
        addr & (mask & PSW_MASK_32 ? 0x7fffffff : 0xffffff);
}
#endif
