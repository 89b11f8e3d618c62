#!/usr/bin/env bash
# Asks the bash completion of mgan as the shell would: completion.bash PROGRAM COMPLETIONS
set -u
program=$1
# shellcheck source=/dev/null
source "$2" || exit 1
failures=0

# expect "WORDS TYPED" "WORDS OFFERED": the last word typed is the one to complete.
expect() {
    read -ra COMP_WORDS <<<"$1"
    [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_WORDS[0]=$program
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _mgan
    if [ "${COMPREPLY[*]}" != "$2" ]; then
        echo "mgan ${1#* }: offered \"${COMPREPLY[*]}\", expected \"$2\""
        failures=$((failures + 1))
    fi
}
expect "mgan tr" "train"
expect "mgan --v" "--version"
expect "mgan train --pre" "--preset --pretrain-epochs"
expect "mgan train --preset " "recommended paper"
expect "mgan train data --variant carnn-p" "carnn-pf-mgan"
expect "mgan train --set generator.hid" "generator.hidden="
expect "mgan generate --cou" "--count"
expect "mgan train --epochs " ""
complete -p mgan >/dev/null || failures=$((failures + 1))
exit "$((failures > 0))"
