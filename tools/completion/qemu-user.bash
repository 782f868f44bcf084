# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bash completion for qemu-user

_qemu_user()
{
    local cur prev words cword i
    _init_completion || return
    # Behind the program stand the program's own arguments.
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
        --policy | --policy-log | --policy-learn | --rules | -L | -0 | -E | \
            -U | -D | -d | -g | -s | -B | -R | -cpu)
            i=$((i + 1)) ;;
        -*) ;;
        *)
            _command_offset "$i"
            return ;;
        esac
    done
    case $prev in
    --policy)
        _filedir ini
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$(
            qemu-policy list policies 2>/dev/null | cut -d' ' -f1)" -- "$cur")
        return ;;
    -L | --rules)
        _filedir -d
        return ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(qemu-user --help |
            sed -n 's/^  \(-[-A-Za-z0-9]*\).*/\1/p') --help" -- "$cur")
        return
    fi
    _filedir
}
complete -F _qemu_user qemu-user
