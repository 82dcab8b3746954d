"""The engine: step(input) → events and effects. Control flow starts here; the rules live in what it calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from holdfast.core import (
    coverage,
    entry,
    evidence,
    exits,
    flatten,
    foreign,
    income,
    intake,
    protection,
    reconcile,
    sending,
    states,
    supervise,
    unknowns,
)
from holdfast.core.budgets import Windows
from holdfast.core.context import Context
from holdfast.core.evolve import evolve
from holdfast.core.feasibility import contradictions
from holdfast.core.state import AlgoState, EngineState, OrderState
from holdfast.core.state_hash import state_hash, state_shape
from holdfast.core.surroundings import Surroundings
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Effect, ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import Pending
from holdfast.model.reasons import AlarmCode, Outcome
from holdfast.model.reports import SOMETHING_EXISTS_CODES
from holdfast.model.settings import EngineSettings

# A snapshot keeps the order of its dicts, so that an engine that loads it goes through them as the one that made it.
_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder = msgspec.json.Decoder(EngineState)


NOTHING_TO_CANCEL: Final = (-2011, -4117)
"""The venue finds nothing under the name, or a stop that is triggering: the next cancel meets the same."""


class Step(NamedTuple):
    """What one input led to. The events are already folded into the engine's state."""

    events: list[ev.AnyEvent]
    effects: list[Effect]


class Engine:
    """One account's decisions. Pure: no clock, no randomness, no I/O; time comes with the inputs."""

    def __init__(self, settings: EngineSettings, version: str) -> None:
        self.settings = settings
        self.version = version
        self.state = EngineState()
        self.around = Surroundings(windows=Windows())

    def apply(self, event: ev.AnyEvent) -> None:
        """Fold one journalled event (restart, replay)."""
        evolve(self.state, event)

    def step(self, message: inp.AnyInput) -> Step:
        """Decide. Every symbol that the input touched is looked at before the step ends."""
        ctx = Context(self.state, self.around, self.settings, self.version, message.now_ms)
        _HANDLERS[type(message)](ctx, message)
        supervise.all_touched(ctx)
        if not ctx.events and isinstance(message, inp.MarketSeen):
            return Step(ctx.events, ctx.effects)  # Prices change no health; what grows stale is found by the timer.
        if not self.around.started_ms:
            return Step(ctx.events, ctx.effects)  # A process begins its records with its start, whatever came first.
        states.refresh(ctx)
        if self.around.touched:
            supervise.all_touched(ctx)
        return Step(ctx.events, ctx.effects)

    def state_hash(self) -> str:
        """SHA-256 of the state; equal states have equal hashes, whatever order they were built in."""
        digest = state_hash(self.state)
        self.around.hashed = (self.state.events, digest)
        return digest

    def dump(self) -> bytes:
        """The state as bytes, for a snapshot."""
        return _encoder.encode(self.state)

    def load(self, data: bytes) -> None:
        """Take a snapshot's state. Raises `msgspec.ValidationError` for bytes of another version."""
        self.state = _decoder.decode(data)

    def priced(self, now_ms: int) -> bool:
        """Whether any symbol has a mark price that the gate would take (P3). A single symbol that stands still is no
        reason to call the whole engine unfit, so one fresh price is enough."""
        since = now_ms - self.settings.limits.max_mark_age_ms
        return any(market.mark is not None and market.mark_ms >= since for market in self.around.markets.values())

    def exposed_symbols(self) -> list[str]:
        """Symbols with a position or with an entry that works or is unknown (for the coverage watch)."""
        open_now = {symbol for symbol, amount in self.state.positions.items() if amount}
        return sorted({*open_now, *self.state.live_trades, *self.state.foreign})


def _started(ctx: Context, message: inp.Started) -> None:
    ctx.around.started_ms = ctx.now_ms
    ctx.around.inherited = dict.fromkeys(ctx.state.live_trades.values())
    settings = ctx.settings
    ctx.emit(
        ev.EngineStarted(
            at_ms=ctx.now_ms,
            version=message.version,
            config_hash=message.config_hash,
            venue=settings.venue,
            account=settings.account,
            key_fingerprint=message.key_fingerprint,
            facts=settings.facts,
            format=ev.FORMAT,
            settings=settings,
            state_hash=_hash_at_start(ctx),
            state_shape=state_shape(),
        )
    )
    if ctx.state.commanded is None:
        ctx.emit(
            ev.StateCommanded(at_ms=ctx.now_ms, state=message.boot_state, by="configuration", reason="first start")
        )
    if ctx.around.user_stream:
        ctx.around.user_stream_since_ms = ctx.now_ms  # What it told earlier was nobody's; the reads begin now.
        reconcile.begin(ctx)
    else:
        reconcile.begin_with_cover(ctx)
    unknowns.restart(ctx)
    for symbol in ctx.state.flattens:
        ctx.timer(f"flatten:{symbol}", ctx.now_ms)
    for symbol, quarantine in ctx.state.quarantines.items():
        ctx.timer(f"quarantine:{symbol}", max(quarantine.until_ms, ctx.now_ms + 1))
    for symbol, trade_id in ctx.state.live_trades.items():
        trade = ctx.state.trades[trade_id]
        ctx.touch(symbol)
        if trade.phase.value == "accepted":
            entry.settings_overdue(ctx, trade_id)
        elif sending.live_entries(ctx, trade):
            ctx.timer(f"ttl:{trade_id}", max(trade.plan.deadline_ms, ctx.now_ms + 1))
    ctx.timer("losses", ctx.now_ms + states.LOSS_CHECK_MS)
    ctx.timer("account", ctx.now_ms + 30_000)
    ctx.timer("limits", ctx.now_ms + 60_000)
    ctx.timer("health", ctx.now_ms + 1_000)


def _hash_at_start(ctx: Context) -> str:
    """A restart has hashed what it loaded; when nothing came behind it, that is the state, however large it is."""
    events, digest = ctx.around.hashed
    return digest if digest and events == ctx.state.events else state_hash(ctx.state)


def _place_answered(ctx: Context, message: inp.PlaceAnswered) -> None:
    order = ctx.state.order(message.client_id)
    assert order is not None, "invariant: every answer belongs to a planned order"
    outcome = message.outcome
    ctx.around.see_key(outcome.code)
    if outcome.code in SOMETHING_EXISTS_CODES:
        coverage.said_to_exist(ctx, message.client_id)
    evidence_first = outcome.outcome is Outcome.CONFIRMED
    ctx.emit(
        ev.OrderAnswered(
            at_ms=ctx.now_ms,
            client_id=message.client_id,
            outcome=outcome.outcome,
            sent_ms=message.sent_ms,
            recv_window_ms=message.recv_window_ms,
            code=outcome.code,
            message=outcome.message[:200],
            status=outcome.status,
            local=outcome.local,
            until_ms=outcome.until_ms,
        )
    )
    if evidence_first and outcome.order is not None:
        evidence.take_order(ctx, outcome.order)
    if evidence_first and outcome.algo is not None:
        evidence.take_algo(ctx, outcome.algo)
    ctx.touch(order.spec.symbol)
    trade = ctx.state.trades.get(order.trade_id)
    if order.role is Role.CLOSE:
        flatten.answered(ctx, order, outcome)
    elif trade is None:
        return
    elif order.role is Role.ENTRY and isinstance(order, OrderState):
        entry.answered(ctx, trade, order, outcome)
    elif order.role is Role.STOP and isinstance(order, AlgoState):
        protection.answered(ctx, trade, order, outcome)
    elif isinstance(order, OrderState):
        exits.answered(ctx, trade, order, outcome)


def _cancel_answered(ctx: Context, message: inp.CancelAnswered) -> None:
    """−2011 is evidence to look into; gone only by a terminal event or a query (RULES 2 row cancel)."""
    order = ctx.state.order(message.client_id)
    assert order is not None, "invariant: every answer belongs to a planned order"
    outcome = message.outcome
    ctx.around.see_key(outcome.code)
    ctx.around.cancelling.pop(message.client_id, None)
    ctx.emit(
        ev.CancelAnswered(
            at_ms=ctx.now_ms,
            client_id=message.client_id,
            outcome=outcome.outcome,
            code=outcome.code,
            message=outcome.message[:200],
        )
    )
    if outcome.outcome is Outcome.CONFIRMED and outcome.order is not None:
        evidence.take_order(ctx, outcome.order)
    missed = ctx.around.not_to_cancel.pop(message.client_id, 0)
    if order.live:
        at_ms = outcome.until_ms if outcome.outcome is Outcome.THROTTLED else ctx.now_ms + 200
        if outcome.code in NOTHING_TO_CANCEL:
            # Only the question what became of it leads on; asking the same again at once is answered the same.
            ctx.around.not_to_cancel[message.client_id] = missed + 1
            at_ms = ctx.now_ms + (1_000 if missed else 200)
        ctx.timer(f"cancel:{message.client_id}", max(at_ms, ctx.now_ms + 50))
    ctx.touch(order.spec.symbol)


def _cancel_due(ctx: Context, client_id: str) -> None:
    """A cancel that has not shown its effect: ask for the order, and repeat the cancel if it may still live."""
    order = ctx.state.order(client_id)
    if order is None or not order.live:
        return
    sending.query(ctx, order, f"cancel:{client_id}")
    placing = order.pending in (Pending.PLACE, Pending.PLACE_UNKNOWN)
    if not placing and not (isinstance(order, AlgoState) and order.child_id):
        # The first may still be on its way; but it may be lost, and a second does no harm.
        sending.cancel(ctx, order, "repeated until it is proved")
    else:
        ctx.timer(f"cancel:{client_id}", ctx.now_ms + 1_000)


def _order_seen(ctx: Context, message: inp.OrderSeen) -> None:
    evidence.take_order(ctx, message.report)
    if message.fill is not None:
        evidence.take_fill(ctx, message.fill)


def _fill_seen(ctx: Context, message: inp.FillSeen) -> None:
    evidence.take_fill(ctx, message.fill)


def _algo_seen(ctx: Context, message: inp.AlgoSeen) -> None:
    evidence.take_algo(ctx, message.report)


def _account_seen(ctx: Context, message: inp.AccountSeen) -> None:
    if message.balances:
        kept = []
        for balance in message.balances:
            known = ctx.state.balances.get(balance.asset)
            available = balance.available
            if available is None and known is not None and known.available is not None:
                # The stream tells the wallet only; what was free moves with it until the account is read again.
                available = known.available + balance.wallet - known.wallet
            kept.append(msgspec.structs.replace(balance, available=available))
        ctx.emit(ev.BalanceSeen(at_ms=ctx.now_ms, balances=tuple(kept), reason=message.reason))
    if "FUNDING" in message.reason:
        income.read(ctx)
    for row in message.positions:
        foreign.told(ctx, row.symbol, row.amount, ctx.now_ms)


def _account_config_seen(ctx: Context, message: inp.AccountConfigSeen) -> None:
    if message.multi_assets is not None:
        ctx.around.multi_assets = message.multi_assets
    known = ctx.around.symbol_configs.get(message.symbol)
    if known is not None and message.leverage is not None:
        ctx.around.symbol_configs[message.symbol] = msgspec.structs.replace(known, leverage=message.leverage)


def _market_seen(ctx: Context, message: inp.MarketSeen) -> None:
    market = ctx.around.market(message.symbol)
    if message.bid is not None:
        market.bid = message.bid
        market.touch_ms = ctx.now_ms
    if message.ask is not None:
        market.ask = message.ask
        market.touch_ms = ctx.now_ms
    if message.mark is not None:
        market.see_mark(message.mark, ctx.now_ms)
        trade = ctx.state.trade_of(message.symbol)
        if trade is not None:
            protection.watch_crossing(ctx, trade, message.mark)


def _instruments_loaded(ctx: Context, message: inp.InstrumentsLoaded) -> None:
    for instrument in message.instruments:
        ctx.around.instruments[instrument.symbol] = instrument
        found = contradictions(ctx.settings, instrument)
        if found:
            ctx.around.contradictions[instrument.symbol] = found
        else:
            ctx.around.contradictions.pop(instrument.symbol, None)
    ctx.around.quarantined = dict(message.quarantined)


def _link_changed(ctx: Context, message: inp.LinkChanged) -> None:
    if message.link == "order_channel":
        ctx.around.order_channel = message.up
    if message.link != "user_stream":
        return
    was = ctx.around.user_stream
    ctx.around.user_stream = message.up
    if message.up and not was:
        # A gap means that anything may have been missed: everything is read again (fault B1).
        ctx.around.user_stream_since_ms = ctx.now_ms
        ctx.around.gap = ctx.around.reconciled
        if ctx.around.started_ms:
            reconcile.begin(ctx)


def _clock_checked(ctx: Context, message: inp.ClockChecked) -> None:
    ctx.around.clock_ok = message.ok
    if message.ok:
        ctx.around.clock_offset_ms = message.offset_ms


def _rates_seen(ctx: Context, message: inp.RatesSeen) -> None:
    ctx.around.windows.see(message.windows, ctx.now_ms)
    if message.weight is not None:
        ctx.around.weight, ctx.around.weight_ms = message.weight, ctx.now_ms


def _journal_changed(ctx: Context, message: inp.JournalChanged) -> None:
    ctx.around.journal_ok = message.ok
    if not message.ok:
        ctx.alarm(AlarmCode.JOURNAL_FAILING, "account", message.error or "the journal cannot be written")


def _setting_answered(ctx: Context, message: inp.SettingAnswered) -> None:
    entry.setting_answered(ctx, message.symbol, message.outcome)


def _timer_fired(ctx: Context, message: inp.TimerFired) -> None:
    ctx.around.timers.pop(message.key, None)
    name, _, rest = message.key.partition(":")
    _TIMERS[name](ctx, rest)


def _read_account(ctx: Context, rest: str) -> None:
    ctx.read(ReadKind.ACCOUNT, "account:")
    income.read_if_due(ctx)
    for symbol, since_ms in ctx.state.feeless().items():
        # An early word of an execution came, and the full one never did; trades ask by themselves, others do not.
        ctx.read(ReadKind.TRADES, f"trades:{symbol}", symbol=symbol, since_ms=since_ms - 1_000)
    for symbol in ctx.around.foreign_orders:
        # The end of somebody's order may not have been told; it would keep the symbol's settings as they are for ever.
        ctx.read(ReadKind.OPEN_ORDERS, "account:", symbol=symbol)
    for symbol in ctx.around.foreign_algos:
        ctx.read(ReadKind.OPEN_ALGOS, "account:", symbol=symbol)
    ctx.timer("account", ctx.now_ms + 30_000)


def _read_limits(ctx: Context, rest: str) -> None:
    ctx.read(ReadKind.ORDER_LIMITS, "limits:")
    ctx.timer("limits", ctx.now_ms + 60_000)


def _health_due(ctx: Context, rest: str) -> None:
    unknowns.overdue(ctx)
    ctx.timer("health", ctx.now_ms + 1_000)


def _look_due(ctx: Context, symbol: str) -> None:
    ctx.touch(symbol)


def _position_due(ctx: Context, symbol: str) -> None:
    ctx.read(ReadKind.POSITIONS, f"position:{symbol}", symbol=symbol)


_TIMERS: Final[dict[str, Callable[[Context, str], None]]] = {
    "resolve": unknowns.round_due,
    "cancel": _cancel_due,
    "protect": protection.half_time,
    "deadline": protection.deadline,
    "stop": protection.timer,
    "stuck": protection.stuck,
    "young": coverage.look_again,
    "unseen": coverage.take_lists_word,
    "unheard": coverage.ask_by_placing,
    "flatten": flatten.step,
    "ttl": entry.time_is_up,
    "retry": entry.retry_due,
    "settings": entry.settings_overdue,
    "settings-again": entry.read_settings,
    "settings-change": entry.change_again,
    "quarantine": flatten.quarantine_over,
    "reconcile": lambda ctx, _: reconcile.overdue(ctx),
    "stream-wait": lambda ctx, _: reconcile.stream_overdue(ctx),
    "losses": lambda ctx, _: states.check_losses(ctx),
    "account": _read_account,
    "limits": _read_limits,
    "health": _health_due,
    "look": _look_due,
    "trades": _look_due,
    "close": _look_due,
    "income": _look_due,
    "late-income": lambda ctx, _: income.read(ctx),
    "position": _position_due,
    "explain": foreign.explain,
}

_HANDLERS: Final[dict[type, Callable[[Context, Any], None]]] = {
    inp.IntentReceived: intake.received,
    inp.PlaceAnswered: _place_answered,
    inp.CancelAnswered: _cancel_answered,
    inp.SettingAnswered: _setting_answered,
    inp.ReadAnswered: reconcile.answered,
    inp.OrderSeen: _order_seen,
    inp.FillSeen: _fill_seen,
    inp.AlgoSeen: _algo_seen,
    inp.AccountSeen: _account_seen,
    inp.AccountConfigSeen: _account_config_seen,
    inp.MarketSeen: _market_seen,
    inp.InstrumentsLoaded: _instruments_loaded,
    inp.TimerFired: _timer_fired,
    inp.LinkChanged: _link_changed,
    inp.ClockChecked: _clock_checked,
    inp.CoverageChecked: coverage.checked,
    inp.RatesSeen: _rates_seen,
    inp.JournalChanged: _journal_changed,
    inp.Command: states.command,
    inp.Started: _started,
}
