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
/*
 * A selector, and the table that it leads to, are the guest's. Where an exception
 * is raised for them, the emulator jumps to where the processor's loop was
 * entered last: outside of the loop, into a stack frame that is gone. For as
 * long as this takes it jumps here; the kernel, too, ends in SIGSEGV.
 */
void policy_load_seg(CPUX86State *env, X86Seg seg, int selector)
{
    CPUState *cpu = env_cpu(env);

    if (!policy_engine) {
        cpu_x86_load_seg(env, seg, selector);
        return;
    }
    if (sigsetjmp(cpu->jmp_env, 0) == 0) {
        cpu_x86_load_seg(env, seg, selector);
        return;
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
