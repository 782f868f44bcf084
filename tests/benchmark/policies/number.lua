-- SPDX-License-Identifier: GPL-2.0-or-later
function number(call) return 7 end
