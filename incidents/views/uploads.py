"""Bytes come in here: whole forms, pastes, and parts of large files."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse


def start(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


def form(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


def paste(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    raise NotImplementedError


def part(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    raise NotImplementedError


def finish(request: HttpRequest, pk: UUID) -> HttpResponse:
    raise NotImplementedError
