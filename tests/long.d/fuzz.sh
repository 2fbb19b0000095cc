# Each fuzz target for ten minutes: every reader of foreign bytes, and every grammar in its worker.
#
#   --seconds N   for each target (600)      --seed N   of the changes (1)
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
export PORTOLAN_FUZZ_SECONDS=600
while [ $# -gt 0 ]; do
    case "$1" in
        --seconds) export PORTOLAN_FUZZ_SECONDS="$2" ;;
        --seed) export PORTOLAN_TEST_SEED="$2" ;;
        *) echo "fuzz: no option '$1'" >&2; exit 2 ;;
    esac
    shift 2
done
cargo test --locked "${profile[@]}" --test it -- --nocapture --test-threads 2 fuzz::
