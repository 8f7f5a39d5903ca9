"""What `bin/audit` runs: pip-audit over files of pins, and a judgement of what it says.

By itself it reports "no known vulnerabilities" also where its service knows no package at all, as a mirror of an index
does. So it is asked first about a release with well-known holes: who does not know those is not believed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

KNOWN_BAD = "django==3.2.0"
SERVICES = ("pypi", "osv")


def ask(service: str, *options: str) -> list[dict[str, Any]] | None:
    """What pip-audit says of each package; None if it could not ask."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", service, "--progress-spinner", "off"]
    command += ["--timeout", "10", "--disable-pip", "--format", "json", *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return found


def knows_vulnerabilities(service: str) -> bool:
    with tempfile.TemporaryDirectory() as directory:
        pin = Path(directory) / "known-bad.txt"
        pin.write_text(KNOWN_BAD + "\n")
        return any(package.get("vulns") for package in ask(service, "--no-deps", "--requirement", str(pin)) or [])


def audit(files: list[str]) -> int:
    """The exit status."""
    service = next((name for name in SERVICES if knows_vulnerabilities(name)), "")
    if not service:
        print("bin/audit: nobody could be asked for known vulnerabilities from this machine; nothing was audited.")
        return 1 if os.environ.get("CI", "").lower() in ("1", "true") else 0
    packages = ask(service, "--require-hashes", *[option for file in files for option in ("--requirement", file)])
    if not packages:
        print("bin/audit: the service answered, but the files of pins could not be audited.")
        return 1
    return judge(packages)


def judge(packages: list[dict[str, Any]]) -> int:
    bad = [package for package in packages if package.get("vulns")]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    for package in bad:
        for hole in package["vulns"]:
            fixed = ", ".join(hole.get("fix_versions") or ["no release yet"])
            print(f"bin/audit: {package['name']} {package['version']}: {hole['id']}, fixed in {fixed}")
    if unknown:
        print(f"bin/audit: unknown to the service, so not audited: {', '.join(sorted(unknown))}")
    print(f"bin/audit: {len(packages) - len(unknown)} packages audited, {len(bad)} with known vulnerabilities")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(audit(sys.argv[1:]))
