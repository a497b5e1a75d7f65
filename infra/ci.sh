#!/bin/sh
# What CI runs, in order: all tests on real engines, the template as SAM sees it, each function in a container beside a
# run that writes down who calls what, and the figures. Any step that fails ends it.
set -eu
cd "$(dirname "$0")/.."
step() { echo; echo "== $*"; "$@"; }

step infra/test.sh
step infra/sam/sam.sh validate
step infra/sam/sam.sh build

step infra/sam/docker.sh
data=.local/ci
rm -rf "$data"
.local/bin/sarnakh local --no-open --port 8740 --data "$data" --bind 172.17.0.1 --record .local/calls.ndjson >.local/ci.out 2>&1 &
run=$!
trap 'kill -INT $run 2>/dev/null; wait $run || true' EXIT
for _ in $(seq 600); do
	grep -q '^ready ' .local/ci.out && break
	kill -0 $run 2>/dev/null || { cat .local/ci.out; exit 1; }
	sleep 0.5
done
grep '^ready ' .local/ci.out || { cat .local/ci.out; exit 1; }
SARNAKH_ENV="$data/env" step infra/sam/sam.sh every
step make bench
