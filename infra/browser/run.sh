#!/bin/sh
# The story of a few leads in a real Chromium, against a local run of its own. Prints each step as it passes; pictures of
# the pages go to .local/shots. Without Chromium it says so and ends well: make test lists what was left out, CI installs it.
# CHROMIUM names another browser; AHEAD=2800h begins the story that much later (in Nowruz, on a Friday).
set -eu
cd "$(dirname "$0")/../.."
found=""
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
	if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then found=$name && break; fi
done
if [ -z "$found" ]; then
	echo "left out: the story in a browser: no Chromium (on Debian: apt-get install chromium)"
	[ "${CI:-}" = true ] && exit 1
	exit 0
fi
mkdir -p .local/bin
CGO_ENABLED=0 go build -o .local/bin/sarnakh-story ./cmd/sarnakh
export SARNAKH="$PWD/.local/bin/sarnakh-story" SARNAKH_ROOT="$PWD"
export SARNAKH_CALLS="${SARNAKH_CALLS:-$PWD/.local/calls-story.ndjson}"
rm -f "$SARNAKH_CALLS"
cd infra/browser
go vet ./...
exec go test -count=1 -timeout 25m -v .
