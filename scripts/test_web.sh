#!/usr/bin/env bash
# Puts the page together and tests it in headless Chromium. Exits with 77 where there is none, or no playwright-core.
set -euo pipefail
cd "$(dirname "$0")/.."

. scripts/toolchain.sh
. scripts/browser.sh

if ! find_browser; then
    echo "test_web.sh: no Chromium here (CHROMIUM names one), or no playwright-core" >&2
    exit 77
fi
scripts/build_web.sh
exec node --test web/test/page.test.js
