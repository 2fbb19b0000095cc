# Bits flipped, and files cut short, in the index of real files: nothing wrong is said, and a writer mends it.
#
#   --rounds N    of each (10000)       --seed N    (1)
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
options flips --rounds=PORTOLAN_TEST_ROUNDS --seed=PORTOLAN_TEST_SEED -- "$@"
binary_name=it long_test --test flips::long
