# Shared by the commands beside it (sourced, not run): a Python, the virtual environment, the hashed pins.
VENV=$PWD/.venv
export UV_SYSTEM_CERTS=true UV_NATIVE_TLS=true   # uv brings its own certificate roots; the machine's are the right ones
export UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUTF8=1
# An empty or missing HOME must not put caches into / or into the checkout.
if [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; then
    export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.tools/uv-cache}" PIP_CACHE_DIR="${PIP_CACHE_DIR:-$PWD/.tools/pip-cache}"
fi

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

find_python() { # prints the first Python that is new enough and can make virtual environments
    newest=
    for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14 /usr/bin/python3; do
        [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
        version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        newest=${newest:-$version}
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || continue
        if ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            without_venv=$version
            continue
        fi
        echo "$candidate"
        return 0
    done
    if [ -n "${without_venv:-}" ]; then
        die "Python $without_venv is here, but its venv module is not. On Debian or Ubuntu: apt install python3-venv"
    fi
    die "Python 3.11 or newer is needed (found: ${newest:-none}). On Debian or Ubuntu: apt install python3 python3-venv"
}

ensure_venv() {
    if [ -d "$VENV" ] && ! "$VENV/bin/python" -c 'import pip' 2>/dev/null; then
        rm -rf "$VENV" # its Python is gone, or it was cut off while being made
    fi
    if [ ! -d "$VENV" ]; then
        python=$(find_python) || exit 1
        "$python" -m venv "$VENV" || die "could not make a virtual environment in $VENV"
    fi
}

ensure_uv() { # succeeds if uv is there or could be installed
    [ -x "$VENV/bin/uv" ] || "$VENV/bin/python" -m pip install --quiet --no-input 'uv>=0.8,<1' 2>/dev/null
}

install_pins() { # FILE...  Installs hashed pins, skipping the work when they have not changed. Never removes anything.
    stamp=$VENV/.pins-$(basename "$1" .txt)
    pins=$(cat "$@" | cksum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$pins" ] && return 0
    echo "$(basename "$0"): installing $*" >&2
    if ensure_uv && "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --require-hashes $(printf -- '-r %s ' "$@"); then
        :
    else
        "$VENV/bin/python" -m pip install --quiet --no-input --require-hashes $(printf -- '-r %s ' "$@") ||
            die "could not install the packages; the lines above say why. Is a package index reachable?"
    fi
    printf '%s\n' "$pins" >"$stamp"
}
