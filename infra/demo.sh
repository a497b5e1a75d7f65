#!/bin/sh
# Sends calls of a bank through the run that goes on here (make run), and checks what comes of them. FULL=1: all rows.
# SARNAKH_ENV names what another run wrote.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .local/bin
CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh
full=""
[ "${FULL:-0}" = 1 ] && full=--full
exec .local/bin/sarnakh demo --env "${SARNAKH_ENV:-.local/env}" $full "$@"
