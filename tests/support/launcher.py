"""bin/launcher.py as a module: it is a script, outside every package."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from tests.support.processes import ROOT


def load() -> ModuleType:
    """The launcher's own functions, so that tests and `bin/run` find a broker in the same way."""
    name = "triage_launcher"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "bin" / "launcher.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
