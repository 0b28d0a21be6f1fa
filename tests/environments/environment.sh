# Sourced by colab/run and oldest/run, from the repository's root: a second environment with another Python.

uv() { .venv/bin/python -m uv "$@"; }

find_python() {   # VERSION NAMES: the first of the names that is a Python of this version
    local name
    for name in ${2:-python$1 "$HOME"/.pyenv/versions/$1*/bin/python}; do
        "$name" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null && echo "$name" && return
    done
    echo "$1"   # uv looks further, and may fetch it
}

new_environment() {   # FOLDER VERSION NAMES TEST: an empty environment; without such a Python, the test is skipped loudly
    uv venv --quiet --clear --python "$(find_python "$2" "$3")" "$1" || {
        printf '\n!!!! %s SKIPPED: no Python %s is here, and uv could not get one.\n\n' "$4" "$2" >&2
        exit 0
    }
}
