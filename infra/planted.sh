#!/bin/bash
# Puts each bug of infra/planted/*.patch into a copy of HEAD and runs what must catch it: a simulation with its seeds, or a
# test. Prints "caught" with the seed or the test, and fails when one is missed. Arguments: names or numbers of some.
set -euo pipefail
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git archive HEAD | tar x -C "$copy"
patches=()
for p in infra/planted/*.patch; do
	if (($# == 0)); then patches+=("$PWD/$p"); fi
	for want in "$@"; do [[ $(basename "$p") == *"$want"* ]] && patches+=("$PWD/$p"); done
done
cd "$copy"
missed=0
for p in "${patches[@]}"; do
	name=$(basename "$p" .patch)
	title=$(sed -n 's/^Bug: //p' "$p")
	catch=$(sed -n 's/^Catch: //p' "$p")
	if ! patch -s -p1 --dry-run <"$p" >"$copy/.out" 2>&1; then
		echo "$name: does not apply to HEAD any more"
		cat "$copy/.out"
		missed=$((missed + 1))
		continue
	fi
	patch -s -p1 <"$p"
	if ! go build ./internal/... ./functions/... >"$copy/.out" 2>&1; then
		echo "$name: does not compile: it proves nothing"
		head -5 "$copy/.out"
		missed=$((missed + 1))
	elif began=$(date +%s) && bash -c "$catch" >"$copy/.out" 2>&1; then
		echo "$name: MISSED by: $catch ($title)"
		missed=$((missed + 1))
	else
		by=$(grep -m1 -E '^seed [0-9]+: .*[a-z]{4}' "$copy/.out" | grep -v deliveries || true)
		[ -n "$by" ] || by=$(grep -E '^seed [0-9]+: ' "$copy/.out" | grep -v ' deliveries, ' | head -1 || true)
		[ -n "$by" ] || by=$(grep -m1 -E -- '--- FAIL' "$copy/.out" || tail -1 "$copy/.out")
		printf '%s: caught in %ss: %s\n' "$name" "$(($(date +%s) - began))" "${by:0:180}"
	fi
	patch -s -p1 -R <"$p"
done
echo "${#patches[@]} bugs planted, $((${#patches[@]} - missed)) caught"
exit $((missed > 0))
