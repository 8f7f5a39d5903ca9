"""``manage.py analyze`` as people and scripts call it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.incidents.builders import incident, log, upload, work, zipped

ROOT = Path(__file__).resolve().parents[2]


def analyze(*words: str, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The command without a database, a broker, or any setting."""
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"} | variables
    command = [sys.executable, "manage.py", "analyze", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, input=stdin, capture_output=True, timeout=120)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "app.log"
    path.write_bytes(log(60))
    return str(path)


def test_a_file_gives_one_document(file: str) -> None:
    done = analyze(file)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "triage/analysis@1"
    assert document["sources"][0]["lines"] == 60
    assert document["codes"]["H12"]["count"] == 6


def test_several_files_are_one_incident(file: str, tmp_path: Path) -> None:
    (tmp_path / "more.log.gz").write_bytes(gzip.compress(log(90)))
    document = json.loads(analyze(file, str(tmp_path / "more.log.gz")).stdout)
    assert [source["lines"] for source in document["sources"]] == [60, 90]


@pytest.mark.django_db
def test_the_pages_show_the_same_document(file: str) -> None:
    into = incident()
    upload(into, log(60), "app.log")
    work()
    shown = {key: value for key, value in into.analysis.items() if key not in ("charts", "facets")}
    assert shown == json.loads(analyze(file).stdout)


def test_each_gives_one_document_per_file_on_one_line(file: str, tmp_path: Path) -> None:
    odd = tmp_path / "odd.log"
    odd.write_text("2026-03-14T09:00:00.000001+00:00 app[web.1]: Error R14 \u2028 not a line end\n" * 3)
    done = analyze("--each", file, str(odd))
    lines = done.stdout.decode().splitlines()  # as a careless reader would split it
    assert [json.loads(line)["sources"][0]["name"] for line in lines] == ["app.log", "odd.log"]


def test_standard_input_is_read_plain_and_packed() -> None:
    for data in (log(60), gzip.compress(log(60)), zipped([("a.log", log(60))])):
        document = json.loads(analyze("-", stdin=data).stdout)
        assert document["sources"][0]["lines"] == 60


def test_text_and_markdown(file: str) -> None:
    text = analyze("--format", "text", file, PYTHONUTF8="1").stdout.decode()
    assert "/reports/{id}/export" in text
    assert "\x1b" not in text  # no colour unless in a terminal
    markdown = analyze("--format", "markdown", file, PYTHONUTF8="1").stdout.decode()
    assert markdown == json.loads(analyze(file).stdout)["ticket"]["markdown"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "No such file"), (b"\x7fELF" + bytes(range(256)) * 40, "Cannot read"), (b"BZh91AY&SY" * 100, "bzip2")],
)
def test_what_can_not_be_read_ends_with_status_2_and_one_sentence(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "x.log"
    if content is not None:
        path.write_bytes(content)
    done = analyze(str(path))
    assert done.returncode == 2
    assert done.stdout == b""
    (line,) = done.stderr.decode().strip().split("\n")
    assert sentence in line


def test_a_directory_is_no_log(tmp_path: Path) -> None:
    done = analyze(str(tmp_path))
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_one_bad_file_of_many_does_not_hide_the_others(file: str, tmp_path: Path) -> None:
    done = analyze("--each", file, str(tmp_path / "missing.log"), file)
    assert done.returncode == 2
    assert len(done.stdout.decode().strip().split("\n")) == 2


def test_an_empty_log_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    done = analyze(str(tmp_path / "empty.log"))
    assert done.returncode == 0
    assert json.loads(done.stdout)["sources"][0]["lines"] == 0


def test_a_cut_archive_is_read_and_the_cut_is_told(tmp_path: Path) -> None:
    data = gzip.compress(log(2000))
    (tmp_path / "cut.log.gz").write_bytes(data[: len(data) // 2])
    done = analyze(str(tmp_path / "cut.log.gz"))
    assert done.returncode == 0
    assert b"cut at byte" in done.stderr
    assert 0 < json.loads(done.stdout)["sources"][0]["lines"] < 2000


def test_a_reader_that_goes_away_is_no_error(file: str) -> None:
    command = f"{sys.executable} manage.py analyze {file} | head -c 10"
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, timeout=60
    )
    assert done.stdout == b'{"schema":'
    assert b"Traceback" not in done.stderr


def test_wrong_words_are_told() -> None:
    assert analyze().returncode == 2
    assert analyze("--format", "pdf", "x").returncode == 2
