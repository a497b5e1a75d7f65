#!/bin/sh
# The SAM CLI on this template, pinned in a venv of its own. What the words do is in README.md; the Makefile calls this.
set -eu
cd "$(dirname "$0")/../.."

# Keys in the shell would make sam call AWS, 5 to 10 s a command; nothing here needs an account.
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE || true
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}" SAM_CLI_TELEMETRY=0

here=infra/sam
work=.local/sam
mkdir -p "$work"

# arm64 goes to the cloud; here a function runs on the processor that is here. Two folders, so that neither takes the other's.
case "$(uname -m)" in
arm64 | aarch64) here_is=Architecture=arm64 ;;
*) here_is=Architecture=x86_64 ;;
esac
local_build=.aws-sam/local

sam() { "$work/venv/bin/sam" "$@"; }

build() {
	"$here/setup.sh"
	# sam hides what the compiler says ("bootstrap: directory not found"), so the compiler is asked first.
	go vet ./functions/...
	# Without CGO_ENABLED=0 a build on Linux is dynamic and dies in the image, which holds no libraries.
	CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath -tags=lambda.norpc '-ldflags=-s -w'" sam build "$@"
}

# What a function is given locally: the names and addresses that the local run wrote, seen from inside a container.
names() {
	"$here/setup.sh"
	AWS_DEFAULT_REGION=$(python3 "$here/names.py" "${SARNAKH_ENV:-.local/env}" "$work/env.json")
	export AWS_DEFAULT_REGION AWS_REGION="$AWS_DEFAULT_REGION"
}

ready() {
	[ -f "$local_build/template.yaml" ] && [ "${BUILD:-}" != 1 ] || build --config-env local --parameter-overrides "$here_is"
	"$here/docker.sh"
	"$work/venv/bin/python" "$here/image.py"
	names
}

# One event into one function. sam exits with 0 on a handler's error, a panic, a timeout and a binary that cannot start:
# only what it prints tells.
invoke() {
	id="$(printf %s "$1" | cut -c1 | tr '[:lower:]' '[:upper:]')$(printf %s "$1" | cut -c2-)Function"
	# A tick that is old when it arrives ends at once: the present goes into it.
	sed '/"tick"/,$ s/"time": *"[^"]*"/"time": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'"/' "$2" >"$work/event.json"
	# The name of the key tells the local run's gateway who calls, as in its own processes. sam would ask STS about the key.
	AWS_ACCESS_KEY_ID="LOCAL$(printf %s "$1" | tr '[:lower:]' '[:upper:]')" AWS_SECRET_ACCESS_KEY=local AWS_MAX_ATTEMPTS=1 \
		AWS_ENDPOINT_URL_STS=http://127.0.0.1:9 sam local invoke "$id" -e "$work/event.json" --config-env local \
		--parameter-overrides "$here_is" >"$work/answer" 2>"$work/log" || { cat "$work/log" >&2; return 1; }
	"$work/venv/bin/python" "$here/judge.py" "$1" "$work/answer" || { tail -n 40 "$work/log" >&2; return 1; }
}

case "${1:-}" in
setup) "$here/setup.sh" ;;
validate) "$here/setup.sh" && sam validate --lint ;;
build) shift && build "$@" ;;
invoke)
	[ -n "${2:-}" ] && [ -f "${3:-}" ] || { echo "which function, with which event? make sam-invoke FN=ingest EVENT=events/ingest.json" >&2; exit 2; }
	ready && invoke "$2" "$3" && cat "$work/answer"
	;;
every)
	# Each function with each of its events: events/<function>.json, events/<function>-<what>.json. In the order of the line:
	# deliver acts on the record that dispatch has made.
	BUILD=1 ready
	failed=0 done=" "
	for fn in capture ingest rescore dispatch deliver nurture feedback console $(ls functions); do
		case "$done" in *" $fn "*) continue ;; esac
		done="$done$fn "
		set -- events/"$fn".json events/"$fn"-*.json
		[ -f "$1" ] || { echo "$fn: no event events/$fn.json" >&2; failed=1; }
		for event in "$@"; do
			[ -f "$event" ] || continue
			if invoke "$fn" "$event"; then echo "ok   $fn $event"; else echo "FAIL $fn $event" >&2; failed=1; fi
		done
	done
	exit "$failed"
	;;
api) ready && exec "$work/venv/bin/sam" local start-api --config-env local --parameter-overrides "$here_is" ;;
*) echo "usage: infra/sam/sam.sh setup | validate | build | invoke FUNCTION EVENT | every | api" >&2; exit 2 ;;
esac
