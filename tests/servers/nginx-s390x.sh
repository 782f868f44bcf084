#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A 64-bit big-endian one.
. "$(dirname "$0")/nginx.bash"
test_nginx s390x s390x
tap_done
