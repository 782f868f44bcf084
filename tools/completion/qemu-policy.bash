# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bash completion for qemu-policy

_qemu_policy()
{
    local cur prev words cword command
    _init_completion || return
    command=${words[1]}
    case $prev in
    --target)
        mapfile -t COMPREPLY < <(compgen -W "all $(qemu-policy list targets \
            2>/dev/null | cut -d' ' -f1)" -- "$cur")
        return ;;
    --by)
        mapfile -t COMPREPLY < <(compgen -W "call result program path address \
            rule target exe process" -- "$cur")
        return ;;
    --verdict)
        mapfile -t COMPREPLY < <(compgen -W "refused permissive emulated \
            allowed all" -- "$cur")
        return ;;
    --sort)
        mapfile -t COMPREPLY < <(compgen -W "time calls errors refused name" \
            -- "$cur")
        return ;;
    --syscall)
        mapfile -t COMPREPLY < <(compgen -W "$(qemu-policy list syscalls \
            2>/dev/null)" -- "$cur")
        return ;;
    --rules)
        _filedir -d
        return ;;
    esac
    if [ "$cword" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(qemu-policy --help |
            sed -n 's/^  \([a-z]*\) .*/\1/p') --help --version" -- "$cur")
        return
    fi
    case $command:$cword in
    import:2)
        mapfile -t COMPREPLY < <(compgen -W "oci systemd minijail strace" \
            -- "$cur")
        return ;;
    export:2)
        mapfile -t COMPREPLY < <(compgen -W oci -- "$cur")
        return ;;
    list:2)
        mapfile -t COMPREPLY < <(compgen -W \
            "targets syscalls sets constants policies binfmt" -- "$cur")
        return ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(qemu-policy "$command" --help \
            2>/dev/null | grep -oE -- '--[a-z-]+' | grep -v '^--policy-' |
            sort -u)" -- "$cur")    # those are qemu-user's
        return
    fi
    _filedir
    # Policies by name.
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$(
        qemu-policy list policies 2>/dev/null | cut -d' ' -f1)" -- "$cur")
    # Calls stand behind a policy.
    if [[ $command:$cword == @(explain|show):[3-9]* ]]; then
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$(
            qemu-policy list syscalls 2>/dev/null)" -- "$cur")
    fi
}
complete -F _qemu_policy qemu-policy
