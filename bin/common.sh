# Shared by the commands beside it (sourced, not run): a Python, the virtual environment, the hashed pins.
# Expects ROOT, the checkout.
VENV=$ROOT/.venv
export UV_SYSTEM_CERTS=true UV_NATIVE_TLS=true   # uv brings its own certificate roots; the machine's are the right ones
export UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUTF8=1
# Without a home to keep caches in, none are kept.
if [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; then
    export UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1
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

ensure_uv() { # succeeds if uv, the quick installer, is there or could be installed
    [ -x "$VENV/bin/uv" ] || with_pip installer 2>/dev/null
}

with_pip() { # NAME
    "$VENV/bin/python" -m pip install --quiet --no-input --require-hashes -r "$(pins_file "$1")"
}

with_uv() { # NAME
    ensure_uv && "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --require-hashes -r "$(pins_file "$1")"
}

pins_file() { # NAME
    [ "$1" = runtime ] && echo "$ROOT/requirements.txt" || echo "$ROOT/requirements/$1.txt"
}

install_pins() { # NAME…  Installs these pins unless that was done already; never removes anything.
    for name in "$@"; do
        stamp=$VENV/.installed-$name
        pins=$(cksum <"$(pins_file "$name")")
        [ "$(cat "$stamp" 2>/dev/null)" = "$pins" ] && continue
        echo "$(basename "$0"): installing the $name packages" >&2
        with_uv "$name" || with_pip "$name" ||
            die "could not install the $name packages; the lines above say why. Can this machine reach a package index?"
        echo "$pins" >"$stamp"
    done
}

install_runtime() { # what bin/run needs; the S3 client only where a bucket is set
    install_pins runtime embedded ${S3_BUCKET:+s3}
}
