"""Answers on their way out, compressed where that helps and harms nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

_TEXTS = ("text/html", "text/plain", "text/csv", "text/markdown", "application/json")


class TextGZipMiddleware(GZipMiddleware):
    """Gzip for whole texts. Streams are left alone: what is sent line by line must arrive line by line.

    Against BREACH, which guesses a secret of a page from its compressed size, Django adds a random length to each
    answer and masks the CSRF token anew; no page repeats a secret beside text that its address chooses.
    """

    max_random_bytes = 100

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        kind = response.get("Content-Type", "").partition(";")[0]
        if response.streaming or kind not in _TEXTS:
            return response
        return super().process_response(request, response)
