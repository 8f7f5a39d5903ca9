#!/usr/bin/env python
"""Entry point of every command: ``python manage.py help`` lists them."""

from __future__ import annotations

import os
import secrets
import sys

_WITHOUT_SETTINGS = ("analyze", "redact")
"""Commands that read a log and nothing else: they sign nothing, so they need no key of this installation."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "triage.settings")
    if sys.argv[1:2] and sys.argv[1] in _WITHOUT_SETTINGS:
        os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        settings.INSTALLED_APPS  # noqa: B018 - reads the settings; Django would hide what is wrong with them
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
