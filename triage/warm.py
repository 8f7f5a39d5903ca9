"""What every web process would do at its first request, done once before they are forked.

They share the memory of it then, and nobody waits for it. What lives as long as the process is also taken out of the
collector's sight: its rounds through all of that took 100 ms, in the middle of somebody's page
(https://docs.python.org/3/library/gc.html#gc.freeze).
"""

from __future__ import annotations

import gc
from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.urls import reverse


def before_fork() -> None:
    """Import all views, compile all templates of the project, and freeze what is there."""
    reverse("healthz")
    for directory in settings.TEMPLATES[0]["DIRS"]:
        for path in sorted(Path(directory).rglob("*.html")):
            get_template(str(path.relative_to(directory)))
    gc.collect()
    gc.freeze()
