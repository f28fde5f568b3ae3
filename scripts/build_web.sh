#!/usr/bin/env bash
# Puts the page together in target/web, for any server of files: that of web/, and the package of js/ (build_wasm.sh first;
# exits with 77 where its files are not there).
set -euo pipefail
cd "$(dirname "$0")/.."

for file in builtin.llmw llmzip.wasm llmzip-simd128.wasm; do
    [[ -f js/dist/$file ]] || { echo "build_web.sh: js/dist/$file is not there; scripts/build_wasm.sh makes it" >&2; exit 77; }
done
rm -rf target/web
mkdir -p target/web/llmzip
cp web/*.html web/*.css web/*.js target/web/
cp -r js/src js/dist target/web/llmzip/

cd target/web
# The service worker keeps every file, under a name that changes with any of them.
mapfile -t files < <(find . -type f ! -name sw.js -printf '%P\n' | LC_ALL=C sort)
version=$(sha256sum "${files[@]}" sw.js | sha256sum | cut -c1-16)
list=$(printf "'%s', " "${files[@]}")
sed -i "s|'VERSION'|'llmzip-$version'|; s|'FILES'|${list%, }|" sw.js
echo "target/web: ${#files[@]} files, version $version"
