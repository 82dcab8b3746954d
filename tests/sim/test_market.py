"""Opening markets and exchangeInfo by name."""

from __future__ import annotations

import gzip
from itertools import islice
from pathlib import Path

import msgspec
import pytest
import zstandard

from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import Mark
from holdfast.paper.sources.source import MarketFileError
from holdfast.sim.market import open_exchange_info, open_market

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
START_US = 1_800_000_000_000_000
FRAME = (
    b'1700000000000000 {"stream":"x","data":{"e":"bookTicker","u":7,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"2",'
    b'"T":1700000000000,"E":1700000000000}}\n'
)


def test_synthetic_market_starts_now() -> None:
    """Its times are the caller's."""
    market = open_market("synthetic:1", default_exchange_info(), start_us=START_US, duration_us=1_000_000)
    times = [at for at, _ in market.source]
    assert (min(times), max(times), market.recorded) == (START_US, START_US + 1_000_000, False)


def test_synthetic_market_has_the_usual_symbols() -> None:
    """All five of the built-in exchange."""
    market = open_market("synthetic:1", default_exchange_info(), start_us=START_US, duration_us=0)
    assert {event.symbol for _, event in market.source} == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT"}


def test_recording_keeps_its_own_times(tmp_path: Path) -> None:
    """The caller moves them if it wants."""
    path = tmp_path / "r.gz"
    path.write_bytes(gzip.compress(FRAME * 3))
    market = open_market(str(path), default_exchange_info(), start_us=START_US)
    assert [at for at, _ in market.source] == [1_700_000_000_000_000] * 4
    assert (market.recorded, market.fraction()) == (True, 1.0)


@pytest.mark.parametrize("content", [b"", b"nonsense\n", gzip.compress(b"", mtime=0)[:5]])
def test_file_that_is_none_is_refused_before_the_start(tmp_path: Path, content: bytes) -> None:
    """The error comes from opening, not from playing."""
    path = tmp_path / "bad.dat"
    path.write_bytes(content)
    with pytest.raises(MarketFileError):
        open_market(str(path), default_exchange_info(), start_us=START_US)


def test_missing_file_says_what_a_market_is(tmp_path: Path) -> None:
    """A typo in `synthetic:` ends here, too."""
    with pytest.raises(MarketFileError, match="a market is synthetic:SEED or a readable file"):
        open_market(str(tmp_path / "nowhere"), default_exchange_info(), start_us=START_US)


def test_damage_further_on_is_a_market_file_error(tmp_path: Path) -> None:
    """What was whole is played first."""
    path = tmp_path / "cut.gz"
    whole = gzip.compress(b"".join(FRAME.replace(b'"u":7', b'"u":%d' % n) for n in range(20_000)))
    path.write_bytes(whole[:-100])
    market = open_market(str(path), default_exchange_info(), start_us=START_US)
    with pytest.raises(MarketFileError, match="a market file is whole"):
        list(market.source)


def test_exchange_info_defaults_to_the_built_in_one() -> None:
    """Nothing else is needed to start."""
    assert open_exchange_info(None) == default_exchange_info()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_exchange_info_may_be_packed(tmp_path: Path, pack: type[bytes]) -> None:
    """Plain, gzip and zstd."""
    path = tmp_path / "info.json"
    path.write_bytes(pack(msgspec.json.encode(default_exchange_info())))
    assert open_exchange_info(str(path)) == default_exchange_info()


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"{", "exchangeInfo is JSON"), (b"[]", "a list `symbols`"), (b'{"symbols":5}', "a list `symbols`")],
)
def test_broken_exchange_info_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    """With the rule it breaks."""
    path = tmp_path / "info.json"
    path.write_bytes(content)
    with pytest.raises(MarketFileError, match=rule):
        open_exchange_info(str(path))


def test_missing_exchange_info_is_refused(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(MarketFileError, match=r"nowhere\.json"):
        open_exchange_info(str(tmp_path / "nowhere.json"))


def test_real_klines_play_on_real_symbols() -> None:
    """A recorded file against the production exchangeInfo."""
    info, klines = SHARED / "exchange_info/mainnet_2025-10-30.json.zst", SHARED / "klines/XRPUSDT_1m_2025-05_06.csv.zst"
    if not info.exists() or not klines.exists():
        pytest.skip("recorded exchangeInfo and klines are not here")
    market = open_market(str(klines), open_exchange_info(str(info)), start_us=START_US)
    events = [event for _, event in islice(market.source, 1000)]
    assert {event.symbol for event in events} == {"XRPUSDT"}
    assert any(isinstance(event, Mark) for event in events)
    assert 0 < market.fraction() < 1
    market.close()
