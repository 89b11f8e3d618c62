# Completions of mgan for bash. Made by scripts/manual_page from mgan --help.
_mgan() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "train generate play evaluate stats render report info judge pack style convert --help --version" -- "$word")
        return
    fi
    case $before in
        --variant) mapfile -t COMPREPLY < <(compgen -W "c-rnn-gan carnn-gan carnn-mgan carnn-pf-mgan" -- "$word"); return ;;
        --preset) mapfile -t COMPREPLY < <(compgen -W "recommended paper" -- "$word"); return ;;
        --part) mapfile -t COMPREPLY < <(compgen -W "train validation test" -- "$word"); return ;;
        --set)
            # The program knows its settings.
            mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" train --print-config 2>/dev/null |
                sed -n 's/^ *"\([a-z0-9_.]*\)":.*/\1=/p')" -- "$word")
            compopt -o nospace 2>/dev/null
            return ;;
        --against|--run) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
        --config|--model|--out|--prime|--record|--soundfont|--style-of) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        --answer|--batch|--count|--density|--epochs|--guide|--input|--interpolate|--lambda|--length|--lr|--minutes|--osc|--particles|--port|--pretrain-epochs|--prime-notes|--range|--real-window|--scale|--seconds|--seed|--seeds|--song|--steps|--style|--style-at|--temperature|--tempo|--threads|--transpose|--voices|--window) return ;;
    esac
    case ${COMP_WORDS[1]} in
        train) words="--help --out --resume --threads --keep-damaged --quiet --print-config --variant --preset --epochs --pretrain-epochs --batch --length --lr --lambda --seed --config --set" ;;
        generate) words="--help --count --interpolate --length --guide --particles --temperature --prime --prime-notes --with-prime --opening --scale --transpose --range --density --voices --style --style-of --style-at --minutes --seed --tempo --out --threads --wav" ;;
        play) words="--help --port --virtual-port --silent --list-ports --input --answer --osc --record --seconds --guide --temperature --prime --prime-notes --opening --scale --transpose --range --density --voices --style --style-of --minutes --seed --tempo" ;;
        evaluate) words="--help --against --run --part --seed --json" ;;
        stats) words="--help --json --shape" ;;
        render) words="--help --out --song --soundfont" ;;
        report) words="--help --out --threads" ;;
        info) words="--help --json" ;;
        judge) words="--help --against --run --part --window --real-window --seeds --steps --json" ;;
        pack) words="--help --add --threads --keep-damaged --quiet" ;;
        style) words="--help --model --json" ;;
        convert) words="--help --half --no-openings" ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _mgan mgan
