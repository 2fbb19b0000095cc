# For the parts that run an ignored test: `long_test BINARY NAME` builds and runs one, and shows what it prints.
profile=(--release)
[ "${PROFILE:-release}" = dev ] && profile=()

long_test() {
    local binary="$1" name="$2"
    SECONDS=0
    cargo test --locked "${profile[@]}" "$binary" ${binary_name:+"$binary_name"} -- --ignored --exact --nocapture "$name"
    echo "$name: $SECONDS s"
}

# `options PART --flag=VARIABLE... -- "$@"`: what stands behind a flag goes to its variable.
options() {
    local part="$1" known=() it variable
    shift
    while [ "$1" != -- ]; do known+=("$1"); shift; done
    shift
    while [ $# -gt 0 ]; do
        variable=""
        for it in "${known[@]}"; do
            if [ "${it%%=*}" = "$1" ]; then variable="${it#*=}"; fi
        done
        [ -n "$variable" ] || { echo "$part: no option '$1'" >&2; exit 2; }
        export "$variable=$2"
        shift 2
    done
}
