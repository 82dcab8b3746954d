"""Processes as the venue saw them (RULES 15)."""

from __future__ import annotations

from holdfast.verify import Options, Window
from holdfast.verify.base import Scene
from holdfast.verify.journal_view import fold
from holdfast.verify.liveness import Liveness
from holdfast.verify.records import ConnectionLine
from holdfast.verify.run import Stage
from tests.verify.builders import ACCOUNT, Story, open_trade, renumbered, rows


def changes(story: Story, **options) -> list[tuple[int, bool, str]]:
    """Every change of life: milliseconds since the story began, live or not, and the class of an absence."""
    scene = Scene(fold(rows(story.events)), Options(**options))
    stage = Stage(scene)
    liveness = next(check for check in stage.checks if isinstance(check, Liveness))
    seen: list[tuple[int, bool, str]] = []
    start_us = story.lines[0].us

    def note(us: int, *, live: bool, absence: str) -> None:
        seen.append(((us - start_us) // 1000, live, absence if live else ""))

    liveness.listeners.append(note)
    stage.play(renumbered(story.lines))
    return seen


def test_a_process_lives_from_its_first_signed_read_until_its_connections_close():
    """And the next one from its own."""
    story = Story().begin()
    story.wait(1_000).die()
    story.wait(1_000).start_engine(conn=2)
    assert changes(story) == [(0, True, "dead"), (1_000, False, ""), (2_000, True, "dead")]


def test_lost_connections_without_a_new_start_are_the_network():
    """The same process comes back: it was out of reach, not dead."""
    story = Story().begin()
    story.wait(1_000).die()
    story.wait(1_000).request("order.status", conn=2)
    assert changes(story) == [(0, True, "dead"), (1_000, False, ""), (2_000, True, "unreachable")]


def early(story: Story, conn: int) -> None:
    """A process connects and asks for the symbol rules before it writes its start."""
    story.line(ConnectionLine, conn=conn, path="/private/ws", ev="open", account=ACCOUNT)
    story.read("GET /fapi/v1/leverageBracket")
    story.wait(300).start_engine(conn=conn + 1)


def test_a_process_that_connects_before_its_start_begins_with_it():
    """The absence before it was a death, and its early connection still tells of its own end."""
    story = Story().begin()
    story.wait(1_000).die()
    early(story.wait(1_000), conn=2)
    story.wait(500).die(conn=3)
    story.wait(500).die(conn=2)
    assert changes(story) == [(0, True, "dead"), (1_000, False, ""), (2_300, True, "dead"), (3_300, False, "")]


def test_the_first_process_may_connect_before_its_start_too():
    """One process, not two."""
    story = Story()
    early(story, conn=2)
    assert changes(story) == [(300, True, "dead")]


def test_what_connects_long_before_a_start_is_the_process_before():
    """It was out of reach, came back, and was replaced ten seconds later."""
    story = Story().begin()
    story.wait(1_000).die()
    story.wait(1_000).request("order.status", conn=2)
    story.wait(10_000).start_engine(conn=3)
    lives = [(0, True, "dead"), (1_000, False, ""), (2_000, True, "unreachable"), (12_000, False, "")]
    assert changes(story) == [*lives, (12_000, True, "dead")]


def test_rules_16_the_kill_switch_makes_no_engine_live():
    """It signs reads with the same key, but has no connection; what the dead engine left is not the switch's fault."""
    story = Story().begin()
    story.wait(1_000).die()
    story.wait(1_000).read("GET /fapi/v3/positionRisk")
    assert changes(story) == [(0, True, "dead"), (1_000, False, "")]


def test_a_process_without_connections_ends_with_its_last_request():
    """Which shows when the next one starts."""
    story = Story().begin()
    story.lines = [line for line in story.lines if type(line).__name__ != "ConnectionLine"]
    story.wait(500).read("GET /fapi/v3/positionRisk")
    story.wait(5_000).start_engine(conn=2)
    assert changes(story) == [(0, True, "dead"), (500, False, ""), (5_500, True, "dead")]


def test_writes_make_no_process_live():
    """A new process has to look before it counts as live."""
    story = Story().begin()
    story.wait(1_000).die()
    story.wait(10).start_engine(conn=2)
    del story.lines[-2:]
    story.wait(100).request("order.place", conn=2)
    assert changes(story) == [(0, True, "dead"), (1_000, False, "")]


def test_windows_that_the_caller_knows_replace_the_guess():
    """A harness that killed the process itself knows best."""
    story = Story().begin()
    base_us = story.lines[0].us
    story.wait(9_000).read("GET /fapi/v3/positionRisk")
    windows = (Window(start_us=base_us + 2_000_000, end_us=base_us + 3_000_000), Window(start_us=base_us + 8_000_000))
    assert changes(story, live=windows) == [(2_000, True, "dead"), (3_000, False, ""), (8_000, True, "dead")]


def test_what_the_network_kept_from_the_engine_is_no_time_of_its_life():
    """Its class is another than that of a dead one, and it is no new process."""
    story = Story().begin()
    base_us = story.lines[0].us

    def window(start_s: int, end_s: int | None) -> Window:
        return Window(start_us=base_us + start_s * 1_000_000, end_us=end_s and base_us + end_s * 1_000_000)

    story.wait(20_000).read("GET /fapi/v3/positionRisk")
    live = (window(2, 5), window(6, None))
    troubles = (window(9, 10), window(1, 3), window(4, 7), window(9, 11))
    assert changes(story, live=live, unreachable=troubles) == [
        (2_000, True, "dead"),
        (2_000, False, ""),
        (3_000, True, "unreachable"),
        (4_000, False, ""),
        (6_000, True, "dead"),
        (6_000, False, ""),
        (7_000, True, "unreachable"),
        (9_000, False, ""),
        (11_000, True, "unreachable"),
    ]


def test_processes_are_counted():
    """One per start that came to read."""
    story = Story().begin()
    story.wait(1_000).die()
    story.wait(1_000).start_engine(conn=2)
    assert story.verdict().counts["processes"] == 2


def test_a_deadline_that_passed_between_two_lines_is_judged_by_who_lived_then():
    """A stop's trigger stuck and the engine died; nothing happened until the next one came, seconds later."""
    story, stop = open_trade()
    start_us = story.lines[0].us
    story.algo(stop, "TRIGGERING")
    story.push("ALGO_UPDATE", stop.client_id)
    died_us = (story.ms + 10) * 1_000
    story.wait(6_000).start_engine(conn=2)
    story.close("2", "94")
    windows = (Window(start_us=start_us, end_us=died_us), Window(start_us=died_us + 5_990_000))
    assert "I3" not in story.verdict(live=windows).broken()
