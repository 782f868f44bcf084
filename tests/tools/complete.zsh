# SPDX-License-Identifier: GPL-2.0-or-later
#
# zsh -f complete.zsh FUNCTIONS LINE: prints the line as a zsh that has the
# completion functions of that folder leaves it when TAB is pressed at its end.

emulate -R zsh
zmodload zsh/zpty

type_line() {
    zpty -w completing "$1"
}

zpty completing zsh -f -i
type_line 'PS1= PS2= RPS1= LISTMAX=0; stty -echo'
type_line "fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -D -u"
type_line 'tell() { print -r -- "LINE<$BUFFER>"; BUFFER= }; zle -N tell'
type_line "bindkey '^X' tell; bindkey '^I' complete-word; print -r -- READY"
zpty -r completing answer '*READY*'
zpty -w -n completing "$2"$'\t'$'\x18'
zpty -r completing answer '*LINE<*>*'
zpty -d completing
print -r -- ${${answer##*LINE\<}%%\>*}
