"""What stands between log lines and is none: prompts, warnings of the command line, PowerShell, Markdown, git, a person's words.

Only lines without a header are asked. The reasons are counted and shown with the source.
"""

from __future__ import annotations

import re

_RULES = tuple(
    (reason, re.compile(pattern))
    for reason, pattern in (
        ("git-conflict", r"<{7}(?: |$)|={7}$|>{7}(?: |$)|\|{7}(?: |$)"),
        ("ellipsis", r"(?:[\[(<]? ?(?:\.{2,80}|…|snip|truncated|omitted) ?[\])>]?|[-_*=.…~ ]{1,200}|//.{0,2})$"),
        ("markdown", r"`{3}|~{3}|#{1,6} |</?details|\[/?(?:code|quote)\]|\{(?:code|noformat)\b"),
        ("powershell", r"heroku(?:\.cmd|\.ps1)? ?: |At line:\d|\+ ?(?:heroku|~|CategoryInfo|FullyQualifiedErrorId)|CategoryInfo {1,8}:|Terminate batch job"),
        ("command-line", r"\W{0,8}Warning: (?:heroku|Our terms)|.{0,12}heroku(?:-cli)?:? update available|.{0,8}(?:Fetching|Streaming|Displaying) (?:application )?logs|Log stream timed out|Logs eventsource failed"),
        ("prompt", r"[$%❯➜λ](?: |$)|\([\w.-]{1,40}\) (?:PS |[A-Z]:\\|[$%]|[\w.-]{1,40}@)|PS [A-Z]:\\|[A-Z]:\\[^>]{0,160}>|[\w.-]{1,40}@[\w.-]{1,64}(?::| ~| MINGW)|.{0,60}MINGW(?:32|64) |\^C$"),
        ("prompt", r"[\w.-]{1,60}:[\w~./ -]{1,80} [\w.-]{1,40}[$#%] ?|(?:heroku|git) [a-z][\w:-]{0,40}(?: |$)|bash-\d\.\d\$|Last login: "),
        ("html", r"(?:</?[a-zA-Z][\w-]{0,20}(?: [^<>]{0,400})?/?>\s{0,4}){1,40}$"),
    )
)  # fmt: skip

LEAD = re.compile(r"[ \t]*(?:(?:[>|│┃»›*•·#+-]|[$%❯➜λ]|\d{1,6}[:.)|](?=[ \t]|\d{4}-|[A-Za-z])|\d{1,6}(?= {1,4}\d{4}-)|\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?=[ \t]{1,4}\d{4}-))[ \t]{0,8}){0,5}")
"""Quote marks, list marks, line numbers, a viewer's clock, prompts and indentation before a line that is otherwise whole."""

# Output of an application whose header was lost: stamps and levels of loggers, heads and frames of stack traces, Rails, shells.
_OUTPUT = re.compile(
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|[A-Z], \[\d{4}-|\[\d{1,7}\] |\[(?:ERROR|WARN|INFO|CRITICAL|DEBUG)|"
    r"Traceback \(most recent|\s{0,16}File \"[^\"]{1,400}\", line \d|Caused by: |goroutine \d|panic: |npm ERR!|(?:ba)?sh: |"
    r"\s{0,16}at (?:[\w$.<>\[\] ]{1,200} )?\(?[^\s()]{1,400}:\d{1,7}(?::\d{1,7})?\)?$|\s{0,16}at [\w$.<>]{1,200}\((?:\w{1,100}\.java|Native |Unknown )|"
    r"\s{0,16}(?:from )?/\S{1,400}:\d{1,7}:in |(?:[\w]{1,60}(?:::|\.)){0,8}[A-Z]\w{0,60}(?:Error|Exception)\b|(?i:error|fatal): |"
    r"Started (?:GET|POST|PUT|PATCH|DELETE) \"|Completed \d{3} |Processing by "
)  # fmt: skip
_FIELD = re.compile(r"(?:^|[\s\"])(request_id|fwd|dyno|connect|service|code|desc|sock)=|(?<=at=)(info|error|warning) ")


def bare(text: str) -> str:
    """The line without what stands before it; see `LEAD`."""
    lead = LEAD.match(text)
    return text[lead.end() :] if lead else text


def reason(text: str) -> str:
    """Why a line without a header is no part of a log, or an empty string if nothing says so."""
    stripped = text.strip()
    if not stripped:
        return "blank"
    return next((name for name, rule in _RULES if rule.match(stripped)), "")


def looks_like_output(text: str) -> bool:
    """The line reads like an application's output rather than like a person's words."""
    return bool(_OUTPUT.match(text))


def looks_like_router(text: str) -> bool:
    """At least three of the fields that router lines have: what is left of one whose beginning was lost."""
    return len({match[1] or "at" for match in _FIELD.finditer(text[:4000])}) >= 3
