# Killed (SIGKILL) at each named fail point: the store alone, and the whole program while it indexes.
#
#   --rounds N    kills at each point (300)
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
[ "${1:-}" = --rounds ] && export PORTOLAN_TEST_ROUNDS="$2"
binary_name=it long_test --test store::long
binary_name=it long_test --test crash::long
