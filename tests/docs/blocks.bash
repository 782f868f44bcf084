# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The examples of a document: its ```ini and ```lua blocks.

# blocks DOCUMENT FOLDER: writes them there; prints kind, line, file. A block is
# named by a comment in its first line (`; web.ini: ...`, `-- rules/a.lua`).
blocks()
{
    awk -v dir="$2" '
        kind && /^```/ {
            split(text, rows, "\n")
            name = rows[1]
            if (!sub(kind == "ini" ? "^; " : "^-- ", "", name) ||
                !match(name, "^[a-z0-9/-]+[.]" kind))
                name = "line-" line "." kind
            else
                name = substr(name, 1, RLENGTH)
            file = dir "/" name
            folder = file
            sub("/[^/]*$", "", folder)
            system("mkdir -p \047" folder "\047")
            printf "%s", text > file
            close(file)
            print kind, line, name
            kind = ""
            next
        }
        /^```(ini|lua)$/ { kind = substr($0, 4); line = NR; text = ""; next }
        kind { text = text $0 "\n" }' "$1"
}
