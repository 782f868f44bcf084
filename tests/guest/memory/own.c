/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways that one target has: vectors, pairs, string instructions, cache lines,
 * locked and conditional ones. QEMU makes many of them in C, by host addresses.
 */
#include "memory.h"

#define READ(name) static void name(uintptr_t a, unsigned char *to)
#define WRITE(name) static void name(uintptr_t a)

#if defined(__aarch64__)

static unsigned char room[256] __attribute__((aligned(64)));

static void take(unsigned char *to)
{
    for (int i = 0; i < 8; i++) {
        to[i] = room[i];
    }
}

READ(r_vector)
{
    asm volatile("ld1 {v0.8b}, [%0]\n st1 {v0.8b}, [%1]"
                 : : "r"(a), "r"(to) : "v0", "memory");
}

READ(r_pair)
{
    asm volatile("ldp q0, q1, [%0]\n str d0, [%1]"
                 : : "r"(a), "r"(to) : "v0", "v1", "memory");
}

READ(r_ld4)
{
    asm volatile("ld1r {v0.2d}, [%0]\n str d0, [%1]"
                 : : "r"(a), "r"(to) : "v0", "memory");
}

READ(r_exclusive)
{
    asm volatile("ldaxp x9, x10, [%0]\n str x9, [%1]"
                 : : "r"(a & -16), "r"(to) : "x9", "x10", "memory");
    if (a & 8) {
        asm volatile("ldaxr x9, [%0]\n str x9, [%1]"
                     : : "r"(a), "r"(to) : "x9", "memory");
    }
}

READ(r_casp)
{
    asm volatile(".arch armv8.2-a+lse\n mov x10, 1\n mov x11, 2\n"
                 "mov x12, 1\n mov x13, 2\n casp x10, x11, x12, x13, [%0]\n"
                 "tst %1, 8\n csel x10, x10, x11, eq\n str x10, [%2]"
                 : : "r"(a & -16), "r"(a), "r"(to)
                 : "x10", "x11", "x12", "x13", "memory", "cc");
}

READ(r_sve)
{
    asm volatile(".arch armv8.2-a+sve\n ptrue p0.b\n"
                 "ld1b {z0.b}, p0/z, [%0]\n st1b {z0.b}, p0, [%1]"
                 : : "r"(a), "r"(room) : "v0", "memory");
    take(to);
}

READ(r_sve_struct)
{
    asm volatile(".arch armv8.2-a+sve\n ptrue p0.d, vl1\n"
                 "ld2d {z0.d, z1.d}, p0/z, [%0]\n st1d {z0.d}, p0, [%1]"
                 : : "r"(a), "r"(room) : "v0", "v1", "memory");
    take(to);
}

READ(r_gather)
{
    asm volatile(".arch armv8.2-a+sve\n ptrue p0.d, vl1\n dup z1.d, %0\n"
                 "ld1d {z0.d}, p0/z, [z1.d]\n st1d {z0.d}, p0, [%1]"
                 : : "r"(a), "r"(room) : "v0", "v1", "memory");
    take(to);
}

READ(r_gather_offset)
{
    asm volatile(".arch armv8.2-a+sve\n ptrue p0.d, vl1\n dup z1.d, %0\n"
                 "ld1d {z0.d}, p0/z, [%2, z1.d]\n st1d {z0.d}, p0, [%1]"
                 : : "r"(a - (uintptr_t)room), "r"(room), "r"(room)
                 : "v0", "v1", "memory");
    take(to);
}

READ(r_first_fault)
{
    asm volatile(".arch armv8.2-a+sve\n ptrue p0.b\n setffr\n"
                 "ldff1b {z0.b}, p0/z, [%0]\n st1b {z0.b}, p0, [%1]"
                 : : "r"(a), "r"(room) : "v0", "memory");
    take(to);
}

READ(r_no_fault)
{
    asm volatile(".arch armv8.2-a+sve\n ptrue p0.b\n setffr\n"
                 "ldnf1b {z0.b}, p0/z, [%0]\n st1b {z0.b}, p0, [%1]"
                 : : "r"(a), "r"(room) : "v0", "memory");
    take(to);
}

READ(r_broadcast)
{
    asm volatile(".arch armv8.2-a+sve\n ptrue p0.b\n"
                 "ld1rqb {z0.b}, p0/z, [%0]\n st1b {z0.b}, p0, [%1]"
                 : : "r"(a), "r"(room) : "v0", "memory");
    take(to);
}

/* cpyfp, cpyfm, cpyfe [x9]!, [x10]!, x11! */
READ(r_copy)
{
    register uintptr_t to_ asm("x9") = (uintptr_t)to;
    register uintptr_t from asm("x10") = a;
    register uintptr_t size asm("x11") = 8;

    asm volatile(".inst 0x190a0569\n .inst 0x194a0569\n .inst 0x198a0569"
                 : "+r"(to_), "+r"(from), "+r"(size) : : "memory", "cc");
}

WRITE(w_vector)
{
    asm volatile("movi v0.16b, 0x6d\n st1 {v0.16b}, [%0]"
                 : : "r"(a) : "v0", "memory");
}

WRITE(w_pair)
{
    asm volatile("movi v0.16b, 0x6d\n stp q0, q0, [%0]"
                 : : "r"(a) : "v0", "memory");
}

WRITE(w_exclusive)
{
    asm volatile("ldxp x9, x10, [%0]\n stxp w11, %0, %0, [%0]"
                 : : "r"(a) : "x9", "x10", "x11", "memory");
}

WRITE(w_casp)
{
    asm volatile(".arch armv8.2-a+lse\n mov x10, 0\n mov x11, 0\n"
                 "mov x12, 1\n mov x13, 2\n casp x10, x11, x12, x13, [%0]"
                 : : "r"(a) : "x10", "x11", "x12", "x13", "memory");
}

WRITE(w_sve)
{
    asm volatile(".arch armv8.2-a+sve\n ptrue p0.b, vl16\n dup z0.b, 0x6d\n"
                 "st1b {z0.b}, p0, [%0]" : : "r"(a) : "v0", "memory");
}

WRITE(w_scatter)
{
    asm volatile(".arch armv8.2-a+sve\n ptrue p0.d, vl1\n dup z1.d, %0\n"
                 "st1d {z1.d}, p0, [z1.d]" : : "r"(a) : "v1", "memory");
}

/* setp, setm, sete [x9]!, x10!, x11 */
WRITE(w_set)
{
    register uintptr_t to asm("x9") = a;
    register uintptr_t size asm("x10") = 8;
    register uintptr_t value asm("x11") = 0x6d;

    asm volatile(".inst 0x19cb0549\n .inst 0x19cb4549\n .inst 0x19cb8549"
                 : "+r"(to), "+r"(size) : "r"(value) : "memory", "cc");
}

const struct read_way own_reads[] = {
    { "ld1", r_vector }, { "ldp q", r_pair }, { "ld1r", r_ld4 },
    { "ldaxp", r_exclusive }, { "casp", r_casp }, { "ld1b z", r_sve },
    { "ld2d z", r_sve_struct }, { "ld1d gather", r_gather },
    { "ld1d gather by offset", r_gather_offset }, { "ldff1b", r_first_fault },
    { "ldnf1b", r_no_fault }, { "ld1rqb", r_broadcast }, { "cpyf", r_copy },
    { 0, 0 },
};

const struct write_way own_writes[] = {
    { "st1", w_vector }, { "stp q", w_pair }, { "stxp", w_exclusive },
    { "casp", w_casp }, { "st1b z", w_sve }, { "st1d scatter", w_scatter },
    { "set", w_set }, { 0, 0 },
};

#elif defined(__x86_64__)

#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

READ(r_vector)
{
    asm volatile("movups (%0), %%xmm0\n movq %%xmm0, (%1)"
                 : : "r"(a), "r"(to) : "xmm0", "memory");
}

READ(r_wide)
{
    asm volatile("vmovdqu (%0), %%ymm0\n vmovq %%xmm0, (%1)"
                 : : "r"(a), "r"(to) : "xmm0", "memory");
}

READ(r_gather)
{
    static const uint64_t mask[4] = { UINT64_C(1) << 63, 0, 0, 0 };
    const uint64_t index[4] = { a, 0, 0, 0 };

    asm volatile("vmovdqu (%0), %%ymm1\n vmovdqu (%1), %%ymm2\n"
                 "xor %%eax, %%eax\n"
                 "vpgatherqq %%ymm2, (%%rax,%%ymm1,1), %%ymm0\n"
                 "vmovq %%xmm0, (%2)"
                 : : "r"(index), "r"(mask), "r"(to)
                 : "rax", "xmm0", "xmm1", "xmm2", "memory");
}

READ(r_masked)
{
    static const uint64_t mask[2] = { UINT64_C(1) << 63, 0 };

    asm volatile("movdqu (%1), %%xmm1\n vpmaskmovq (%0), %%xmm1, %%xmm0\n"
                 "vmovq %%xmm0, (%2)" : : "r"(a), "r"(mask), "r"(to)
                 : "xmm0", "xmm1", "memory");
}

READ(r_movs)
{
    uintptr_t count = 8;

    asm volatile("rep movsb" : "+S"(a), "+D"(to), "+c"(count) : : "memory");
}

READ(r_pop)
{
    uint64_t value;

    asm volatile("mov %%rsp, %%r12\n mov %1, %%rsp\n pop %0\n"
                 "mov %%r12, %%rsp" : "=&r"(value) : "r"(a)
                 : "r12", "memory");
    *(uint64_t *)to = value;
}

READ(r_cmpxchg16b)
{
    uint64_t low = 0x1234, high = 0x5678;

    asm volatile("lock cmpxchg16b (%2)" : "+a"(low), "+d"(high)
                 : "r"(a & -16), "b"(low), "c"(high) : "memory", "cc");
    *(uint64_t *)to = a & 8 ? high : low;
}

READ(r_x87)
{
    asm volatile("fildll (%0)\n fistpll (%1)" : : "r"(a), "r"(to) : "memory");
}

READ(r_fxrstor)
{
    static unsigned char saved[512] __attribute__((aligned(16)));

    asm volatile("fxsave (%2)\n fxrstor (%0)\n movq %%xmm0, (%1)\n"
                 "fxrstor (%2)" : : "r"((a & -16) - 160), "r"(to), "r"(saved)
                 : "memory");
    if (a & 8) {
        asm volatile("lddqu (%0), %%xmm0\n movq %%xmm0, (%1)"
                     : : "r"(a), "r"(to) : "xmm0", "memory");
    }
}

READ(r_segment)
{
    uint64_t value;

    syscall(SYS_arch_prctl, ARCH_SET_GS, a);
    asm volatile("mov %%gs:0, %0" : "=r"(value));
    *(uint64_t *)to = value;
}

/* A bit far away from where the operand says. */
READ(r_bits)
{
    static uint64_t here;
    uint64_t value = 0;

    for (long i = 0; i < 64; i++) {
        long bit = (long)(a - (uintptr_t)&here) * 8 + i;
        unsigned char set;

        asm volatile("btq %1, %2\n setc %0" : "=q"(set) : "r"(bit), "m"(here)
                     : "cc");
        value |= (uint64_t)set << i;
    }
    *(uint64_t *)to = value;
}

WRITE(w_vector)
{
    asm volatile("pcmpeqd %%xmm0, %%xmm0\n movups %%xmm0, (%0)"
                 : : "r"(a) : "xmm0", "memory");
}

WRITE(w_stos)
{
    uintptr_t count = 8;

    asm volatile("rep stosb" : "+D"(a), "+c"(count) : "a"(0x6d) : "memory");
}

WRITE(w_push)
{
    asm volatile("mov %%rsp, %%r12\n lea 8(%0), %%rsp\n push %%r12\n"
                 "mov %%r12, %%rsp" : : "r"(a) : "r12", "memory");
}

WRITE(w_cmpxchg16b)
{
    uint64_t low = 0, high = 0;

    asm volatile("lock cmpxchg16b (%2)" : "+a"(low), "+d"(high)
                 : "r"(a), "b"(1L), "c"(2L) : "memory", "cc");
}

WRITE(w_x87)
{
    asm volatile("fldpi\n fstpt (%0)" : : "r"(a) : "memory");
}

WRITE(w_maskmov)
{
    asm volatile("pcmpeqd %%xmm0, %%xmm0\n maskmovdqu %%xmm0, %%xmm0"
                 : : "D"(a) : "xmm0", "memory");
}

WRITE(w_segment)
{
    syscall(SYS_arch_prctl, ARCH_SET_GS, a);
    asm volatile("movq $0x6d, %%gs:0" : : : "memory");
}

WRITE(w_bits)
{
    static uint64_t here;
    long bit = (long)(a - (uintptr_t)&here) * 8;

    asm volatile("lock btsq %0, %1" : : "r"(bit), "m"(here) : "memory", "cc");
}

const struct read_way own_reads[] = {
    { "movups", r_vector }, { "vmovdqu", r_wide }, { "vpgatherqq", r_gather },
    { "vpmaskmovq", r_masked }, { "rep movsb", r_movs }, { "pop", r_pop },
    { "cmpxchg16b", r_cmpxchg16b }, { "fild", r_x87 },
    { "fxrstor", r_fxrstor }, { "gs", r_segment }, { "bt", r_bits }, { 0, 0 },
};

const struct write_way own_writes[] = {
    { "movups", w_vector }, { "rep stosb", w_stos }, { "push", w_push },
    { "cmpxchg16b", w_cmpxchg16b }, { "fstp", w_x87 },
    { "maskmovdqu", w_maskmov }, { "gs", w_segment }, { "bts", w_bits },
    { 0, 0 },
};

#elif defined(__s390x__)

READ(r_mvc)
{
    asm volatile("mvc 0(8,%1),0(%0)" : : "a"(a), "a"(to) : "memory");
}

READ(r_mvcl)
{
    register uintptr_t to_ asm("2") = (uintptr_t)to;
    register uintptr_t to_size asm("3") = 8;
    register uintptr_t from asm("4") = a;
    register uintptr_t size asm("5") = 8;

    asm volatile("mvcl 2,4" : "+r"(to_), "+r"(to_size), "+r"(from), "+r"(size)
                 : : "memory", "cc");
}

READ(r_lmg)
{
    asm volatile("lmg 2,3,0(%0)\n stg 2,0(%1)" : : "a"(a), "a"(to)
                 : "2", "3", "memory");
}

READ(r_csg)
{
    register uint64_t value asm("2") = 0x1234;

    asm volatile("csg 2,2,0(%1)" : "+r"(value) : "a"(a) : "memory", "cc");
    *(uint64_t *)to = value;
}

READ(r_lpq)
{
    register uint64_t low asm("2");
    register uint64_t high asm("3");

    asm volatile("lpq 2,0(%2)" : "=r"(low), "=r"(high) : "a"(a & -16));
    *(uint64_t *)to = a & 8 ? high : low;
}

READ(r_vector)
{
    asm volatile(".machine z13\n vl 0,0(%0)\n vsteg 0,0(%1),0"
                 : : "a"(a), "a"(to) : "memory");
}

/* xc of nothing with the place, into nothing. */
READ(r_oc)
{
    uint64_t value = 0;

    asm volatile("oc 0(8,%1),0(%0)" : : "a"(a), "a"(&value) : "memory", "cc");
    *(uint64_t *)to = value;
}

WRITE(w_mvc)
{
    static const char from[8] = "written";

    asm volatile("mvc 0(8,%0),0(%1)" : : "a"(a), "a"(from) : "memory");
}

WRITE(w_mvcl)
{
    register uintptr_t to asm("2") = a;
    register uintptr_t size asm("3") = 8;
    register uintptr_t from asm("4") = a;
    register uintptr_t pad asm("5") = UINT64_C(0x6d000000);

    asm volatile("mvcl 2,4" : "+r"(to), "+r"(size), "+r"(from), "+r"(pad)
                 : : "memory", "cc");
}

WRITE(w_stmg)
{
    asm volatile("stmg %0,%0,0(%0)" : : "a"(a) : "memory");
}

WRITE(w_vector)
{
    asm volatile(".machine z13\n vone 0\n vst 0,0(%0)" : : "a"(a) : "memory");
}

WRITE(w_stpq)
{
    register uint64_t low asm("2") = 1;
    register uint64_t high asm("3") = 2;

    asm volatile("stpq 2,0(%0)" : : "a"(a), "r"(low), "r"(high) : "memory");
}

const struct read_way own_reads[] = {
    { "mvc", r_mvc }, { "mvcl", r_mvcl }, { "lmg", r_lmg }, { "csg", r_csg },
    { "lpq", r_lpq }, { "vl", r_vector }, { "oc", r_oc }, { 0, 0 },
};

const struct write_way own_writes[] = {
    { "mvc", w_mvc }, { "mvcl", w_mvcl }, { "stmg", w_stmg },
    { "vst", w_vector }, { "stpq", w_stpq }, { 0, 0 },
};

#elif defined(__powerpc64__)

READ(r_vector)
{
    asm volatile(".machine power8\n lxvd2x 32,0,%0\n stxvd2x 32,0,%1"
                 : : "r"(a), "r"(to) : "v0", "memory");
}

READ(r_swapped)
{
    uint64_t value;

    asm volatile("ldbrx %0,0,%1" : "=r"(value) : "r"(a));
    *(uint64_t *)to = __builtin_bswap64(value);
}

READ(r_reserved)
{
    uint64_t value;

    asm volatile("ldarx %0,0,%1" : "=r"(value) : "r"(a));
    *(uint64_t *)to = value;
}

#ifdef __BIG_ENDIAN__
READ(r_multiple)
{
    asm volatile("lmw 30,0(%0)\n stmw 30,0(%1)" : : "b"(a), "b"(to)
                 : "30", "31", "memory");
}

READ(r_string)
{
    asm volatile("lswi 6,%0,8\n stswi 6,%1,8" : : "b"(a), "b"(to)
                 : "6", "7", "memory");
}
#endif

WRITE(w_vector)
{
    asm volatile(".machine power8\n xxlnor 32,32,32\n xxlorc 32,32,32\n"
                 "stxvd2x 32,0,%0" : : "r"(a) : "v0", "memory");
}

WRITE(w_conditional)
{
    asm volatile("ldarx 9,0,%0\n stdcx. %0,0,%0" : : "r"(a)
                 : "9", "cr0", "memory");
}

const struct read_way own_reads[] = {
    { "lxvd2x", r_vector }, { "ldbrx", r_swapped }, { "ldarx", r_reserved },
#ifdef __BIG_ENDIAN__
    { "lmw", r_multiple }, { "lswi", r_string },
#endif
    { 0, 0 },
};

const struct write_way own_writes[] = {
    { "stxvd2x", w_vector }, { "stdcx.", w_conditional }, { 0, 0 },
};

#elif defined(__riscv) && __riscv_xlen == 64

READ(r_reserved)
{
    uint64_t value;

    asm volatile("lr.d %0, (%1)" : "=r"(value) : "r"(a) : "memory");
    *(uint64_t *)to = value;
}

/* vsetivli x0, 8, e8, m1; vle8.v v0, (a0); vse8.v v0, (a1) */
READ(r_vector)
{
    register uintptr_t from asm("a0") = a;
    register uintptr_t to_ asm("a1") = (uintptr_t)to;

    asm volatile(".4byte 0xcc047057\n .4byte 0x02050007\n .4byte 0x02058027"
                 : : "r"(from), "r"(to_) : "memory");
}

WRITE(w_conditional)
{
    asm volatile("lr.d t0, (%0)\n sc.d t0, %0, (%0)" : : "r"(a)
                 : "t0", "memory");
}

/* vsetivli x0, 8, e8, m1; vmv.v.i v0, 13; vse8.v v0, (a0) */
WRITE(w_vector)
{
    register uintptr_t to asm("a0") = a;

    asm volatile(".4byte 0xcc047057\n .4byte 0x5e06b057\n .4byte 0x02050027"
                 : : "r"(to) : "memory");
}

const struct read_way own_reads[] = {
    { "lr.d", r_reserved }, { "vle8.v", r_vector }, { 0, 0 },
};

const struct write_way own_writes[] = {
    { "sc.d", w_conditional }, { "vse8.v", w_vector }, { 0, 0 },
};

#elif defined(__sparc__) && defined(__arch64__)

READ(r_primary)
{
    uint64_t value;

    asm volatile("ldxa [%1] 0x80, %0" : "=r"(value) : "r"(a));
    *(uint64_t *)to = value;
}

READ(r_no_fault)
{
    uint64_t value;

    asm volatile("ldxa [%1] 0x82, %0" : "=r"(value) : "r"(a));
    *(uint64_t *)to = value;
}

READ(r_little)
{
    uint64_t value;

    asm volatile("ldxa [%1] 0x88, %0" : "=r"(value) : "r"(a));
    *(uint64_t *)to = __builtin_bswap64(value);
}

WRITE(w_primary)
{
    asm volatile("stxa %0, [%0] 0x80" : : "r"(a) : "memory");
}

WRITE(w_block)
{
    /* fone %f0 */
    asm volatile(".word 0x81b00fc0\n stda %%f0, [%0] 0xf0" : : "r"(a)
                 : "memory", "f0");
}

const struct read_way own_reads[] = {
    { "ldxa", r_primary }, { "ldxa no fault", r_no_fault },
    { "ldxa little", r_little }, { 0, 0 },
};

const struct write_way own_writes[] = {
    { "stxa", w_primary }, { "stda block", w_block }, { 0, 0 },
};

#elif defined(__mips64)

READ(r_parts)
{
    uint64_t value = 0;

    asm volatile("ldl %0, %2(%1)\n ldr %0, %3(%1)" : "+r"(value)
                 : "r"(a), "i"(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 7 : 0),
                 "i"(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 7));
    *(uint64_t *)to = value;
}

READ(r_linked)
{
    uint64_t value;

    asm volatile("lld %0, 0(%1)" : "=r"(value) : "r"(a));
    *(uint64_t *)to = value;
}

WRITE(w_parts)
{
    asm volatile("sdl %0, %1(%0)\n sdr %0, %2(%0)" : : "r"(a),
                 "i"(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 7 : 0),
                 "i"(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 7)
                 : "memory");
}

const struct read_way own_reads[] = {
    { "ldl", r_parts }, { "lld", r_linked }, { 0, 0 },
};

const struct write_way own_writes[] = { { "sdl", w_parts }, { 0, 0 } };

#elif defined(__alpha__)

READ(r_unaligned)
{
    uint64_t value;

    asm volatile("ldq_u %0, 0(%1)" : "=r"(value) : "r"(a));
    *(uint64_t *)to = value;
}

READ(r_locked)
{
    uint64_t value;

    asm volatile("ldq_l %0, 0(%1)" : "=r"(value) : "r"(a));
    *(uint64_t *)to = value;
}

WRITE(w_unaligned)
{
    asm volatile("stq_u %0, 0(%0)" : : "r"(a) : "memory");
}

const struct read_way own_reads[] = {
    { "ldq_u", r_unaligned }, { "ldq_l", r_locked }, { 0, 0 },
};

const struct write_way own_writes[] = { { "stq_u", w_unaligned }, { 0, 0 } };

#else

const struct read_way own_reads[] = { { 0, 0 } };
const struct write_way own_writes[] = { { 0, 0 } };

#endif
