/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints a TCP port of 127.0.0.1 that is free, chosen by the kernel. Between
 * this and its use another program may take it; the caller then tries again.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

int main(void)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&addr, &len) < 0) {
        perror("free-port");
        return 1;
    }
    printf("%u\n", (unsigned)ntohs(addr.sin_port));
    return 0;
}
