"""The language runtime ran out of memory: its own limit, not the dyno's quota.

What it means
    Node's heap, the JVM's heap, PHP's memory_limit or a plain allocation failed, and the process or request ended.

Why it happens
    A limit far below the dyno's size, a large result held at once, or a leak.

How to tell
    The runtime says so: "JavaScript heap out of memory", `java.lang.OutOfMemoryError`, "Allowed memory size … exhausted",
    `MemoryError`; Node then aborts (exit status 134).

What to do
    Raise the limit to about 80 % of the dyno, stream or page through large results, look for growth.

References
    https://devcenter.heroku.com/articles/node-memory-use
    https://devcenter.heroku.com/articles/java-memory-issues
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import findings
from .base import Rule, hits

SIGNS = {
    "heap": r"JavaScript heap out of memory|Reached heap limit|Ineffective mark-compacts|java\.lang\.OutOfMemoryError|OutOfMemoryError: "
    r"|Allowed memory size of \d{1,15} bytes exhausted|^MemoryError|fatal error: runtime: out of memory|NoMemoryError|failed to allocate memory"
    r"|[Cc]annot allocate memory|unable to create native thread|GC overhead limit exceeded|numpy\S{0,40}MemoryError|std::bad_alloc|memory allocation of \d{1,15} bytes failed",
    "heap trace": r"<--- Last few GCs|FatalProcessOutOfMemory|v8::internal::Heap::(?:CollectGarbage|AllocateRawWithRetryOrFail|MarkCompact)"
    r"|MarkCompactCollector: young object promotion failed|Mark-sweep [\d.() >-]{8,60}MB,[^\n]{0,60}(?:allocation failure|last resort)",
}
"""``heap trace``: what Node prints around the sentence that tells; often all that a short log holds of it."""


def check(facts: Facts) -> Iterator[Finding]:
    notes = hits(facts, "heap") or hits(facts, "heap trace")
    explains = ("memory-quota", "R14", "R15", "app-exception", "H12")
    yield from findings(facts, "heap-out-of-memory", {"memory": notes} if notes else {}, _describe, explains=explains)


def _describe(_subject: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    text = " ".join(note.text for note in found.notes[:5])
    if re.search(r"JavaScript|heap limit|mark-compacts|v8::|GCs|Mark-", text):
        return "Node's heap is full and the process aborted", (
            Remedy("Give the heap about 80 % of the dyno.", "heroku config:set NODE_OPTIONS=--max-old-space-size=400"),
        )
    if "java" in text or "OutOfMemoryError" in text:
        return "The JVM ran out of memory", (
            Remedy("See heap and metaspace; set -Xmx below the dyno's quota.", "heroku config:set JAVA_OPTS=-Xmx300m"),
        )
    if "Allowed memory size" in text:
        return "PHP reached its memory_limit", (Remedy("Raise memory_limit in .user.ini, or load less at once."),)
    return "The process could not allocate memory", (
        Remedy("Load less at once; take a larger dyno type.", "heroku ps:type"),
    )


_AT = "2026-03-14T09:00:0"
RULE = Rule(
    slugs=("heap-out-of-memory",),
    check=check,
    signs=SIGNS,
    catches=(
        f"""{_AT}1.000000+00:00 app[web.1]: FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
{_AT}3.500000+00:00 heroku[web.1]: Process exited with status 134
{_AT}3.520000+00:00 heroku[web.1]: State changed from up to crashed
""",
    ),
    ignores=(f"{_AT}1.000000+00:00 app[web.1]: heap used: 120 MB\n",),
)
