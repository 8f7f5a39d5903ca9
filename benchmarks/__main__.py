"""What `bin/bench` can measure.

    bin/bench [speed …]     reading a log, beside wc, grep and awk, mawk and lnav
    bin/bench pages …       how long the pages of a small and of a large incident take, and what they weigh
    bin/bench upload …      an upload through the pages, from the first byte to the finished page
    bin/bench tail …        how soon a line stands on the live page while many watch
    bin/bench redaction …   masking secrets: MB/s, the worst lines, and how many are found
    bin/bench search …      how long the log viewer takes to find lines, at 10,000 and 1,000,000
    bin/bench drain …       log drains: lines per second, answers, lag, memory, a flood, and faults
    bin/bench generate …    writes the invented log

Each says more with --help.
"""

from __future__ import annotations

import runpy
import sys

NAMES = ("speed", "pages", "upload", "tail", "redaction", "search", "drain", "generate")


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] in (["--help"], ["-h"]):
        sys.stdout.write(__doc__ or "")
        return
    name = arguments.pop(0) if arguments[:1] and arguments[0] in NAMES else "speed"
    sys.argv = [f"bin/bench {name}", *arguments]
    runpy.run_module(f"benchmarks.{name}", run_name="__main__")


if __name__ == "__main__":
    main()
