"""Opens recorded files: plain, gzip or zstd, told by their first bytes.

A recording comes as lines and is never held; a document comes whole. What they mean is the paper
exchange's matter.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import zstandard

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
LONGEST_LINE = 4_000_000
"""Bytes of one line. A depth snapshot of 1,000 levels a side has about 50,000."""

LARGEST_DOCUMENT = 64_000_000
"""Bytes of a whole document after unpacking. exchangeInfo has about 1,000,000."""

_CHUNK = 262_144
_ZSTD_CHUNK = 16_384
"""Packed bytes unpacked at once: small, because a packed run of zeros unpacks to thousands of times its size."""


class UnreadableFile(ValueError):
    """A file cannot be opened, or is damaged. The text names the file and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class _ZstdParts:
    """Unpacks zstd parts one after the other. The library's own reader ends silently where a cut file ends."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._part: Any = None

    def read(self, _: int) -> bytes:
        """The next unpacked piece, of any size; nothing at the end. Raises `EOFError` inside an unfinished part."""
        while piece := self._packed.read(_ZSTD_CHUNK):
            unpacked = self._unpack(piece)
            if unpacked:
                return unpacked
        if self._part is not None:
            raise EOFError("the file ends inside a packed part")
        return b""

    def _unpack(self, piece: bytes) -> bytes:
        pieces: list[bytes] = []
        while piece:
            if self._part is None:
                self._part = zstandard.ZstdDecompressor().decompressobj()
            pieces.append(self._part.decompress(piece))
            piece = b""
            if self._part.eof:
                piece = self._part.unused_data
                self._part = None
        return b"".join(pieces)

    def close(self) -> None:
        """Forget an unfinished part."""
        self._part = None


class RecordedFile:
    """One open file. Iterating gives its lines, with their line ends; `fraction` says how far it was read.

    Raises `UnreadableFile` when the file cannot be opened, is cut off or damaged, or has an endless line.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and look at its first bytes."""
        self.path = path
        try:
            self._raw: IO[bytes] = path.open("rb")
            self._size = max(1, path.stat().st_size)
            magic = self._raw.read(4)
            self._raw.seek(0)
        except OSError as error:
            raise UnreadableFile(path, error.strerror or str(error)) from None
        self._unpacked = self._unpacker(magic)

    def _unpacker(self, magic: bytes) -> Any:
        if magic.startswith(GZIP_MAGIC):
            return gzip.GzipFile(fileobj=self._raw)
        if magic == ZSTD_MAGIC:
            return _ZstdParts(self._raw)
        return self._raw

    def fraction(self) -> float:
        """How much of the file was read, 0 to 1 (of its packed bytes)."""
        return 1.0 if self._raw.closed else min(1.0, self._raw.tell() / self._size)

    def __iter__(self) -> Iterator[bytes]:
        """The lines, read in pieces. The file is closed after the last one, or with the iterator."""
        rest = b""
        with self:
            while chunk := self._read():
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                if len(rest) > LONGEST_LINE:
                    raise UnreadableFile(self.path, f"a line has more than {LONGEST_LINE} bytes")
                for line in lines:
                    yield line + b"\n"
            if rest:
                yield rest

    def document(self) -> bytes:
        """The whole content, unpacked. Raises `UnreadableFile` above `LARGEST_DOCUMENT` bytes."""
        pieces: list[bytes] = []
        total = 0
        while chunk := self._read():
            total += len(chunk)
            if total > LARGEST_DOCUMENT:
                raise UnreadableFile(self.path, f"the document has more than {LARGEST_DOCUMENT} bytes")
            pieces.append(chunk)
        self.close()
        return b"".join(pieces)

    def _read(self) -> bytes:
        try:
            piece: bytes = self._unpacked.read(_CHUNK)
        except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
            raise UnreadableFile(self.path, f"cannot be read on: {error}") from None
        return piece

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._unpacked.close()
        self._raw.close()

    def __enter__(self) -> RecordedFile:
        """The file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()


def read_document(path: Path) -> bytes:
    """The whole content of a plain, .gz or .zst file. Raises `UnreadableFile`."""
    with RecordedFile(path) as recorded:
        return recorded.document()
