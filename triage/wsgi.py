"""What gunicorn serves."""

from __future__ import annotations

import os

from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from triage import warm

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "triage.settings")

application = get_wsgi_application()

# A server must not start with settings that would expose what teams put in here (see `incidents.checks`).
if problems := [str(message.msg) for message in run_checks(tags=[Tags.security]) if message.is_serious()]:
    raise ImproperlyConfigured(" ".join(problems))

warm.before_fork()
