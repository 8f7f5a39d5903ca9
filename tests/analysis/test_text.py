from __future__ import annotations

import gzip
import os
import random
import struct
import time
import tracemalloc
import zlib

import pytest

from incidents.analysis import NotALog, cut, inspect, text
from incidents.analysis.types import SourceSettings
from tests.analysis import forms

LINE = "2026-11-20T09:14:07.353034+00:00 app[web.1]: café ☕ ready\n"
ENCODINGS = {
    "utf-8": "utf-8", "utf-8-sig": "utf-8-sig", "utf-16": "utf-16-le", "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be",
    "utf-32": "utf-32-le", "utf-32-le": "utf-32-le", "utf-32-be": "utf-32-be",
}  # fmt: skip


def whole(stream, encoding="utf-8"):
    return b"".join(part.data for part in text.cut(stream, encoding))


@pytest.mark.parametrize(("encoding", "detected"), ENCODINGS.items())
def test_every_unicode_form_gives_the_same_text(encoding, detected):
    data = (LINE * 40).encode(encoding)

    assert text.detect_encoding(data) == detected
    assert whole([data], detected) == (LINE * 40).encode()


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_characters_torn_by_a_block_s_edge_are_put_together(encoding, block):
    data = (LINE * 3).encode(encoding)
    blocks = (data[start : start + block] for start in range(0, len(data), block))

    assert whole(blocks, ENCODINGS[encoding]) == (LINE * 3).encode()


def test_latin_text_is_read_as_windows_1252():
    data = "2026-11-20T09:14:07.353034+00:00 app[web.1]: café “costs” 5 €\n".encode("cp1252")

    assert text.detect_encoding(data) == "cp1252"
    assert whole([data], "cp1252").decode().endswith("café “costs” 5 €\n")
    assert whole([bytes(range(256))], "cp1252").decode()  # the five bytes that Windows leaves open are no error


def test_a_few_wrong_bytes_do_not_make_utf_8_latin():
    data = (LINE * 10).encode() + b"2026-11-20T09:14:07.353034+00:00 app[web.1]: \xff\xfe broken\n"

    assert text.detect_encoding(data) == "utf-8"
    (chunk,) = forms.chunks(data)
    assert chunk.repaired == {"undecodable": 1}
    assert forms.records(chunk)[-1][3] == "ÿþ broken"


def test_wrong_bytes_beside_right_ones_are_marked():
    assert text.decode_line(b"caf\xc3\xa9 \xff") == ("café \ufffd", False)
    assert text.decode_line("café".encode()) == ("café", True)
    assert text.decode_line(b"\xc0\x80 \xed\xa0\x80")[1] is False  # overlong, surrogate


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_only_newlines_end_lines(end):
    odd = "\r in the middle \x0b \x0c \x85 \u2028 \u2029 end"
    data = end.join([LINE.strip().encode(), f"2026-11-20T09:14:08.000000+00:00 app[web.1]: {odd}".encode(), b""])

    (chunk,) = forms.chunks(data)
    assert chunk.raw_lines == 2
    assert [record[3].split() for record in forms.records(chunk)] == [
        ["café", "☕", "ready"],
        ["in", "the", "middle", "end"],
    ]


def test_an_empty_source_has_no_chunk():
    assert list(cut([], SourceSettings())) == []
    assert list(cut([b""], SourceSettings())) == []
    assert forms.settings_of(b"") == forms.settings_of(b"")


@pytest.mark.parametrize("data", [b"\n", b"\n\n\n", b"x", b"\0", b" ", b"\r\n"])
def test_scraps_are_a_finished_source(data):
    (chunk,) = forms.chunks(data)

    assert chunk.raw_lines == max(1, data.count(b"\n"))
    assert len(chunk.rows) + sum(chunk.skipped.values()) == chunk.raw_lines


def test_chunks_are_whole_lines_that_number_on(monkeypatch):
    monkeypatch.setattr(text, "CHUNK_BYTES", 1000)
    lines = [
        f"2026-11-20T09:14:07.{number:06d}+00:00 app[web.1]: {'x' * (number % 90)}\n".encode() for number in range(200)
    ]
    parts = list(text.cut([b"".join(lines)], "utf-8"))

    assert b"".join(part.data for part in parts) == b"".join(lines)
    assert [part.number for part in parts] == list(range(len(parts)))
    assert all(
        part.data.endswith(b"\n") and len(part.data) <= 1000 and part.lines == part.data.count(b"\n") for part in parts
    )
    first = 1
    for part in parts:
        assert part.first_line == first
        assert part.data.startswith(lines[first - 1])
        first += part.lines


def test_a_chunk_does_not_begin_with_the_rest_of_a_record(monkeypatch):
    monkeypatch.setattr(text, "CHUNK_BYTES", 1000)
    record = b"2026-11-20T09:14:07.000001+00:00 app[web.1]: Traceback\n" + b'  File "x.py", line 1\n' * 12
    parts = list(text.cut([record * 9], "utf-8"))

    assert len(parts) > 2
    assert all(part.data.startswith(b"2026-") for part in parts)


def test_a_line_of_100_mb_is_cut_and_the_rest_counted():
    def blocks():
        yield LINE.encode()
        for _ in range(100):
            yield b"a" * 1_000_000
        yield b"\n" + LINE.encode()

    tracemalloc.start()
    started = time.monotonic()
    (part,) = text.cut(blocks(), "utf-8")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    first, cut_line, last = part.data.decode().splitlines()
    assert first == last == LINE.strip()
    assert cut_line.startswith("a" * text.MAX_LINE)
    assert cut_line.endswith(f"[{100_000_000 - text.MAX_LINE:,} bytes of this line left out]")
    assert peak < 20_000_000
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("block", [1000, 65_536, 65_537, 1_000_000])
@pytest.mark.parametrize("length", [65_535, 65_536, 65_537, 200_000])
def test_cutting_long_lines_depends_on_no_block(length, block):
    data = LINE.encode() + "é".encode() * (length // 2) + b"x" * (length % 2) + b"\n" + LINE.encode() + b"z" * length
    blocks = (data[start : start + block] for start in range(0, len(data), block))

    lines = whole(blocks).decode().split("\n")
    assert lines[0] == lines[2] == LINE.strip()
    for line in (lines[1], lines[3]):
        kept, _, note = line.partition(" … [")
        left_out = int(note.split()[0].replace(",", "")) if note else 0
        assert len(kept.encode()) + left_out == length
        assert (left_out == 0) == (length <= text.MAX_LINE)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


RANDOM = random.Random(7).randbytes(4000)
BINARIES = {
    "PNG": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0)) + RANDOM,
    "JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF" + RANDOM,
    "GIF": b"GIF89a" + RANDOM,
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "ELF": b"\x7fELF\x02\x01\x01" + bytes(9) + RANDOM,
    "SQLite": b"SQLite format 3\0" + bytes(80) + RANDOM,
    "gzip": gzip.compress(LINE.encode() * 99),
    "zip": b"PK\x03\x04\x14\x00" + RANDOM,
    "Java class": b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + RANDOM,
    "no magic": RANDOM,
    "NUL bytes": bytes(4000),
    "UTF-16 of a picture": b"\x00\x01" * 2000,
}


@pytest.mark.parametrize("name", BINARIES)
def test_binary_content_is_refused_with_a_sentence(name):
    with pytest.raises(NotALog) as refused:
        inspect(BINARIES[name], name="upload.log", received_at=forms.RECEIVED_AT)

    sentence = str(refused.value)
    assert sentence.startswith("This is ")
    assert sentence.endswith(".")
    assert "Send the log" in sentence


LOGS = {
    "colours": "".join(f"\x1b[1m\x1b[3{n % 8}m{LINE.strip()}\x1b[0m\n" for n in range(50)).encode(),
    "mojibake": (LINE * 50).replace("é", "├®").encode(),
    "NUL in every line": (LINE * 50).replace("ready", "\0" * 40).encode(),
    "bells and backspaces": (LINE * 50).replace("ready", "\x07\x08\x08\x0e").encode(),
    "Cyrillic": "2026-11-20T09:14:07.353034+00:00 app[web.1]: Бот работает\n".encode("koi8-r") * 50,
    "Shift JIS": "2026-11-20T09:14:07.353034+00:00 app[web.1]: 起動しました\n".encode("shift-jis") * 50,
    "a payload in a line": LINE.encode() * 5
    + b"2026-11-20T09:14:07.353034+00:00 app[web.1]: "
    + RANDOM.replace(b"\n", b"")
    + b"\n",
    "no header": b"\x1b[31mError: boom\x1b[0m\n\0\n" * 30,
    "prose": b"It crashed again, see above.\n",
}


@pytest.mark.parametrize("name", LOGS)
def test_real_logs_are_never_refused(name):
    assert forms.settings_of(LOGS[name]).format in ("heroku-cli", "plain")


@pytest.mark.parametrize("name", forms.FORMS)
def test_no_form_is_refused(name):
    assert forms.settings_of(forms.FORMS[name][2](forms.INCIDENT))


def test_random_text_with_a_log_line_is_read():
    assert forms.settings_of(os.urandom(2000).replace(b"\n", b" ") + b"\n" + LINE.encode() * 20)
