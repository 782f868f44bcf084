/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the calls that standard input lists ("nr six-arguments errno") and says
 * which of them end otherwise, and how many there were. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    unsigned long a[6];
    int nr, expected, count = 0, wrong = 0;

    while (scanf("%d %lu %lu %lu %lu %lu %lu %d", &nr, &a[0], &a[1], &a[2],
                 &a[3], &a[4], &a[5], &expected) == 8) {
        long result = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
        int got = result < 0 ? errno : 0;

        count++;
        if (got != expected) {
            wrong++;
            printf("%d: errno %d, not %d\n", nr, got, expected);
        }
    }
    printf("%s calls, %d differ\n", count > 100 ? "many" : "few", wrong);
    return 0;
}
