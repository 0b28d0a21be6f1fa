# Sourced by browser/run and site/run, from the repository's root: finds Chromium or Chrome, or installs it on Debian and
# Ubuntu; and playwright. Sets COURSE_BROWSER. Where that fails, the test is skipped.
python=.venv/bin/python

skip() {   # says loudly why, exit status 0
    printf '\n!!!! BROWSER TEST SKIPPED: %s\n\n' "$*" >&2
    exit 0
}

find_browser() {
    local name
    for name in ${COURSE_BROWSER:-chromium google-chrome google-chrome-stable chromium-browser}; do
        command -v "$name" && return
    done
    return 1
}

if ! browser="$(find_browser)"; then
    [ -n "${COURSE_BROWSER:-}" ] && skip "COURSE_BROWSER is $COURSE_BROWSER, which is no program."
    command -v apt-get >/dev/null || skip "no Chromium or Chrome found; this script can install one on Debian or Ubuntu only."
    root=""
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || skip "no Chromium found. Install it: sudo apt-get install chromium fonts-dejavu-core"
        root="sudo"
    fi
    echo "Installing Chromium (once)."
    # On Ubuntu this package may only point to a snap, which a container cannot run: then there is still no browser.
    { $root apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive $root apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core; } \
        >/dev/null || skip "apt-get could not install chromium."
    browser="$(find_browser)" || skip "apt-get installed no Chromium that runs here."
fi
"$browser" --version || skip "$browser does not start."

if ! "$python" -c "import playwright" 2>/dev/null; then
    "$python" -m uv pip install --python "$python" -r pyproject.toml --extra browser
fi
export COURSE_BROWSER="$browser"
