#!/bin/sh
# Runs go vet and all tests on real engines, each in a directory of its own (three packages at a time: some wait more than they
# compute), then simulated worlds without the race detector (SIM deliveries, 100,000 if not said; then MAILS claimed in worlds of
# many mails, 20,000, and AGAIN worlds in which all that came is delivered once more, 30) and the story in a browser, and says last
# what was left out. Arguments go to go test (infra/test.sh -run Foo ./internal/x); worlds and browser stay out then.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .local/bin
CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh

left=""
note() { left="$left
left out: $1"; }

race="-race"
if ! command -v "${CC:-cc}" >/dev/null 2>&1 && ! command -v gcc >/dev/null 2>&1; then
	race=""
	note "the race detector: no C compiler (on Debian: apt-get install gcc libc6-dev)"
fi
command -v java >/dev/null 2>&1 || note "the store suite on DynamoDB Local: no Java 17 (on Debian: apt-get install default-jre-headless)"
story=infra/browser/run.sh
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || {
	[ "${CI:-}" = true ] || story=true # CI has installed it, or must say so
	note "the story in a browser: no Chromium (on Debian: apt-get install chromium)"
}
worlds="infra/sim.sh ${SIM:-100000}"
mails="infra/sim.sh mail ${MAILS:-20000}"
again="infra/sim.sh again ${AGAIN:-30}"
[ $# = 0 ] || story=true worlds=true mails=true again=true

[ $# -gt 0 ] || set -- ./...
code=0
go vet ./... && (cd infra/bench && go vet ./...) || code=$? # a module of its own, as the browser's is
if [ "$code" = 0 ]; then
	.local/bin/sarnakh engines -- go test $race -p 3 -shuffle=on -timeout 30m "$@" || code=$?
fi
[ "$code" != 0 ] || QUIET=1 $worlds || code=$?
[ "$code" != 0 ] || $mails || code=$?
[ "$code" != 0 ] || $again || code=$?
[ "$code" != 0 ] || $story || code=$?
[ -z "$left" ] || echo "$left"
exit "$code"
