"""What web processes share before they are forked."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.processes import ROOT

PRINT_STATE = """
import gc, sys
import triage.wsgi
from django.template import engines
kept = engines["django"].engine.template_loaders[0].get_template_cache
print(gc.get_freeze_count() > 50_000, "incidents.views.logs.pages" in sys.modules, any("overview.html" in key for key in kept))
"""


def test_the_application_is_warm_before_the_first_request() -> None:
    done = subprocess.run([sys.executable, "-c", PRINT_STATE], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "True", "True"], done.stderr
