/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program whose loader is said to be the memory of whoever looks for it: what
 * the emulator opens meanwhile, another thread takes. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doors.h"

#define TRIES 2000
#define LOADER "/proc/self/mem"

static atomic_bool ended;

/* This program, with a loader in the place of the first entry that is not
 * needed. */
static int write_program(const char *name)
{
    int in = open("/proc/self/exe", O_RDONLY);
    struct stat st = { .st_size = 0 };
    char *bytes = fstat(in, &st) == 0 ? malloc(st.st_size) : NULL;
    ElfW(Ehdr) *head = (void *)bytes;
    ElfW(Phdr) *part;
    int out = -1;

    if (bytes && pread(in, bytes, st.st_size, 0) == st.st_size) {
        part = (void *)(bytes + head->e_phoff);
        while (part->p_type == PT_LOAD || part->p_type == PT_PHDR) {
            part++;
        }
        part->p_type = PT_INTERP;
        part->p_offset = st.st_size;
        part->p_filesz = sizeof(LOADER);
        out = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    }
    if (out >= 0 && (write(out, bytes, st.st_size) != st.st_size ||
                     write(out, LOADER, sizeof(LOADER)) != sizeof(LOADER))) {
        close(out);
        out = -1;
    }
    close(in);
    free(bytes);
    return out < 0 ? -1 : close(out);
}

/* The number that the next file to be opened gets. */
static void *take(void *number)
{
    int fd = *(int *)number;
    long count = 0;

    while (!ended) {
        int copy = dup(fd);

        if (copy >= 0) {
            count += is_memory(copy);
            close(copy);
        }
    }
    return (void *)count;
}

void loader(void)
{
    pthread_t thread;
    void *count;
    int fd;

    if (write_program("loaded") < 0) {
        printf("loader: %s\n", strerrorname_np(errno));
        return;
    }
    fd = dup(0);
    close(fd);
    pthread_create(&thread, NULL, take, &fd);
    for (int i = 0; i < TRIES; i++) {
        execl("loaded", "loaded", NULL);
    }
    ended = true;
    pthread_join(thread, &count);
    unlink("loaded");
    printf("loader: taken %ld times\n", (long)count);
}
