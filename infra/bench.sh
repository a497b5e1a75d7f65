#!/bin/sh
# The figures that are promised, one a line: name value unit (must …) ok|short. Exit 1 when one is short.
# Arguments go to the bench (infra/bench.sh -only rules,bytes); without any, the ledger's model runs too.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .local/bin
CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh
CGO_ENABLED=0 go build -o .local/bin/model ./internal/ledger/model
(cd infra/bench && CGO_ENABLED=0 go build -o ../../.local/bin/bench .)

code=0
if [ $# -eq 0 ]; then
	echo "the ledger alone, with synthetic activities"
	.local/bin/model || code=1
fi
.local/bin/sarnakh engines -- .local/bin/bench "$@" 2>.local/bench.log || code=1
[ "$code" = 0 ] || cat .local/bench.log >&2
exit "$code"
