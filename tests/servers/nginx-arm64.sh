#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/nginx.bash"
test_nginx aarch64 arm64
tap_done
