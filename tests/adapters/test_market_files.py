"""Files as lines and documents: three packings, damage, and files that cannot be opened."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from holdfast.adapters import market_files
from holdfast.adapters.market_files import RecordedFile, UnreadableFile, read_document

TEXT = b"".join(b"%d some text of a line\n" % number for number in range(50_000))


def packed(kind: str, content: bytes = TEXT) -> bytes:
    """The content in one of the packings."""
    if kind == "gzip":
        return gzip.compress(content)
    return zstandard.compress(content) if kind == "zstd" else content


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the test writes its file; the name says nothing about the packing."""
    return tmp_path / "recording.dat"


@pytest.mark.parametrize("kind", ["plain", "gzip", "zstd"])
def test_lines_are_the_same_in_every_packing(file: Path, kind: str) -> None:
    """Told by the content, not by the name."""
    file.write_bytes(packed(kind))
    assert list(RecordedFile(file)) == TEXT.splitlines(keepends=True)


@pytest.mark.parametrize("kind", ["plain", "gzip", "zstd"])
def test_document_is_the_same_in_every_packing(file: Path, kind: str) -> None:
    """exchangeInfo may be packed, too."""
    file.write_bytes(packed(kind))
    assert read_document(file) == TEXT


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_several_packed_parts_in_one_file_are_one_recording(file: Path, kind: str) -> None:
    """Recorders append a new part at every start."""
    file.write_bytes(packed(kind, b"a\n") + packed(kind, b"b\n"))
    assert list(RecordedFile(file)) == [b"a\n", b"b\n"]


def test_last_line_without_its_end_is_a_line(file: Path) -> None:
    """Nothing is lost."""
    file.write_bytes(b"a\nb")
    assert list(RecordedFile(file)) == [b"a\n", b"b"]


def test_empty_file_has_no_lines(file: Path) -> None:
    """Whoever reads it says what is missing."""
    file.touch()
    assert list(RecordedFile(file)) == []


def test_fraction_goes_from_nothing_to_everything(file: Path) -> None:
    """For a progress bar."""
    file.write_bytes(packed("gzip"))
    recorded = RecordedFile(file)
    assert recorded.fraction() == 0
    lines = iter(recorded)
    next(lines)
    assert 0 < recorded.fraction() <= 1
    list(lines)
    assert recorded.fraction() == 1


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_cut_file_gives_its_lines_and_then_an_error(file: Path, kind: str) -> None:
    """A recording whose end is missing is not silently shorter."""
    whole = packed(kind)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFile, match=r"recording\.dat"):
        list(RecordedFile(file))


def test_damaged_file_is_refused(file: Path) -> None:
    """A flipped byte is found by the packing's checksum."""
    damaged = bytearray(packed("gzip"))
    damaged[len(damaged) // 2] ^= 0xFF
    file.write_bytes(bytes(damaged))
    with pytest.raises(UnreadableFile, match="cannot be read on"):
        list(RecordedFile(file))


def test_missing_file_is_named(tmp_path: Path) -> None:
    """With the reason of the system."""
    with pytest.raises(UnreadableFile, match=r"nowhere\.gz: No such file"):
        RecordedFile(tmp_path / "nowhere.gz")


def test_folder_is_no_file(tmp_path: Path) -> None:
    """The reason is told, not a stack."""
    with pytest.raises(UnreadableFile, match="directory"):
        RecordedFile(tmp_path)


def test_endless_line_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of zeros must not fill the memory."""
    monkeypatch.setattr(market_files, "LONGEST_LINE", 1000)
    file.write_bytes(b"0" * 400_000)
    with pytest.raises(UnreadableFile, match="more than 1000 bytes"):
        list(RecordedFile(file))


def test_endless_document_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor may a small packed file become a huge one."""
    monkeypatch.setattr(market_files, "LARGEST_DOCUMENT", 100_000)
    file.write_bytes(packed("zstd", b"0" * 10_000_000))
    with pytest.raises(UnreadableFile, match="more than 100000 bytes"):
        read_document(file)


def test_file_is_closed_after_its_last_line(file: Path) -> None:
    """And closing again is no error."""
    file.write_bytes(packed("zstd"))
    recorded = RecordedFile(file)
    list(recorded)
    recorded.close()
    assert recorded.fraction() == 1
