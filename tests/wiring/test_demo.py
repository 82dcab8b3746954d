"""The demo: a whole run in this process, its report, its records, and what it refuses."""

import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from holdfast.model.intent import IntentError
from holdfast.paper.sources.source import MarketFileError
from holdfast.service.demo_report import DemoOptions, DemoProgress, DemoReport
from holdfast.verify import main_verify
from holdfast.wiring.demo import run_demo

MINUTES = 20


class Watcher:
    """A view that keeps every moment it was shown."""

    def __init__(self) -> None:
        self.moments: list[DemoProgress] = []

    def due(self) -> bool:
        """Always."""
        return True

    def update(self, progress: DemoProgress) -> None:
        """Keep it."""
        self.moments.append(progress)


def demo(view: Watcher | None = None, **options: Any) -> DemoReport:
    """A run of a synthetic market as fast as it goes, unless said otherwise."""
    return run_demo(DemoOptions(**{"market": "synthetic:1", "minutes": MINUTES, **options}), view or Watcher())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoReport, Watcher, Path]:
    """One run that several tests look at: its report, what was shown, and where its records are."""
    folder, view = tmp_path_factory.mktemp("demo") / "kept", Watcher()
    return demo(view, folder=folder), view, folder


def test_it_trades_and_ends_flat(run: tuple[DemoReport, Watcher, Path]) -> None:
    """At least 20 trades, none left open, and nothing that the checker objects to."""
    report = run[0]
    assert report.trades >= 20
    assert (report.open_at_end, report.violations, report.broken) == (0, 0, ())
    assert report.wins + report.losses <= report.trades
    assert report.simulated_seconds >= MINUTES * 60


def test_its_sums_agree(run: tuple[DemoReport, Watcher, Path]) -> None:
    """net = gross - fees + funding, to the last digit; every accepted intent has one result."""
    report = run[0]
    assert report.net == report.gross - report.fees + report.funding
    assert sum(count for status, count in report.results.items() if status != "denied") == report.accepted
    assert sum(report.denials.values()) == report.denied
    assert sum(report.exits.values()) == report.trades


def test_faults_happen_and_are_resolved(run: tuple[DemoReport, Watcher, Path]) -> None:
    """Answers that say nothing and answers that never come: every unknown outcome is resolved, cover stays bounded."""
    report = run[0]
    assert report.unknown_opened > 0
    assert report.unknown_resolved == report.unknown_opened
    assert report.naked_ms_max is not None
    assert report.naked_ms_max <= 1_000


def test_its_records_can_be_checked_again(run: tuple[DemoReport, Watcher, Path]) -> None:
    """Journal and venue log stay in the folder that was named."""
    report, _, folder = run
    assert Path(report.journal).parent == Path(report.venue_log).parent == folder
    again = main_verify(folder / "journal.sqlite", folder / "venue.jsonl", complete=True)
    assert again.violations == []


def test_the_screen_is_told_how_far_it_is(run: tuple[DemoReport, Watcher, Path]) -> None:
    """The share grows to 1, the counters never fall, live trades stand before closed ones."""
    moments = run[1].moments
    shares = [moment.fraction for moment in moments]
    assert shares == sorted(shares)
    assert shares[0] < 0.05 < 0.95 < shares[-1] <= 1
    assert moments[-1].accepted >= moments[0].accepted
    for moment in moments:
        closed = [row.phase == "closed" for row in moment.trades]
        assert closed == sorted(closed)


def test_one_seed_is_one_run() -> None:
    """Twice the same numbers; another seed gives others."""
    timeless = {"seconds": 0.0, "rss_mb": 0.0}
    first, again, other = (
        msgspec.structs.replace(demo(minutes=5, seed=seed), **timeless)  # type: ignore[arg-type]
        for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_without_a_folder_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records went to a temporary folder that is gone, and are not named."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    report = demo(minutes=1)
    assert (report.journal, report.venue_log) == ("", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.serial
def test_other_time_runs_on_a_clock(tmp_path: Path) -> None:
    """At ten times real speed: the durable journal in its thread, the same promises."""
    report = demo(minutes=1, speed="10", folder=tmp_path / "kept")
    assert (report.broken, report.open_at_end) == ((), 0)
    assert 6.0 <= report.seconds < 60


INTENTS = (
    {"id": "a", "source": "file", "symbol": "BTCUSDT", "action": "open", "side": "long",
     "size": {"notional": "1000"}, "stop_loss": {"pct": "1"}},
    {"id": "b", "source": "file", "symbol": "ETHUSDT", "action": "open", "side": "short", "size": {"notional": "1000"}},
)  # fmt: skip


def test_intents_of_a_file_replace_the_stream(tmp_path: Path) -> None:
    """Two intents, two verdicts; empty lines are none."""
    file = tmp_path / "intents.jsonl"
    file.write_text("\n\n".join(map(json.dumps, INTENTS)) + "\n")
    report = demo(minutes=2, intents=file)
    assert (report.intents, report.accepted, report.denied) == (2, 1, 1)
    assert report.denials == {"NO_STOP": 1}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", "line 2: body"),
        (b'{"id": "c", "surprise": 1}', "line 2: surprise"),
        (json.dumps({**INTENTS[0], "size": {"notional": "NaN"}}).encode(), "line 2: size.notional"),
        (b"\xff\xfe", "line 2: body"),
    ],
)
def test_a_broken_line_of_intents_is_named(tmp_path: Path, line: bytes, told: str) -> None:
    """Before anything runs, with line, field and what would pass."""
    file = tmp_path / "intents.jsonl"
    file.write_bytes(json.dumps(INTENTS[0]).encode() + b"\n" + line + b"\n")
    with pytest.raises(IntentError) as raised:
        demo(intents=file)
    assert str(raised.value).startswith(told)
    assert "would pass" in str(raised.value)


@pytest.mark.parametrize("market", ["synthetic:", "synthetic:1:NOPEUSDT", "absent.gz", "synthetic:1:BTCUSDT=0"])
def test_a_market_that_is_none_is_refused(market: str, tmp_path: Path) -> None:
    """By its name; no record is begun."""
    with pytest.raises(MarketFileError):
        demo(market=market, folder=tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.fixture(scope="module")
def recording(shared_dir: Path) -> list[bytes]:
    """The first two minutes of real frames of BTCUSDT."""
    with gzip.open(shared_dir / "data/ticks/hftbacktest/btcusdt_20230405.dat.gz") as file:
        return list(islice(file, 15_000))


def test_a_recorded_market_is_traded_in_its_own_time(recording: list[bytes], tmp_path: Path) -> None:
    """Real frames of 2023: the journal's times are those of the recording."""
    file, view = tmp_path / "btc.dat", Watcher()
    file.write_bytes(b"".join(recording))
    report = demo(view, market=str(file))
    assert report.frames > 10_000
    assert report.trades > 0
    assert (report.violations, report.open_at_end) == (0, 0)
    assert 1_680_652_800_000 <= view.moments[0].clock_ms < 1_680_653_300_000


def test_a_recording_that_breaks_in_the_middle_is_told(recording: list[bytes], tmp_path: Path) -> None:
    """The engine is stopped in order, and the run ends with line and rule."""
    file = tmp_path / "btc.dat"
    file.write_bytes(b"".join(recording[:3_000]) + b"1680652830000000 {broken\n" + b"".join(recording[3_000:4_000]))
    with pytest.raises(MarketFileError, match="line 3001"):
        demo(market=str(file), folder=tmp_path / "kept")
    assert main_verify(tmp_path / "kept/journal.sqlite", tmp_path / "kept/venue.jsonl").violations == []
