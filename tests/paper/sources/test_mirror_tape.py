"""What the mirror writes down can be played again line by line."""

from holdfast.paper.market.market import DepthDiff, DepthSnapshot
from holdfast.paper.sources.mirror_book import MOST_WAITING
from holdfast.paper.sources.mirror_tape import Tape


def diff(u: int) -> DepthDiff:
    """A depth event."""
    return DepthDiff(symbol="BTCUSDT", U=u, u=u, pu=u - 1, bids=[], asks=[], T=0, E=0)


BOOK = DepthSnapshot(symbol="BTCUSDT", u=10, bids=[], asks=[], T=0, E=0)


def test_what_waited_comes_after_the_snapshot():
    """And only what the snapshot does not hold, each once, although two connections told it."""
    lines: list[bytes] = []
    tape = Tape(lines.append)
    for number, line in ((9, b"old"), (11, b"first"), (11, b"first again"), (12, b"second")):
        tape.hold(diff(number), line)
    tape.begin("BTCUSDT", b"book", [BOOK, diff(11), diff(12)])
    tape.told(b"later")
    assert lines == [b"book\n", b"first\n", b"second\n", b"later\n"]


def test_what_waits_is_bounded():
    """A snapshot may stay away for hours."""
    tape = Tape(lambda _line: None)
    for number in range(MOST_WAITING + 1):
        tape.hold(diff(number), b"line")
    assert len(tape._held["BTCUSDT"]) == MOST_WAITING


def test_without_a_recording_nothing_is_held():
    """A mirror may wait for a snapshot for hours."""
    tape = Tape(None)
    tape.hold(diff(11), b"first")
    tape.told(b"line")
    assert tape._held == {}
