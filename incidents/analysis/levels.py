"""How bad a line looks, told from its words: what the log viewer marks, filters by and counts."""

from __future__ import annotations

import re

ERROR = (
    r"\bat=error\b|\bError [RLH]\d\d\b|\bstatus=5\d\d\b|\b(?:FATAL|CRITICAL|PANIC|Traceback|Exception)\b"
    r"|\b[A-Z]\w{2,60}(?:Error|Exception)\b|\blevel=\"?(?:error|fatal|critical)\b|\[(?:error|fatal|critical)\]"
    r"|\"level\": ?\"(?:error|fatal|critical)\""
)
WARNING = r"\bat=warning\b|\b(?:WARN|WARNING|ERROR)\b|\bstatus=4\d\d\b|\blevel=\"?warn(?:ing)?\b|\[warn(?:ing)?\]"
"""As expressions that both `re` and RE2 read; case counts."""

_ERROR, _WARNING = re.compile(ERROR), re.compile(WARNING)


def level_of(text: str) -> str:
    """``error``, ``warning`` or ``info``."""
    if _ERROR.search(text):
        return "error"
    return "warning" if _WARNING.search(text) else "info"
