#!/bin/bash
# Publishes a changed playbook over the leads of the run that goes on here (make run), and shows what a marketer sees: the preview, the job,
# the quiet list, a word on it, and the way back. ROWS=n sends so many calls of the bank first (infra/demo.sh); 0: the leads that are there.
# SARNAKH_ENV names what another run wrote. It leaves the playbook saying what it said before.
set -euo pipefail
cd "$(dirname "$0")/.."
env=${SARNAKH_ENV:-.local/env}
mkdir -p .local/bin
CGO_ENABLED=0 go build -o .local/bin/sarnakh ./cmd/sarnakh
tool() { .local/bin/sarnakh "$@" --env "$env"; }
timed() { # what is shown of each step: its words and how long it took
	local began
	began=$(date +%s%N)
	echo "\$ sarnakh $*"
	tool "$@"
	printf 'in %d ms\n\n' $((($(date +%s%N) - began) / 1000000))
}
[ "${ROWS:-2000}" = 0 ] || infra/demo.sh --rows "${ROWS:-2000}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -r playbook/. "$folder"
# A call that was answered is worth 12 and no longer 5, at most 36 in 14 days, and fades half as fast; sales hears of a lead from 18 on.
sed -i '/^  call_answered:/,/^  [a-z_]*:$/{s/points: 5/points: 12/;s/cap: 10/cap: 36/;s/half_life: 21/half_life: 42/}' "$folder/signals.yaml"
sed -i 's/total: 50, fit: 8, engagement: 15, lower: 40/total: 18, fit: 0, engagement: 6, lower: 10/
	s/en: Warm}, from: 20}/en: Warm}, from: 12}/; s/en: Hot}, from: 50}/en: Hot}, from: 18}/' "$folder/business.yaml"
was=$(tool playbook versions --locale en | awk 'NR == 1 { print $1 }')

timed playbook preview "$folder" --locale en
timed publish "$folder" --why "calls count for more"
now=$(tool playbook versions --locale en | awk 'NR == 1 { print $1 }')
[ "$now" != "$was" ] || { echo "nothing was published" >&2; exit 1; }
# A decision comes onto the list when the stream has carried it: soon, not at once.
before=-1
while list=$(tool quiet list --playbook "$now" --top 3 --locale en); [ "$(awk '/wait for a word/ { n += $1 } END { print n + 0 }' <<<"$list")" != "$before" ]; do
	before=$(awk '/wait for a word/ { n += $1 } END { print n + 0 }' <<<"$list")
	sleep 3
done
timed quiet list --playbook "$now" --top 3 --locale en
timed quiet tell --top 10 --playbook "$now"
timed quiet tell --none --kind all --playbook "$now"
timed playbook rollback "$was"
timed quiet list --locale en
