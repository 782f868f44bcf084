/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program's arguments, which another thread makes more of while execve looks
 * at them. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "doors.h"

#define COUNT 8000
#define TRIES 500

static char *volatile list[COUNT + 1];
static atomic_bool ended;

static void *cut_and_mend(void *unused)
{
    while (!ended) {
        list[COUNT / 2] = NULL;
        for (volatile int i = 0; i < 50; i++) {
        }
        list[COUNT / 2] = "x";
        for (volatile int i = 0; i < 50; i++) {
        }
    }
    return unused;
}

void arguments_grow(void)
{
    char *const *all = (char *const *)list;
    pthread_t thread;
    int count = 0;

    for (int i = 0; i < COUNT; i++) {
        list[i] = "x";
    }
    pthread_create(&thread, NULL, cut_and_mend, NULL);
    for (int i = 0; i < TRIES; i++) {
        count += execve("nowhere", all, all + COUNT) < 0;
        count += execve("nowhere", all + COUNT, all) < 0;
    }
    ended = true;
    pthread_join(thread, NULL);
    printf("arguments: %d looked at\n", count);
}
