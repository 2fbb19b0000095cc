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
