"""`holdfast status` and `holdfast explain`."""

import json

import pytest

from holdfast.cli import show
from holdfast.cli.show import story
from tests.api.fake import STORY
from tests.cli.conftest import Command, Running


def test_status_shows_venue_state_cover_and_alarms(holdfast: Command, engine: Running) -> None:
    """What an operator looks for first."""
    outcome = holdfast("status", *engine.options)
    assert outcome.code == 0
    for text in ("PAPER", "reducing", "commanded active", "user stream is down", "covered", "27800", "STOP_LOST"):
        assert text in outcome.out


def test_status_json_has_four_parts(holdfast: Command, engine: Running) -> None:
    """For programs, with exact numbers."""
    value = json.loads(holdfast("status", "--json", *engine.options).out)
    assert set(value) == {"state", "positions", "trades", "alarms"}
    assert value["positions"][0]["amount"] == "0.010"


def test_watch_goes_on_when_the_engine_goes_away(
    holdfast: Command, engine: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart is what one watches for; Ctrl-C ends it."""
    looks: list[object] = []

    def look(client: object) -> show.Look:
        looks.append(client)
        if len(looks) == 2:
            raise show.Failure("no engine answers")
        if len(looks) == 4:
            raise KeyboardInterrupt
        return real(client)

    real = show.look
    monkeypatch.setattr(show, "look", look)
    monkeypatch.setattr(show.time, "sleep", lambda _: None)
    assert holdfast("status", "--watch", *engine.options).code == 130
    assert len(looks) == 4


def test_explain_tells_the_story(holdfast: Command, engine: Running) -> None:
    """Each step with time, record and evidence."""
    outcome = holdfast("explain", "T", *engine.options)
    assert outcome.code == 0
    assert "+42 ms  #12      stream   bought 0.01 at 28155.1" in outcome.out
    assert json.loads(holdfast("explain", "T", "--json", *engine.options).out)["seq"] == 12


def test_an_unknown_id(holdfast: Command, engine: Running) -> None:
    """Exit code 1, and the id."""
    outcome = holdfast("explain", "nope", *engine.options)
    assert outcome.code == 1
    assert "nope" in outcome.err


@pytest.mark.parametrize("width", [40, 60, 200])
def test_long_sentences_wrap_under_themselves(width: int) -> None:
    """On any screen."""
    long = STORY.lines[0].__class__(**{**_fields(STORY.lines[0]), "text": "word " * 60})
    lines = story(STORY.__class__(**{**_fields(STORY), "lines": (long,)}), width)
    assert all(len(line) <= max(width, 60) for line in lines if "word" in line)


def _fields(value: object) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__struct_fields__}  # type: ignore[attr-defined]
