"""What a redactor left and what it took: the measures that the redaction tests and their benchmark share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.support.secret_shapes import Labelled

PIECE = 8
"""A piece of a secret of so many characters counts as the secret."""


def leaks(secret: str, text: str) -> bool:
    """Whether ``text`` still holds the secret, or a piece of it."""
    if len(secret) <= PIECE:
        return secret in text
    return any(secret[i : i + PIECE] in text for i in range(len(secret) - PIECE + 1))


@dataclass
class Score:
    """How many of each were right, and a sentence for each that was not."""

    lines: int = 0
    right: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("secrets", "personal", "untouched", "kept"), 0)
    )
    of: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("secrets", "personal", "untouched", "kept"), 0))
    misses: list[str] = field(default_factory=list)

    def count(self, what: str, is_right: bool, problem: str) -> None:
        self.of[what] += 1
        self.right[what] += is_right
        if not is_right:
            self.misses.append(problem)

    def share(self, what: str) -> float:
        return self.right[what] / max(1, self.of[what])


def score(lines: Iterable[Labelled], redact: Callable[[str], str]) -> Score:
    """Run ``redact`` over labelled lines. Lines without secrets must come back unchanged."""
    result = Score()
    for line in lines:
        out = redact(line.text)
        shown = f"{line.kind}: {line.text!r} -> {out!r}"
        result.lines += 1
        for secret in line.secrets:
            family = "personal" if line.kind.startswith("pii") else "secrets"
            result.count(family, not leaks(secret, out), f"leaks {secret!r} in {shown}")
        for keep in line.keep:
            result.count("kept", keep in out, f"lost {keep!r} in {shown}")
        if not line.secrets:
            result.count("untouched", out == line.text, f"altered {shown}")
    return result
