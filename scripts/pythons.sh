# Which Pythons are here; for scripts that source it.

# The interpreter of a version such as 3.10: on the path, or pyenv's.
python_of() {
    local found
    for found in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
        # A shim of pyenv's may be there for a version that is not chosen.
        if [[ $("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) == "$1" ]]; then
            command -v "$found"
            return
        fi
    done
}

# The newest that the package is for, from 3.11 on.
newest_python() {
    local version found
    for version in 3.14 3.13 3.12 3.11; do
        found=$(python_of "$version")
        if [[ -n $found ]]; then
            echo "$found"
            return
        fi
    done
}
