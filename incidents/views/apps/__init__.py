"""Apps that drain into us: their health, drains, alerts, and the live tail."""

from __future__ import annotations
