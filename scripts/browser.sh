# To be sourced by scripts that run a page in Chromium.

# find_browser: puts the browser into CHROMIUM and the folder that has playwright-core into TOOLS, and says whether they are
# there. A Chromium is not downloaded; CHROMIUM may name one.
find_browser() {
	CHROMIUM=${CHROMIUM:-$(type -P chromium || type -P google-chrome || true)}
	if [[ -z $CHROMIUM ]]; then
		need chromium chromium || return 1
		CHROMIUM=$(type -P chromium)
	fi
	TOOLS=${TOOLS:-$PWD/target/web-tools}
	if [[ ! -d $TOOLS/node_modules/playwright-core ]]; then
		mkdir -p "$TOOLS"
		echo '{ "private": true }' >"$TOOLS/package.json"
		npm install --prefix "$TOOLS" --no-save --silent playwright-core >&2 || return 1
	fi
	export CHROMIUM TOOLS
}
