# To be sourced by scripts that fetch files: how they end, digests, and a folder to work in.

fail() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit 1
}

# What is wanted cannot be had here.
skip() {
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	exit 77
}

# digest FILE: its SHA-256. Where no program computes it, there is no such command.
if command -v sha256sum >/dev/null; then
	digest() { sha256sum -- "$1" | cut -d ' ' -f 1; }
elif command -v shasum >/dev/null; then
	digest() { shasum -a 256 -- "$1" | cut -d ' ' -f 1; }
fi

# Makes the folder `$dir`, and `$work` in it, which is gone however the script ends.
begin_work() {
	mkdir -p "$dir"
	work=$(mktemp -d "$dir/.fetch-XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}
