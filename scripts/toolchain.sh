# To be sourced by scripts that build for other targets: which compiler does, and what is installed for it.

# need COMMAND PACKAGE...: whether the command is here. With LLMZIP_INSTALL=1 it is installed where apt-get may do that.
need() {
	# Not what is a function of a script that is called like it.
	type -P "$1" >/dev/null && return
	[[ ${LLMZIP_INSTALL:-} == 1 && $(id -u) == 0 ]] && command -v apt-get >/dev/null || return 1
	echo "installing ${*:2}" >&2
	DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -qq -y --no-install-recommends "${@:2}" >&2 </dev/null ||
		{ apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -qq -y --no-install-recommends "${@:2}" >&2 </dev/null; } || return 1
	type -P "$1" >/dev/null
}

has_target() { [[ -d $("$1" --print sysroot)/lib/rustlib/$2/lib ]]; }
has_sources() { [[ -f $("$1" --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml ]]; }

# rust_for TARGET PANIC: puts a compiler into `rustc` and `cargo`, and into `build_std` what cargo is told besides.
#
# One that has the target is used as it is (`rustup target add`). Where there are only the sources of its standard library,
# that is built along, which a stable compiler allows with RUSTC_BOOTSTRAP=1; Debian's packages have them.
rust_for() {
	local folder
	find_rust "$@" && return
	# A name that no folder has yet, so that this installs.
	need rustc-with-sources rustc-web cargo-web rust-web-src lld-22 || true
	find_rust "$@" && return
	echo "${0##*/}: no Rust toolchain here has $1, or the sources of its standard library" >&2
	return 1
}

find_rust() {
	local folder
	for folder in '' /usr/bin/; do
		command -v "${folder}rustc" >/dev/null && command -v "${folder}cargo" >/dev/null || continue
		rustc=${folder}rustc cargo=${folder}cargo build_std=()
		if has_target "$rustc" "$1"; then
			return
		elif has_sources "$rustc"; then
			build_std=("-Zbuild-std=std,panic_$2")
			return
		fi
	done
	return 1
}

# cargo_for ARGUMENT...: runs what `rust_for` has found.
cargo_for() {
	if [[ ${#build_std[@]} == 0 ]]; then
		RUSTC=$rustc "$cargo" "$@"
	else
		RUSTC_BOOTSTRAP=1 RUSTC=$rustc "$cargo" "$@" "${build_std[@]}"
	fi
}
