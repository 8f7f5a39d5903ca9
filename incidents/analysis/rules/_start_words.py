"""In which words shells, npm, servers and languages say that a start command cannot work."""

from __future__ import annotations

import re

SIGNS = {
    "start npm": r"(?i)npm (?:ERR!|error) (?:Error: )?missing script: |Missing script: \""
    r"|error Command \"[\w:-]{1,40}\" not found|ENOENT.{0,80}package\.json"
    r"|Couldn't find a (?:package\.json|script named)|No such script",
    "start file": r"can't open file|(?:sh|bash)(?:: (?:line )?\d{1,4})?: [^\s:]{1,200}: (?:No such file"
    r"|Permission denied|cannot execute|Is a directory|not found|command not found)"
    r"|[\w./-]{2,80}: line \d{1,5}: [^\s:]{1,200}: (?:No such file|Permission denied|cannot execute|unbound variable)"
    r"|DOCUMENT_ROOT '[^']{1,160}' does not exist|Unable to determine Composer vendor-dir"
    r"|\bsh: (?:\d{1,4}: )?cannot open |exec: \S{1,80}: not found|Could not open input file|Unable to access jarfile"
    r"|no main manifest attribute"
    r"|Could not find or load main class|configuration \S{0,120}config\.ru not found|Could not locate Gemfile|Bundler::GemfileNotFound"
    r"|No Rakefile found|Don't know how to build task"
    r"|Could not find a production build|No such file or directory @ rb_sysopen - Procfile|ruby: No such file"
    r"|(?:^|\s)env: ['\"‘]?[\w./-]{1,160}['\"’]?: (?:Permission denied|No such file)"
    r"|Exec format error|php: Could not open|no required module provides package",
    "start option": r"No application module specified|^(?:gunicorn|uvicorn|flask|celery|streamlit|puma|unicorn): error"
    r"|A server is already running|This application is already running|/usr/bin/env: .{1,40}: No such file",
    "start app object": r"Failed to find (?:attribute|application object)|App failed to load|Error loading ASGI app"
    r"|Could not import module \"|Could not locate a Flask app"
    r"|Failed to find Flask application|Could not import '[\w.]{1,80}'|Attribute \"\w{1,60}\" not found in module"
    r"|Unable to load celery application"
    r"|Invalid value for '-A'|Error: Invalid value: File does not exist: \S{1,120}|Application object must be callable"
    r"|unrecognized arguments|No such command '|bad option: ",
    "start node file": r"Cannot find module '(?:/app/|/workspace/|file:///app/)",
    "start own module": r"No module named '?[\w.]{1,120}",
    "start supervisor": r"\[nodemon\] app crashed - waiting for file changes",
}  # fmt: skip
NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)missing script: \"?([\w:-]{1,60})|Command \"([\w:-]{1,40})\" not found|script named \"?([\w:-]{1,40})",
        r"can't open file '?([^'\s:]{1,200})|Cannot find module '([^']{1,200})'|No module named '?([\w.]{1,120})",
        r"(?:sh|bash)(?:: (?:line )?\d{1,4})?: ([^\s:]{1,200}): |jarfile (\S{1,200})|main class (\S{1,200})"
        r"|configuration (\S{0,120}config\.ru)|: line \d{1,5}: ([^\s:]{1,200}): |env: ['\"‘]?([\w./-]{1,160})|DOCUMENT_ROOT '([^']{1,160})'",
        r"Could not open input file: (\S{1,120})|exec: (\S{1,80}): not found|build task '([^']{1,60})"
        r"|File does not exist: (\S{1,120})",
        r"(?:attribute|object) '(\w{1,60})'|module \"([\w.]{1,80})\"|import '([\w.]{1,80})'|(nodemon)"
        r"|option: (\S{1,60})",
    )
)
BUILDERS = re.compile(
    r"^> .{0,60}\b(?:webpack(?! serve)(?:-cli)?\b|tsc\b|gulp build|grunt build|react-scripts build|vite build"
    r"|next build|ng build|parcel build|rollup)[^&;|]{0,80}$"
)
