# Our ignore rules against git's own on real repositories.
#
#   FOLDER...   checkouts, or unpacked archives (which become repositories without commits)
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
[ $# -gt 0 ] || { echo "ignore: it needs folders; skipped"; exit 0; }
PORTOLAN_TEST_REPOSITORIES="$(IFS=:; echo "$*")"
export PORTOLAN_TEST_REPOSITORIES
binary_name=it long_test --test ignore_rules::long
