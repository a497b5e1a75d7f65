#!/bin/sh
# What CI runs, in order: all tests on real engines, a million simulated deliveries and the story in a browser, planted bugs,
# kill -9 of functions and runs, the template as SAM sees it, each function in a container, the demo and a publish with its way
# back beside a run that writes down who calls what, the calls against the roles. Any step that fails ends it. The long runs are
# infra/nightly.sh's, the figures infra/bench.sh's.
set -eu
cd "$(dirname "$0")/.."
step() { echo; echo "== $*"; "$@"; }

rm -f .local/calls*.ndjson
step infra/sam/setup.sh
SIM=1000000 step infra/test.sh
step infra/planted.sh
step infra/torture.sh 4000 100 # at full size in infra/nightly.sh
step infra/sam/sam.sh validate
step infra/sam/sam.sh build

step infra/sam/docker.sh
data=.local/ci
rm -rf "$data"
.local/bin/sarnakh local --no-open --port 8740 --data "$data" --bind 172.17.0.1 --record .local/calls.ndjson >.local/ci.out 2>&1 &
run=$!
stop() { kill -INT $run 2>/dev/null && wait $run || true; }
trap stop EXIT
for _ in $(seq 600); do
	grep -q '^ready ' .local/ci.out && break
	kill -0 $run 2>/dev/null || { cat .local/ci.out; exit 1; }
	sleep 0.5
done
grep '^ready ' .local/ci.out || { cat .local/ci.out; exit 1; }
SARNAKH_ENV="$data/env" step infra/sam/sam.sh every
step .local/sam/venv/bin/python infra/sam/drive.py "$data/env"
SARNAKH_ENV="$data/env" step infra/demo.sh # FULL=1 for all rows, as the caller set it
SARNAKH_ENV="$data/env" ROWS=0 step infra/republish.sh
stop
trap - EXIT

echo
echo "== calls against roles"
SARNAKH_CALLS='.local/calls*.ndjson' go test -count=1 -run 'Roles|Unreached' ./internal/archtest
