"""``manage.py redact`` as a person or a script runs it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "manage.py", "redact"]
LINE = 'fwd="203.0.113.9" password=hunter22 by ana@example.com'


def run(*arguments: str, feed: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, input=feed, capture_output=True, timeout=120, check=False)


def test_standard_input_comes_back_masked_with_its_line_ends(tmp_path: Path) -> None:
    assert (
        run("-", feed=LINE.encode()).stdout == b'fwd="[REDACTED:ip]" password=[REDACTED:password] by [REDACTED:email]'
    )
    path = tmp_path / "app.log"
    path.write_bytes(b"one\r\n" + LINE.encode() + b"\r\n\n")
    masked = b'one\r\nfwd="203.0.113.9" password=[REDACTED:password] by ana@example.com\r\n\n'
    assert run("--no-personal", str(path)).stdout == masked


def test_json_lines_are_answered_one_for_one() -> None:
    feed = "".join(json.dumps({"text": text, "other": 1}) + "\n" for text in (LINE, "a\nb", "håndball \ud800", ""))
    done = run("--jsonl", feed=feed.encode())
    answers = [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]
    assert done.returncode == 0
    assert [answer["text"] for answer in answers][1:] == ["a\nb", "håndball \ud800", ""]
    assert answers[0] == {"text": 'fwd="[REDACTED:ip]" password=[REDACTED:password] by [REDACTED:email]'}


def test_json_lines_do_not_leak_state_into_each_other() -> None:
    begin = "-----BEGIN PRIVATE" + " KEY-----"
    feed = json.dumps({"text": begin}) + "\n" + json.dumps({"text": "Ab1cD2" * 10}) + "\n"
    assert json.loads(run("--jsonl", feed=feed.encode()).stdout.split(b"\n")[1])["text"] == "Ab1cD2" * 10


def test_counts_are_told_on_standard_error() -> None:
    done = run("--counts", feed=LINE.encode())
    assert done.stderr.decode().strip().startswith("redact: 3 masked: 1 ")
    assert "1 passwords" in done.stderr.decode()
    assert run("--counts", feed=b"nothing here").stderr.decode().strip() == "redact: nothing was masked"


def test_what_cannot_be_read_is_told_in_one_sentence(tmp_path: Path) -> None:
    cases = [
        (run(str(tmp_path / "missing.log")), "cannot be read: No such file"),
        (run(str(tmp_path)), "cannot be read: Is a directory"),
        (run("--jsonl", feed=b'{"text": "a"}\nnot json\n'), "Line 2 is not JSON"),
        (run("--jsonl", feed=b'{"words": "a"}\n'), "Line 1 is not an object with a text"),
        (run("--jsonl", feed=b"[1]\n"), "Line 1 is not an object with a text"),
        (run(feed=gzip.compress(b"password=hunter22")), "compressed; unpack it"),
    ]
    for done, says in cases:
        assert done.returncode == 2
        assert says in done.stderr.decode()
        assert done.stderr.decode().strip().count("\n") == 0
        assert b"hunter22" not in done.stdout


def test_utf16_is_read_and_masked() -> None:
    assert run(feed="password=hunter22 ok\n".encode("utf-16")).stdout.decode() == "password=[REDACTED:password] ok\n"


def test_a_tailed_log_is_masked_as_it_flows() -> None:
    with subprocess.Popen([*COMMAND, "-"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tail:
        assert tail.stdin
        assert tail.stdout
        tail.stdin.write(b"token=abcd1234\n")
        tail.stdin.flush()
        assert tail.stdout.readline() == b"token=[REDACTED:token]\n"
        assert tail.poll() is None
        tail.stdin.close()
        assert tail.wait(timeout=30) == 0


def test_memory_stays_bounded_on_a_long_input(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    with path.open("wb") as out:
        for _ in range(40):
            out.write(b"2026-03-14T09:00:00.000000+00:00 app[web.1]: nothing to see\n" * 20_000 + LINE.encode() + b"\n")
        out.write(b"x" * (20 << 20))
    with (tmp_path / "out").open("wb") as out, subprocess.Popen([*COMMAND, str(path)], cwd=ROOT, stdout=out) as child:
        peak_kib = 0
        while child.poll() is None:
            peak_kib = max(peak_kib, resident_kib(child.pid))
            time.sleep(0.02)
    assert child.returncode == 0
    assert peak_kib < 250 * 1024
    assert b"hunter22" not in (tmp_path / "out").read_bytes()


def resident_kib(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024
    except (OSError, IndexError):
        return 0
