#!/bin/sh
# Simulated worlds without the race detector, from seed 1 on: infra/sim.sh [deliveries] (100,000 if not said). Prints a line a
# world, the counts, and last what was lost, doubled or scored other than its replay. One seed again: infra/sim.sh seed N. Worlds of
# many mails, until so many were claimed: infra/sim.sh mail [N] (200,000 if not said). Worlds at whose end all that ever came is
# delivered once more: infra/sim.sh again [N] (100 worlds if not said).
set -eu
cd "$(dirname "$0")/.."
mkdir -p .local/bin
go build -o .local/bin/sim ./internal/sim/run
case "${1:-}" in
seed) exec .local/bin/sim -seed "$2" ;;
again) exec .local/bin/sim -again "${2:-100}" ;;
mail) exec .local/bin/sim -mails "${2:-200000}" ;;
*) exec .local/bin/sim -deliveries "${1:-100000}" ${QUIET:+-quiet} ;;
esac
