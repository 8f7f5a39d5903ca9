"""How much one app may send: a bucket that fills at its rate, in each process, and one in the broker for all."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from triage import env

logger = logging.getLogger(__name__)
BURST_SECONDS = 5.0
"""An app that was quiet may send what it could have sent in this time at once."""
MOST_APPS = 10_000
_PATIENCE_SECONDS = 0.2
_AWAY_SECONDS = 5.0
# A frame is admitted while anything is left, and may then take more than that: a large frame waits, but gets through.
_SHARED = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local rate, most, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = math.min(most, (tonumber(kept[1]) or most) + (now - (tonumber(kept[2]) or now)) * rate / 1000)
local admitted = left > 0 and 1 or 0
redis.call('HSET', KEYS[1], 'left', left - admitted * cost, 'at', now)
redis.call('PEXPIRE', KEYS[1], 600000)
return admitted
"""


class Quota:
    """Decides frame by frame. Without the broker each process judges by what it sees itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[UUID, tuple[float, float]] = {}
        self._lock = threading.Lock()
        self._script: Any = None
        self._away_until = 0.0

    def admits(self, app_id: UUID, size: int, bytes_per_s: int) -> bool:
        """Whether this app may send so many bytes now; they are then taken from its bucket."""
        return self._here(app_id, size, bytes_per_s) and self._everywhere(app_id, size, bytes_per_s)

    def _here(self, app_id: UUID, size: int, rate: int) -> bool:
        now, most = self._clock(), rate * BURST_SECONDS
        with self._lock:
            if len(self._buckets) >= MOST_APPS:
                self._buckets.clear()
            left, at = self._buckets.get(app_id, (most, now))
            left = min(most, left + (now - at) * rate)
            admitted = left > 0
            self._buckets[app_id] = (left - size * admitted, now)
        return admitted

    def _everywhere(self, app_id: UUID, size: int, rate: int) -> bool:
        if self._clock() < self._away_until:
            return True
        try:
            if self._script is None:
                self._script = _connect().register_script(_SHARED)
            return bool(self._script(keys=[f"triage:quota:{app_id}"], args=[rate, rate * BURST_SECONDS, size]))
        except (RedisError, OSError) as error:
            self._away_until = self._clock() + _AWAY_SECONDS
            logger.info("quotas are kept by each process alone for a while: %s", error)
            return True


def _connect() -> Redis:
    url = env.redis_url(settings.CELERY_BROKER_URL)
    options: dict[str, Any] = {"socket_timeout": _PATIENCE_SECONDS, "socket_connect_timeout": _PATIENCE_SECONDS}
    if url.startswith("rediss://"):
        options |= getattr(settings, "CELERY_BROKER_USE_SSL", {"ssl_cert_reqs": ssl.CERT_REQUIRED})
    return Redis.from_url(url, max_connections=8, **options)


quota = Quota()
