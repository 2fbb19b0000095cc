# An index kept up to date through random scripts equals a new one of the same tree.
#
#   --scripts N   how many (500)        --steps N   deeds in each (30)
#   --seed N      the first one's (1); the others follow. A failure prints its seed: --seed THAT --scripts 1 repeats it.
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
options incremental --scripts=PORTOLAN_TEST_SCRIPTS --steps=PORTOLAN_TEST_STEPS --seed=PORTOLAN_TEST_SEED -- "$@"
binary_name=it long_test --test incremental::long
