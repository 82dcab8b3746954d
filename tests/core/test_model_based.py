"""The engine beside a naive model of RULES, driven by hypothesis; and proof that the model can object."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase
from msgspec.structs import replace

from holdfast.core import engine, evidence, evolve_money, exits, flatten, intake, protection, sending, states, unknowns
from holdfast.core.context import Context
from holdfast.model import inputs as inp
from holdfast.model.ids import Role
from holdfast.model.orders import Side
from tests.core.model_based import EngineAndModel, run

Broken = Callable[[pytest.MonkeyPatch], None]


def test_the_engine_keeps_every_promise_of_the_naive_model():
    """Random rules from a fixed seed; `python -m tests.core.model_based --examples N` runs as many as one likes."""
    run(40, derandomize=True, phases=[Phase.generate])


def test_rules_7_a_close_that_met_the_fill_of_a_hidden_entry_is_no_trades_money():
    """A long shown never placed fills unheard under a short; what the short's close sells was not the short's."""
    state = EngineAndModel()
    state.begin(strange=False, policy="ignore", one_close=True, fact="unproved")
    state.surroundings(what="silent", ms=600)
    state.ghost(symbol="BTCUSDT", ms=20_000)
    state.open(symbol="BTCUSDT", side="short", limit=True, aims=0, leverage=None, ttl_ms=40_000)
    state.execute(index=0, share="0.5", lite=True)
    state.close(symbol="BTCUSDT", action="close")
    state.wait(ms=700)
    state.wait(ms=12_000)
    state.teardown()
    unowned = [fill for key, fill in state.bench.model.fills.items() if state.bench.model.owners[key] == ""]
    assert [fill.side for fill in unowned] == [Side.SELL]


def fees_twice(patch: pytest.MonkeyPatch) -> None:
    """Money is added twice."""
    real = evolve_money.add
    patch.setattr(evolve_money, "add", lambda ledger, asset, amount: real(ledger, asset, 2 * amount))


def no_cover(patch: pytest.MonkeyPatch) -> None:
    """Nobody sees to the stop of what has filled."""
    patch.setattr(protection, "ensure_cover", lambda ctx, trade, exposed: None)


def closed_on_sight(patch: pytest.MonkeyPatch) -> None:
    """What is left of a trade is not waited for."""
    patch.setattr(exits, "remove_left", lambda ctx, trade: False)
    patch.setattr(exits, "_venue_shows_zero", lambda ctx, trade: True)


def absent_at_once(patch: pytest.MonkeyPatch) -> None:
    """One absence proves that an entry was never placed."""
    patch.setattr(unknowns, "GRACE_MS", -5_000)
    patch.setattr(unknowns, "_spaced", lambda asked, valid_from, threshold: bool(asked))


def no_quarantine(patch: pytest.MonkeyPatch) -> None:
    """The next entry does not wait for what may still act."""
    patch.setattr(flatten, "quarantine", lambda ctx, symbol, orders: None)


def halt_forgets_entries(patch: pytest.MonkeyPatch) -> None:
    """A halt leaves resting entries where they are."""
    patch.setattr(states, "cancel_entries", lambda ctx, reason: None)


def stop_cancelled(patch: pytest.MonkeyPatch) -> None:
    """The stop is taken away as soon as it covers."""

    def cancel(ctx: Context, trade: Any, exposed: Decimal) -> None:
        for stop in protection.stops_of(ctx, trade):
            if stop.armed and not stop.cancel_asked:
                sending.cancel(ctx, stop, "tidy")

    patch.setattr(protection, "_prune", cancel)


def early_word_ignored(patch: pytest.MonkeyPatch) -> None:
    """TRADE_LITE is not believed."""
    real = evidence.take_fill
    patch.setattr(evidence, "take_fill", lambda ctx, fill: None if fill.fee is None else real(ctx, fill))


def judged_again(patch: pytest.MonkeyPatch) -> None:
    """A repeat of an intent under its id is refused as other content."""
    real = intake.received
    patch.setitem(engine._HANDLERS, inp.IntentReceived,
                  lambda ctx, message: real(ctx, replace(message, content_hash=f"{ctx.state.events}")))  # fmt: skip


def stop_widened(patch: pytest.MonkeyPatch) -> None:
    """The stop goes further away than was asked for."""
    real = sending.backstop_spec

    def wide(ctx: Context, trade: Any) -> Any:
        spec, n = real(ctx, trade)
        return replace(spec, trigger_price=spec.trigger_price - trade.direction.sign * 50), n

    patch.setattr(sending, "backstop_spec", wide)


def journal_unheard(patch: pytest.MonkeyPatch) -> None:
    """A full disk stops no entry."""
    patch.setitem(engine._HANDLERS, inp.JournalChanged, lambda ctx, message: None)


def targets_double(patch: pytest.MonkeyPatch) -> None:
    """Targets of twice the size."""
    real = exits._place_target
    patch.setattr(exits, "_place_target", lambda ctx, trade, price, size: real(ctx, trade, price, 4 * size))


def unasked(patch: pytest.MonkeyPatch) -> None:
    """The remainder of an entry lives on when the exit has begun."""
    patch.setattr(flatten, "kill_entries", lambda ctx, symbol, reason: None)


def doubted_entry_is_refused(patch: pytest.MonkeyPatch) -> None:
    """An unknown outcome is taken for a rejection."""
    real = engine._HANDLERS[inp.PlaceAnswered]

    def certain(ctx: Context, message: inp.PlaceAnswered) -> None:
        outcome = message.outcome
        order = ctx.state.order(message.client_id)
        if order is not None and order.role is Role.ENTRY and outcome.outcome.value == "unknown":
            outcome = replace(outcome, outcome=type(outcome.outcome)("rejected"))
        real(ctx, replace(message, outcome=outcome))

    patch.setitem(engine._HANDLERS, inp.PlaceAnswered, certain)


BROKEN: tuple[Broken, ...] = (
    fees_twice, no_cover, closed_on_sight, absent_at_once, no_quarantine, halt_forgets_entries, stop_cancelled,
    early_word_ignored, judged_again, stop_widened, journal_unheard, targets_double, unasked,
    doubted_entry_is_refused,
)  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: str(broken.__name__))
def test_the_model_objects_to_a_broken_engine(broken: Broken, monkeypatch: pytest.MonkeyPatch):
    """Each of these would lose money or a promise; none needs more than a few dozen examples."""
    broken(monkeypatch)
    with pytest.raises(Exception):  # noqa: B017 - which of the many checks objects is not the point.
        run(400, derandomize=True, phases=[Phase.generate])
