#!/bin/sh
# kill -9, again and again, of functions and of the whole local run while activities come, on real engines; then nothing may be
# lost, counted twice, scored other than its replay, or left in a queue: infra/torture.sh [deliveries [kills [seed]]]
set -eu
cd "$(dirname "$0")/.."
mkdir -p .local/bin
CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh
export SARNAKH_TORTURE="${1:-20000} ${2:-500} ${3:-$(date +%s)}"
echo "torture: deliveries, kills and seed: $SARNAKH_TORTURE"
exec .local/bin/sarnakh engines -- go test ./cmd/sarnakh -count=1 -timeout 60m -v -run 'TestTorture'
