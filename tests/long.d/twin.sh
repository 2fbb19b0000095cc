# Crash states of the store on a disk's twin: power cuts with lost, torn and reordered writes at each operation.
#
#   --states N    at least so many (100000)
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
[ "${1:-}" = --states ] && export PORTOLAN_TEST_STATES="$2"
long_test --lib store::tests::long
