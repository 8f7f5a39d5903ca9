"""The repository speaks only of the product and holds no address of a package registry."""

from __future__ import annotations
