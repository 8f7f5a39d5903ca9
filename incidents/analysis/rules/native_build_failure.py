"""A package with native code could not be compiled, or its library cannot be loaded.

What it means
    The package brings C, C++ or Rust code. Compiling it failed in the build, or the compiled file does not fit the
    machine.

Why it happens
    A header or library is missing (``pg_config``, ``libvips``); there is no ready-made wheel for this language
    version; ``node_modules`` with files for macOS or Windows were committed; an image was built for ARM.

How to tell
    ``Failed building wheel``, ``node-gyp``, ``Failed to build gem native extension``, ``invalid ELF header``.

What to do
    Use the package's binary variant or a version with wheels for your language version; bring libraries with the apt
    buildpack; never commit node_modules.

References
    https://devcenter.heroku.com/articles/python-c-deps
    https://github.com/heroku/heroku-buildpack-apt
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from incidents.analysis.types import Facts, Finding, Remedy

from ._blame import Blame
from ._texts import by_subject, findings
from .base import Rule, build, hits

SIGNS = {
    "native build": r"Failed building wheel for|Failed to build native extension|Failed to build gem native extension"
    r"|Gem::Ext::BuildError|gyp ERR! (?:build error|stack Error|configure error|not ok)|node-gyp rebuild.{0,40}(?:fail"
    r"|exit)"
    r"|error: command '(?:/\S{0,40})?(?:x86_64-linux-gnu-)?(?:gcc|g\+\+|cc|cmake|clang)' failed"
    r"|pg_config executable not found|mysql_config not found|subprocess-exited-with-error|metadata-generation-failed"
    r"|legacy-install-failure|fatal error: \S{1,80}\.h: No such file|collect2: error|error: linker `"
    r"|Could not build wheels|can't find Rust compiler|error: could not compile `",
    "native gem": r"An error occurred while installing (?:json|nokogiri|pg|mysql2?|sqlite3|ffi|bcrypt|puma|thin|unf_ext"
    r"|eventmachine|therubyracer|libv8|mini_racer|rmagick|nio4r|bigdecimal|msgpack|hiredis|capybara-webkit|sassc|grpc"
    r"|google-protobuf|psych|strscan|date|racc|charlock_holmes|rugged|snappy|curb|oj|bootsnap|byebug|websocket-driver) \(",
    "native load": r"invalid ELF header|version `?GLIBC(?:XX)?_[\d.]{1,8}'? not found"
    r"|wrong ELF class|undefined symbol: |Could not load the \"sharp\" module"
    r"|Something went wrong installing the \"sharp\" module|ERR_DLOPEN_FAILED"
    r"|incompatible architecture|Could not locate the bindings file|cannot execute binary file: Exec format"
    r"|UnsatisfiedLinkError|Prisma Client could not locate the Query Engine|binaryTargets",
}  # fmt: skip
_NAMES = (
    re.compile(
        r"wheel for ([\w.-]{1,60})|(?:error occurred while installing|installing) ([\w-]{1,60})"
        r"|([\w./@-]{1,80}/node_modules/[\w@.-]{1,60}|(?:lib)[\w.+-]{1,60}\.so[\w.]{0,12})|\"(sharp)\"|(pg_config"
        r"|mysql_config)|error: (\S{1,60}\.h):"
    ),
)


def check(facts: Facts) -> Iterator[Finding]:
    yield from findings(
        facts,
        "native-build-failure",
        by_subject(hits(facts, "native load"), _NAMES),
        _loading,
        sure=0.94,
        needs_harm=True,
        explains=("missing-dependency",),
    )
    built = hits(facts, "native build")
    notes = built or hits(facts, "native gem")
    if notes:
        name = next((name for name in by_subject(notes, _NAMES) if name), "")
        yield build(
            facts, "native-build-failure",
            f"Native code{f' of {name}' if name else ''} could not be compiled in the build (`{notes[0].text.strip()[:140]}`).",
            0.93 if built else 0.88, notes, severity="high", subject=name, count=len(notes),
            explains=("build-failed", "missing-dependency"),
            remedies=(Remedy("Use a version (or a -binary variant) that brings compiled files for this language "
                             "version, or pin the language version."),),
        )  # fmt: skip


def _loading(name: str, found: Blame) -> tuple[str, tuple[Remedy, ...]]:
    return f"A native library cannot be loaded (`{found.notes[0].text.strip()[:160]}`)", (
        Remedy(
            "Install it for this platform in the build: the apt buildpack for system libraries, no committed "
            "node_modules."
        ),
    )


RULE = Rule(
    slugs=("native-build-failure",),
    check=check,
    signs=SIGNS,
    catches=(
        """remote:        ERROR: Failed building wheel for psycopg2
2026-03-14T09:00:03.000000+00:00 app[build.1]: ERROR: Failed building wheel for psycopg2
""",
    ),
    ignores=(
        """2026-03-14T09:00:03.000000+00:00 app[web.1]: gyp info ok
""",
    ),
)
