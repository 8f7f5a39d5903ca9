"""What stands between log lines and is none: prompts, warnings, PowerShell, Markdown, git, a person's words.

Only lines without a header are asked. The reasons are counted and shown with the source.
"""

from __future__ import annotations

import re

_BEGINNINGS: dict[str, tuple[str, ...]] = {
    "git-conflict": (r"<{7}(?: |$)", r"={7}$", r">{7}(?: |$)", r"\|{7}(?: |$)"),
    "markdown": (r"`{3}", r"~{3}", r"#{1,6} ", r"</?details", r"\[/?(?:code|quote)\]", r"\{(?:code|noformat)\b"),
    "ellipsis": (r"[\[(<]? ?(?:\.{2,80}|…|snip|truncated|omitted) ?[\])>]?$", r"[-_*=.…~ ]{1,200}$", r"//.{0,2}$"),
    "powershell": (
        r"heroku(?:\.cmd|\.ps1)? ?: ",
        r"At line:\d",
        r"\+ ?(?:heroku|~|CategoryInfo|FullyQualifiedErrorId)",
        r"CategoryInfo {1,8}:",
        r"Terminate batch job",
    ),
    "command-line": (
        r"\W{0,8}Warning: (?:heroku|Our terms)",
        r".{0,12}heroku(?:-cli)?:? update available",
        r".{0,8}(?:Fetching|Streaming|Displaying) (?:application )?logs",
        r"Log stream timed out",
        r"Logs eventsource failed",
    ),
    "prompt": (
        r"[$%❯➜λ](?: |$)",
        r"\([\w.-]{1,40}\) (?:PS |[A-Z]:\\|[$%]|[\w.-]{1,40}@)",  # (venv) $
        r"PS [A-Z]:\\",
        r"[A-Z]:\\[^>]{0,160}>",
        r"[\w.-]{1,40}@[A-Za-z][\w.-]{0,63}(?::[~/]| ~| MINGW)",  # ana@laptop:~/shop$
        r"[\w.-]{1,60}:[\w~./ -]{1,80} [\w.-]{1,40}[$#%](?: |$)",  # laptop:shop ana$
        r".{0,60}MINGW(?:32|64) ",
        r"bash-\d\.\d\$",
        r"(?:heroku|git) [a-z][\w:-]{0,40}(?: |$)",
        r"Last login: ",
        r"\^C$",
    ),
    "html": (r"(?:</?[a-zA-Z][\w-]{0,20}(?: [^<>]{0,400})?/?>\s{0,4}){1,40}$",),
}
_RULES = tuple((reason, re.compile("|".join(patterns))) for reason, patterns in _BEGINNINGS.items())

_MARK = r"[>|│┃»›*•·#+;/-]|[$%❯➜λ]"
_BEGIN = r"(?:\d{4}-\d\d-|[A-Z][a-z]{2} [ \d]\d \d\d:|(?:app|heroku)[\[/]|\[|»|(?:\d{1,7} )?<\d)"
_NUMBER = rf"\d{{1,6}}[:.)|](?=[ \t]|[A-Za-z]|{_BEGIN})|\d{{1,6}}(?= {{1,4}}{_BEGIN})"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?=[ \t]{1,4}\d{4}-)"
LEAD = re.compile(rf"[ \t]*(?:(?:{_MARK}|{_NUMBER}|{_CLOCK})[ \t]{{0,8}}){{0,5}}")
"""Quote and list marks, line numbers, a viewer's clock, prompts and indentation before a line that is whole."""

# Output of an application whose header was lost.
_OUTPUT = re.compile(
    "|".join(
        (
            r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d",
            r"[A-Z], \[\d{4}-",  # Ruby's Logger
            r"\[\d{1,7}\] ",  # puma
            r"\[(?:ERROR|WARN|INFO|CRITICAL|DEBUG)",
            r"Traceback \(most recent|\s{0,16}File \"[^\"]{1,400}\", line \d",
            r"Caused by: |goroutine \d|panic: |npm ERR!|(?:ba)?sh: ",
            r"\s{0,16}at (?:[\w$.<>\[\] ]{1,200} )?\(?[^\s()]{1,400}:\d{1,7}(?::\d{1,7})?\)?$",
            r"\s{0,16}at [\w$.<>]{1,200}\((?:\w{1,100}\.java|Native |Unknown )",
            r"\s{0,16}(?:from )?/\S{1,400}:\d{1,7}:in ",
            r"(?:\w{1,60}(?:::|\.)){0,8}[A-Z]\w{0,60}(?:Error|Exception)\b",
            r"(?i:error|fatal): ",
            r"Started (?:GET|POST|PUT|PATCH|DELETE) \"|Completed \d{3} |Processing by ",
        )
    )
)
_PLATFORM = re.compile(
    r"Error [RL]\d\d \([A-Z]|State changed from \w{1,20} to \w{1,20}$|Process (?:exited with status \d|running mem=\d)|"
    r"Stopping (?:all |remaining )?process(?:es)? with SIG|Starting process with command `"
)
_OLD_ROUTER = re.compile(r"(?:Error H\d\d \([A-Z].{0,300}|[A-Z]{3,10} \S{1,2000}) dyno=\S{0,40} queue=")
_FIELD = re.compile(
    r"(?:^|(?<=[\s\"`]))(?:(request_id|fwd|dyno|connect|service|code|desc|sock)=|(at)=(?:info|error|warning)(?=\s))"
)


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


def looks_like_platform(text: str) -> bool:
    """The words of the dyno manager or of the log system, whose header was not copied."""
    return bool(_PLATFORM.match(text))


def looks_like_router(text: str) -> bool:
    """At least three of the fields that router lines have: what is left of one whose beginning was lost."""
    if _OLD_ROUTER.match(text):
        return True
    return len({match[1] or match[2] for match in _FIELD.finditer(text[:4000])}) >= 3
