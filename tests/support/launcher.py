"""The launcher's own functions: tests find a broker and start web, worker and reaper exactly as `bin/run` does."""

from __future__ import annotations

import sys

from tests.support.processes import ROOT

sys.path.append(str(ROOT / "bin"))  # scripts, outside every package

from launcher_ground import listen, socket_directory
from launcher_parts import find_broker, on_path, reaper_command, web_command, worker_command

__all__ = ["find_broker", "listen", "on_path", "reaper_command", "socket_directory", "web_command", "worker_command"]
