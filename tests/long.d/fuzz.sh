# Each fuzz target for ten minutes: every reader of foreign bytes, and every grammar in its worker.
#
#   --seconds N   for each target (600)      --seed N   of the changes (1)
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
export PORTOLAN_FUZZ_SECONDS=600
options fuzz --seconds=PORTOLAN_FUZZ_SECONDS --seed=PORTOLAN_TEST_SEED -- "$@"
cargo test --locked "${profile[@]}" --test it -- --nocapture --test-threads 2 fuzz::
