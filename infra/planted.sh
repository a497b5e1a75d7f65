#!/bin/bash
# Puts each bug of infra/planted/*.patch into a copy of HEAD and runs what must catch it, as the patch's line "Catch:" says: a
# test, or "sim SEED", the world that shows it. Where the code has changed and that world does not any more, others are searched,
# and the seed to write down is named (MEND=1 writes it into the patch). Fails when a bug is missed or a patch does not apply:
# then plant the same bug in the code as it is now, and write the patch anew with git diff. Arguments: names or numbers of some.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$PWD copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git archive HEAD | tar x -C "$copy"
cd "$copy"
patches=()
for p in infra/planted/*.patch; do
	if (($# == 0)); then patches+=("$p"); fi
	for want in "$@"; do [[ $(basename "$p") == *"$want"* ]] && patches+=("$p"); done
done

# world runs worlds from a seed on until one breaks a promise; it fails when one does.
world() { ./sim -stop -quiet -first "$1" -deliveries "$2" >.out 2>&1; }

# catches tells by its exit code that the bug was seen; what was said is in .out, and seed is the world that showed it.
catches() {
	case $1 in
	sim*)
		go build -o sim ./internal/sim/run >.out 2>&1 || { echo "build failed" >>.out; return 0; }
		seed=${1#sim}
		seed=${seed# }
		if [ -n "$seed" ] && ! world "$seed" 1; then return 0; fi
		! world 1 "${SIM:-400000}"
		;;
	*) ! bash -c "$1" >.out 2>&1 ;;
	esac
}

missed=0
for p in "${patches[@]}"; do
	name=$(basename "$p" .patch)
	title=$(sed -n 's/^Bug: //p' "$p")
	catch=$(sed -n 's/^Catch: //p' "$p")
	if ! patch -s -p1 --dry-run <"$p" >.out 2>&1; then
		echo "$name: does not apply to HEAD any more: plant it in the code of today and write the patch anew ($title)"
		cat .out
		missed=$((missed + 1))
		continue
	fi
	patch -s -p1 <"$p"
	began=$(date +%s)
	seed=""
	if ! catches "$catch"; then
		echo "$name: MISSED by: $catch ($title)"
		missed=$((missed + 1))
	elif grep -qE 'build failed|^# github' .out; then
		echo "$name: does not compile: it proves nothing"
		head -5 .out
		missed=$((missed + 1))
	else
		by=$(grep -E '^seed [0-9]+: ' .out | grep -v ' deliveries, ' | head -1 || true)
		[ -n "$by" ] || by=$(grep -m1 -E -- '--- FAIL|^panic: ' .out || tail -1 .out)
		printf '%s: caught in %ss: %s\n' "$name" "$(($(date +%s) - began))" "${by:0:160}"
		now=$(sed -n 's/^seed \([0-9]*\): .*/\1/p' .out | head -1)
		if [[ $catch == sim* && -n $now && $now != "$seed" ]]; then
			echo "$name: write \"Catch: sim $now\" into $p, it says \"$catch\""
			[ -z "${MEND:-}" ] || sed -i "s/^Catch: sim.*/Catch: sim $now/" "$home/$p"
		fi
	fi
	patch -s -p1 -R <"$p"
done
echo "${#patches[@]} bugs planted, $((${#patches[@]} - missed)) caught"
exit $((missed > 0))
