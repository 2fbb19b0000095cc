# Eight servers on one workspace: the writer killed 200 times, the index removed 100 times while all are asked.
#
#   all options of benches/processes.py but --portolan; ROOT is this repository's src where none is given
set -euo pipefail
source "$(dirname "$0")/_tests.sh"
cargo build --locked "${profile[@]}" --bin portolan
built="${CARGO_TARGET_DIR:-target}/release/portolan"
[ "${PROFILE:-release}" = dev ] && built="${CARGO_TARGET_DIR:-target}/debug/portolan"
root=()
[ $# -eq 0 ] || [ ! -d "${!#}" ] && root=(src)
python3 benches/processes.py --portolan "$built" "$@" "${root[@]}"
