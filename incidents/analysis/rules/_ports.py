"""A web process that says that it is up, says nothing of a port, and is killed because it opened none."""

from __future__ import annotations

import re

from incidents.analysis.events import Run
from incidents.analysis.types import Facts, Finding, Note

from ._blame import blame, proof, story
from .base import build

_UP = re.compile(
    r"(?i)\bready\b|\bonline\b|\b(?:app|application|server|service|client|program)\w{0,3} (?:is |was |has )?(?:up|running|started|live|loaded)\b"
    r"|\bStarted [\w$.]{1,80} in [\d.]{1,8} s|\bconnected to (?:the )?(?:mongo\w*|db|database|postgres\w*|mysql|redis)\b"
    r"|\b(?:mongo\w*|mongoose|db|database|postgres\w*|mysql|redis)\W{1,3}(?:is |was |has )?(?:successfully )?connected\b"
    r"|\b(?:initiali[sz]ation|start-?up|boot) complete"
)
_QUIET_US = 15_000_000


def up_and_quiet(facts: Facts, run: Run) -> Note | None:
    """The last the program said, if that is that it is up, long before it was killed.

    A process that is short of memory swaps, and may be busy all the same.
    """
    if {"R14", "R15"} & facts.codes.keys():
        return None
    said = [note for note in run.output() if note.text.strip()]
    if not said or run.exit is None or not _UP.search(said[-1].text):
        return None
    at_us, end_us = said[-1].at_us, run.exit.at_us
    return said[-1] if at_us is not None and end_us is not None and end_us - at_us >= _QUIET_US else None


def portless(facts: Facts, mute: list[tuple[Run, Note]]) -> Finding:
    note = mute[-1][1]
    found = blame(facts, [one for _, one in mute])
    return build(
        facts, "port-binding",
        f"The program says that it is up (`{note.text.strip()[:100]}`) and opens no port: {story(facts, found)}. "
        "If it serves no HTTP, it belongs under another process type than web.",
        found.confidence(0.9), [note, *proof(facts, found)], severity=found.severity(), subject="none",
        count=len(mute), span=[run.notes[0] for run, _ in mute] + [run.notes[-1] for run, _ in mute],
        explains=(*found.explains, "boot-timeout", "R10"),
        ruled_out=("the program did start and did not crash by itself",),
    )  # fmt: skip
