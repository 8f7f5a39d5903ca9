"""How bad a line looks, told from its words: what the log viewer marks, filters by and counts."""

from __future__ import annotations

from .redaction.expressions import compile_re2

ERROR = (
    r"\bat=error\b|\bError [RLH]\d\d\b|\bstatus=5\d\d\b|\b(?:FATAL|CRITICAL|PANIC|Traceback|Exception)\b"
    r"|\b[A-Z]\w{2,60}(?:Error|Exception)\b|\blevel=\"?(?:error|fatal|critical)\b|\[(?:error|fatal|critical)\]"
    r"|\"level\": ?\"(?:error|fatal|critical)\""
)
WARNING = r"\bat=warning\b|\b(?:WARN|WARNING|ERROR)\b|\bstatus=4\d\d\b|\blevel=\"?warn(?:ing)?\b|\[warn(?:ing)?\]"
"""As expressions that both `re` and RE2 read; case counts."""

_ERROR, _WARNING = compile_re2(ERROR.encode()), compile_re2(WARNING.encode())


def level_of(text: str) -> str:
    """``error``, ``warning`` or ``info``."""
    data = text.encode("utf-8", "replace")
    if _ERROR.search(data):
        return "error"
    return "warning" if _WARNING.search(data) else "info"
