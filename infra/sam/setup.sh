#!/bin/sh
# A venv with the pinned SAM CLI; a global install would break the AWS CLI's own pins. 40 s the first time, then nothing.
set -eu
cd "$(dirname "$0")/../.."
venv=.local/sam/venv
want=$(cksum <infra/sam/requirements.txt)
[ "$(cat "$venv/installed" 2>/dev/null || true)" != "$want" ] || exit 0

python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || {
	echo "the SAM CLI needs Python 3.10 or later with venv (on Debian: apt-get install python3-venv)" >&2
	exit 1
}
echo "installing the SAM CLI into $venv (once)" >&2
rm -rf "$venv"
python3 -m venv "$venv"
# The list is complete, so pip need not resolve anything (and stumbles over extras where it has to, with hashes).
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r infra/sam/requirements.txt
printf %s "$want" >"$venv/installed"
