"""Lines of drains and pipes: into chunks of an app's ring, and out of it as windows that become incidents."""

from __future__ import annotations
