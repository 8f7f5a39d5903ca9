"""Where bytes come in: uploads, drains, pipes, OpenTelemetry."""

from __future__ import annotations
