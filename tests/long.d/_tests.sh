# For the parts that run an ignored test: `long_test BINARY NAME` builds and runs one, and shows what it prints.
profile=(--release)
[ "${PROFILE:-release}" = dev ] && profile=()

long_test() {
    local binary="$1" name="$2"
    SECONDS=0
    cargo test --locked "${profile[@]}" "$binary" ${binary_name:+"$binary_name"} -- --ignored --exact --nocapture "$name"
    echo "$name: $SECONDS s"
}
