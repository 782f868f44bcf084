/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to devices that this machine need not have: the test looks at what
 * of them reaches the host.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/btrfs.h>
#include <linux/cdrom.h>
#include <linux/fb.h>
#include <linux/soundcard.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "doors.h"

#define SEEN_AS 77      /* the descriptor that a trace of the host shows */

void pointers(void)
{
    static const unsigned requests[] = {
        USBDEVFS_CONTROL, USBDEVFS_BULK, USBDEVFS_SUBMITURB, USBDEVFS_IOCTL,
        BTRFS_IOC_INO_PATHS, BTRFS_IOC_LOGICAL_INO, CDROMREADAUDIO,
        CDROMAUDIOBUFSIZ, FBIOGETCMAP, FBIOPUTCMAP, SOUND_MIXER_ACCESS,
        SIOCGIFMEM, SIOCSIFMEM,
    };
    static char argument[4096];
    unsigned refused = 0, count = sizeof(requests) / sizeof(requests[0]);
    int fds[2];

    if (pipe(fds) || dup2(fds[0], SEEN_AS) < 0) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        refused += ioctl(SEEN_AS, requests[i], argument) < 0 &&
            errno == ENOTTY;
    }
    printf("pointers: %u of %u ENOTTY\n", refused, count);
}
