"""Archives of every kind and condition, as people send them."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile

import pytest
import zstandard

from incidents.ingest.unpack import Limits, NotOpened, Refused, members
from incidents.ingest.unpack.limits import MIB
from tests.incidents.builders import log, zipped

TEXT = log(4000)


def unpack(
    data: bytes, name: str = "app.log", limits: Limits | None = None
) -> tuple[list[tuple[str, bytes]], list[str]]:
    notes: list[str] = []
    found = []
    for member in members(io.BytesIO(data), name=name, limits=limits or Limits(), notes=notes):
        try:
            found.append((member.label, b"".join(member.blocks)))
        except NotOpened as problem:
            notes.append(f"{member.label}: {problem}")
    return found, notes


def packed(kind: str, text: bytes = TEXT) -> bytes:
    if kind == "gz":
        return gzip.compress(text, mtime=0)
    if kind == "zst":
        return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(text)
    if kind == "zip":
        return zipped([("app.log", text)])
    return text


@pytest.mark.parametrize("kind", ["plain", "gz", "zst", "zip"])
def test_whole_archives_give_every_byte(kind: str) -> None:
    found, notes = unpack(packed(kind))
    assert [text for _, text in found] == [TEXT]
    assert notes == []


@pytest.mark.parametrize("kind", ["gz", "zst", "zip"])
def test_a_cut_archive_gives_all_whole_lines_before_the_cut_and_says_so(kind: str) -> None:
    data = packed(kind)
    chance = random.Random(7)
    recovered = 0
    for _ in range(60):
        cut = chance.randrange(len(data) // 4, len(data) - 1)
        found, notes = unpack(data[:cut])
        text = found[0][1] if found else b""
        recovered += len(text)
        assert TEXT.startswith(text)
        assert text.endswith(b"\n") or not text
        assert any("cut" in note for note in notes)
    assert recovered > 60 * len(TEXT) * 0.4  # not merely nothing at all


@pytest.mark.parametrize("size", [0, 1, 2, 5, 9, 17])
@pytest.mark.parametrize("kind", ["gz", "zst", "zip"])
def test_a_few_bytes_of_an_archive_are_no_crash(kind: str, size: int) -> None:
    found, _ = unpack(packed(kind)[:size])
    assert b"".join(text for _, text in found) in (b"", packed(kind)[:size])


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_several_members_are_one_log(kind: str) -> None:
    pieces = [packed(kind, TEXT[:5000]), packed(kind, TEXT[5000:9000]), packed(kind, TEXT[9000:])]
    assert unpack(b"".join(pieces)) == ([("app.log", TEXT)], [])


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("garbage", [b"x", b"garbage after the end", b"\x28\xb5", b"z" * 100_000])
def test_garbage_after_the_end_is_left_out_and_told(kind: str, garbage: bytes) -> None:
    found, notes = unpack(packed(kind) + garbage)
    assert found == [("app.log", TEXT)]
    assert len(notes) == 1
    assert "after the end" in notes[0]


def test_padding_with_zeros_means_nothing() -> None:
    assert unpack(packed("gz") + b"\0" * 700) == ([("app.log", TEXT)], [])


def test_damage_keeps_what_stands_before_it() -> None:
    data = bytearray(packed("gz"))
    data[-5] ^= 0xFF  # the checksum
    found, notes = unpack(bytes(data))
    assert TEXT.startswith(found[0][1])
    assert len(found[0][1]) > len(TEXT) - 1000
    assert "damaged" in notes[0]


def test_a_gzip_in_a_gzip_is_opened_and_no_deeper() -> None:
    assert unpack(gzip.compress(gzip.compress(TEXT)))[0] == [("app.log", TEXT)]
    found, notes = unpack(gzip.compress(gzip.compress(gzip.compress(TEXT))))
    assert found == []
    assert "not opened" in notes[0]


def test_a_zip_of_packed_logs_is_opened_one_level() -> None:
    inner_zip = zipped([("deep.log", TEXT)])
    data = zipped(
        [("a.log.gz", gzip.compress(TEXT)), ("b.log.zst", packed("zst")), ("c.zip", inner_zip), ("d.log", b"x\n")]
    )
    found, notes = unpack(data, "logs.zip")
    assert found == [("logs.zip: a.log.gz", TEXT), ("logs.zip: b.log.zst", TEXT), ("logs.zip: d.log", b"x\n")]
    assert notes == ["logs.zip: c.zip: A zip inside another archive is not opened. Send the inner archive itself."]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_bombs_stop_at_the_ratio(kind: str) -> None:
    bomb = packed(kind, b"a" * (150 * MIB))
    with pytest.raises(Refused, match="200 times"):
        unpack(bomb)


def test_a_zip_bomb_stops_at_the_ratio() -> None:
    with pytest.raises(Refused, match="200 times"):
        unpack(zipped([(f"{number}.log", b"a" * (40 * MIB)) for number in range(3)]))


def test_text_stops_at_the_cap() -> None:
    with pytest.raises(Refused, match="more than 1 MiB"):
        unpack(packed("gz", random.Random(1).randbytes(3 * MIB)), limits=Limits(text_bytes=MIB))
    with pytest.raises(Refused, match="more than 1 MiB"):
        unpack(b"plain\n" * MIB, limits=Limits(text_bytes=MIB))


def test_a_zst_that_claims_a_huge_window_is_not_opened() -> None:
    settings = zstandard.ZstdCompressionParameters.from_level(1, window_log=27)
    bomb = zstandard.ZstdCompressor(compression_params=settings).compressobj().compress(b"a" * 1000)
    frame = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    bomb = frame.compress(b"a" * 1000) + frame.flush()
    found, notes = unpack(bomb)
    assert found == []
    assert "window" in notes[0]


def overlapping_zip() -> bytes:
    """Two entries of the directory that name the same bytes."""
    data = bytearray(zipped([("a.log", TEXT), ("b.log", TEXT)]))
    directory = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", directory + 4)
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


def test_overlapping_entries_are_refused() -> None:
    with pytest.raises(Refused, match="same bytes"):
        unpack(overlapping_zip())


def test_too_many_members_are_refused_before_the_directory_is_read() -> None:
    with pytest.raises(Refused, match="more than 1,000 files"):
        unpack(zipped([(f"{number}.log", b"x") for number in range(1001)]))


def test_an_encrypted_member_is_named() -> None:
    data = bytearray(zipped([("secret.log", TEXT), ("plain.log", b"y\n")], zipfile.ZIP_STORED))
    data[6] |= 1
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    found, notes = unpack(bytes(data), "logs.zip")
    assert found == [("logs.zip: plain.log", b"y\n")]
    assert notes == ["secret.log was left out: it is encrypted."]


def test_a_member_packed_by_another_method_is_named() -> None:
    found, notes = unpack(zipped([("a.log", TEXT)], zipfile.ZIP_LZMA))
    assert found == []
    assert "method 14" in notes[0]


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\Windows\\x.log",
        "\\\\server\\share\\x",
        "a/../../b",
        "a\nb",
        "\x1b[31mred",
    ],
)
def test_names_are_labels_without_control_characters(name: str) -> None:
    found, _ = unpack(zipped([(name, b"x\n")]), "logs.zip")
    label = found[0][0]
    assert label.startswith("logs.zip: ")
    assert not any(ord(character) < 32 for character in label)


def test_links_and_what_systems_add_are_passed_over() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.log")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("__MACOSX/._app.log", b"\0\1")
        archive.writestr("folder/", b"")
        archive.writestr("app.log", b"x\n")
    found, notes = unpack(buffer.getvalue(), "logs.zip")
    assert found == [("logs.zip: app.log", b"x\n")]
    assert notes == ["link.log was left out: it is a link or a device, not a file."]


def test_equal_names_stay_two_logs() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([("app.log", b"a\n"), ("app.log", b"b\n")])
    assert [text for _, text in unpack(data)[0]] == [b"a\n", b"b\n"]


@pytest.mark.parametrize(
    ("head", "name"),
    [(b"BZh91AY&SY", "bzip2"), (b"\xfd7zXZ\0\0", "xz"), (b"7z\xbc\xaf'\x1c", "7-Zip"), (b"Rar!\x1a\x07\0", "RAR")],
)
def test_other_archives_are_named(head: bytes, name: str) -> None:
    with pytest.raises(NotOpened, match=name):
        unpack(head + b"\0" * 600)


def test_the_text_of_a_utf16_log_is_cut_between_characters() -> None:
    text = "ä line\n".encode("utf-16-le") * 5000
    data = gzip.compress(text)
    found, _ = unpack(data[: len(data) // 2])
    assert len(found[0][1]) % 2 == 0
    assert text.startswith(found[0][1])
