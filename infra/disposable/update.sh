#!/bin/sh
# Writes internal/lead/throwaway/domains.txt from the package that the lock file here pins. What it writes is committed, so that a build
# needs no npm. For a newer list: npm install disposable-email-domains-js@VERSION --save-exact --package-lock-only, here, then this.
set -eu
cd "$(dirname "$0")/../.."
at=.local/disposable to=internal/lead/throwaway/domains.txt
mkdir -p "$at"
cp infra/disposable/package.json infra/disposable/package-lock.json infra/disposable/.npmrc "$at"
(cd "$at" && npm ci --ignore-scripts >/dev/null)
package="$at/node_modules/disposable-email-domains-js"
version=$(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$package/package.json")
{
	echo "# disposable-email-domains-js $version, CC0-1.0: written by infra/disposable/update.sh"
	sed -n 's/^ *"\([^"]*\)",*$/\1/p' "$package/dist/dict/disposable_email_blocklist.json" | tr '[:upper:]' '[:lower:]' | LC_ALL=C sort -u
} >"$to.new"
mv "$to.new" "$to"
echo "$(($(wc -l <"$to") - 1)) domains of version $version in $to"
