#!/usr/bin/env bash
# Puts the page together and tests it in headless Chromium. Exits with 77 where there is none, or no playwright-core.
set -euo pipefail
cd "$(dirname "$0")/.."

CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v google-chrome || true)}
if [[ -z $CHROMIUM ]]; then
    echo "test_web.sh: no Chromium here (CHROMIUM names one)" >&2
    exit 77
fi
TOOLS=${TOOLS:-$PWD/target/web-tools}
if [[ ! -d $TOOLS/node_modules/playwright-core ]]; then
    mkdir -p "$TOOLS"
    echo '{ "private": true }' > "$TOOLS/package.json"
    npm install --prefix "$TOOLS" --no-save --silent playwright-core || exit 77
fi
scripts/build_web.sh
export CHROMIUM TOOLS
exec node --test web/test/page.test.js
