# An index kept up to date through random scripts equals a new one of the same tree.
#
#   --scripts N   how many (500)        --steps N   deeds in each (30)
#   --seed N      the first one's (1); the others follow. A failure prints its seed: --seed THAT --scripts 1 repeats it.
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
while [ $# -gt 0 ]; do
    case "$1" in
        --scripts) export PORTOLAN_TEST_SCRIPTS="$2" ;;
        --steps) export PORTOLAN_TEST_STEPS="$2" ;;
        --seed) export PORTOLAN_TEST_SEED="$2" ;;
        *) echo "incremental: no option '$1'" >&2; exit 2 ;;
    esac
    shift 2
done
binary_name=it long_test --test incremental::long
