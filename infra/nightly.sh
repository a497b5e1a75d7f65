#!/bin/sh
# The long runs, none of which CI waits for: 200,000 simulated mails (MAILS), 10,000 people who say no while they are claimed
# (RACES), a month of 1,200 people with an outage (OUTAGE), all that came delivered once more in 400 worlds (AGAIN), 100,000 due at
# once (DUE), ten million simulated deliveries (SIM), planted bugs (PLANTED: some), 20,000 deliveries under 500 kills
# (TORTURE="deliveries kills"), each fuzz target for half a minute (FUZZTIME), and the whole demo (FULL=0: its first rows) beside a
# run of its own. Any that fails ends it.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .local/bin
CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh
step() { echo; echo "== $*"; "$@"; }

step infra/sim.sh mail "${MAILS:-200000}"
step env SARNAKH_RACES="${RACES:-10000}" .local/bin/sarnakh engines -- go test -count=1 -timeout 30m -run NobodyIsClaimed ./internal/aws/dynamo
step env SARNAKH_OUTAGE="${OUTAGE:-1200}" go test -count=1 -timeout 30m -run AfterAnOutage ./internal/flow
step infra/sim.sh again "${AGAIN:-400}"
SARNAKH_BENCH_DUE="${DUE:-100000}" step infra/bench.sh -only due
QUIET=1 step infra/sim.sh "${SIM:-10000000}"
step infra/planted.sh ${PLANTED:-}
step infra/torture.sh ${TORTURE:-20000 500}

git grep -E '^func Fuzz[A-Za-z0-9]+\(' -- '*_test.go' | sed -E 's|/[^/]*_test\.go:func (Fuzz[A-Za-z0-9]+).*| \1|' >.local/fuzz
while read -r folder name; do
	step go test -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-30s}" "./$folder"
done <.local/fuzz

data=.local/nightly
rm -rf "$data"
CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh
.local/bin/sarnakh local --no-open --port 0 --data "$data" >.local/nightly.out 2>&1 &
run=$!
trap 'kill -INT $run 2>/dev/null && wait $run || true' EXIT
for _ in $(seq 600); do
	grep -q '^ready ' .local/nightly.out && break
	kill -0 $run 2>/dev/null || { cat .local/nightly.out; exit 1; }
	sleep 0.5
done
grep '^ready ' .local/nightly.out || { cat .local/nightly.out; exit 1; }
FULL="${FULL:-1}" SARNAKH_ENV="$data/env" step infra/demo.sh
