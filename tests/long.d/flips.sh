# Bits flipped, and files cut short, in the index of real files: nothing wrong is said, and a writer mends it.
#
#   --rounds N    of each (10000)       --seed N    (1)
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
while [ $# -gt 0 ]; do
    case "$1" in
        --rounds) export PORTOLAN_TEST_ROUNDS="$2" ;;
        --seed) export PORTOLAN_TEST_SEED="$2" ;;
        *) echo "flips: no option '$1'" >&2; exit 2 ;;
    esac
    shift 2
done
binary_name=it long_test --test flips::long
