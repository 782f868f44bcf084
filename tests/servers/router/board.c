/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the start of a router's firmware does, preloaded into a web server: it
 * wants its hardware, or the device restarts.
 */
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "nvram.h"

#define GPIO_READ 0x40046701    /* ioctl, private: an int, the button's state */

/*
 * Command 1 is none that the kernel knows: were the policy wrong, the machine
 * that the test runs on would refuse it.
 */
static void __attribute__((noreturn)) restart(const char *why)
{
    fprintf(stderr, "board: %s\n", why);
    if (kill(1, SIGCONT) == 0 && reboot(1) == 0) {
        fprintf(stderr, "board: restarting\n");
    }
    exit(70);
}

static void check_flash(void)
{
    struct mtd_info_user info;
    char line[128], byte;
    unsigned int size = 0;
    off_t end = 0;
    FILE *list = fopen("/proc/mtd", "r");
    int fd;

    if (!list) {
        restart("no list of the flash");
    }
    while (fgets(line, sizeof(line), list)) {
        sscanf(line, "mtd0: %x", &size);
    }
    fclose(list);
    fd = open("/dev/mtd0", O_RDWR);
    if (fd < 0 || ioctl(fd, MEMGETINFO, &info) < 0) {
        restart("the flash has no information");
    }
    if (size == 0 || info.size != size || info.type != MTD_NORFLASH) {
        restart("the flash is another one");
    }
    while (read(fd, &byte, 1) == 1 && end <= (off_t)size) {
        end++;
    }
    if (end == 0 || end > (off_t)size) {
        restart("the flash has no end");
    }
    close(fd);
}

/* Its state, and a socket for its helpers, in folders that nobody made. */
static void make_state(const char *folder)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    char file[128];
    int fd;

    snprintf(file, sizeof(file), "%s/run/httpd/pid", folder);
    fd = open(file, O_WRONLY | O_CREAT, 0644);
    if (fd < 0) {
        restart("no folder for its state");
    }
    close(fd);
    snprintf(at.sun_path, sizeof(at.sun_path), "%s/ipc/httpd/socket",
             folder);
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
        restart("no socket for its helpers");
    }
    close(fd);
}

static void check_button(void)
{
    int pressed = -1, fd = open("/dev/gpio", O_RDWR);

    if (fd < 0 || ioctl(fd, GPIO_READ, &pressed) < 0 || pressed != 0) {
        restart("the reset button");
    }
    close(fd);
}

static void __attribute__((constructor)) board(void)
{
    const char *name, *state = getenv("BOARD_STATE");

    if (getenv("BOARD_IS_UP")) {
        return;
    }
    setenv("BOARD_IS_UP", "1", 1);
    if (nvram_open() < 0) {
        restart("no nvram");
    }
    name = nvram_get("hostname");
    if (!name || sethostname(name, strlen(name)) < 0) {
        restart("no name");
    }
    check_flash();
    check_button();
    if (!state) {
        restart("no state");
    }
    make_state(state);
}
