"""Cover: a position has a live stop for its full size, or is being closed (RULES 2 row stop, 5, 6).

Nothing on this way waits for the disk: the stop was journalled with its entry (RULES 8).
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.core import flatten, sending, unknowns
from holdfast.core.context import Context
from holdfast.core.exposure import TRIGGERING_COVERS_MS, acting, cover_of, open_quantity, own_part_only, stops_of
from holdfast.core.responses import Reaction, reaction_to
from holdfast.core.state import AlgoState, TradeState
from holdfast.model import events as ev
from holdfast.model.effects import Lane, ReadKind
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus, Direction, OrderStatus, Pending
from holdfast.model.reasons import AlarmCode, Outcome, TradePhase
from holdfast.model.reports import AlgoReport, RequestOutcome

OTHER_FORM_MS = 600
FINISHED_GRACE_MS = 300
SOON_MS = (50, 100, 200)
EARLY_MS = 500
EARLIEST_AGAIN_MS = 30_000
"""A stop that the venue does not take before a position exists is tried half a second later, then ever less often: the
first fill sends it at once."""
COMPARE_MS = 200
SHARED_RETRY_MS = 5_000
SAME_AT_ONCE = 3
SAME_PAUSE_MS = 200
"""After three repeats at once a stop is repeated five times a second: a venue that is down is not flooded."""
LOSS_WINDOW_MS = 3_600_000
LOSSES_MAX = 3


def ensure_cover(ctx: Context, trade: TradeState, exposed: Decimal) -> None:
    """Called whenever something is open and no flatten runs: see that it is covered, or on its way."""
    symbol = trade.symbol
    if trade.phase is TradePhase.ENTERING:
        ctx.phase(trade, TradePhase.PROTECTING, "first evidence of a fill")
    failed = [stop for stop in stops_of(ctx, trade) if _failed(stop)]
    if failed:
        # All stops of a trade wait for the same price: one beside it that has not triggered may be gone (RULES 6).
        flatten.start(ctx, symbol, f"stop ended {failed[-1].status.value} {failed[-1].reason}".strip())
        return
    covered = cover_of(ctx, trade, exposed)
    if covered >= exposed:
        _covered(ctx, trade, exposed)
        return
    if trade.phase is TradePhase.OPEN:
        ctx.phase(trade, TradePhase.PROTECTING, "cover is incomplete")
    ctx.timer_once(f"protect:{trade.plan.trade_id}", ctx.now_ms + OTHER_FORM_MS)
    ctx.timer_once(f"deadline:{trade.plan.trade_id}", ctx.now_ms + ctx.settings.protect_deadline_ms)
    stops = stops_of(ctx, trade)
    if _on_its_way(ctx, stops):
        return
    if any(acting(stop) for stop in stops):
        return  # The stuck-trigger watchdog decides (RULES 6).
    sent = [stop for stop in stops if stop.status is not AlgoStatus.PLANNED]
    if sent:
        _see_to(ctx, trade, sent[-1], exposed, covered)
    elif stops and not own_part_only(ctx, symbol):
        sending.send_again(ctx, stops[0], preauthorised=True)
    else:
        _place_new(ctx, trade, exposed, close_position=not own_part_only(ctx, symbol))


def _on_its_way(ctx: Context, stops: list[AlgoState]) -> bool:
    """Whether an answer is awaited that may bring cover. Once the newest stop is known to be gone, an earlier one of
    which nothing is known is no reason to wait."""
    if any(stop.pending is Pending.PLACE for stop in stops):
        return True
    unknown = [stop for stop in stops if stop.unknown]
    newest = next((stop for stop in reversed(stops) if stop.status is not AlgoStatus.PLANNED), None)
    gone = newest is not None and (newest.status.terminal or newest.client_id in ctx.around.suspected)
    return bool(unknown) and not (gone and newest not in unknown)


def _see_to(ctx: Context, trade: TradeState, last: AlgoState, exposed: Decimal, covered: Decimal) -> None:
    """What the newest stop needs, while cover is short and none is on its way."""
    symbol = trade.symbol
    if last.status is AlgoStatus.REJECTED and last.client_id in ctx.around.refused_early:
        # It was refused while nothing was open; that says nothing about a position.
        del ctx.around.refused_early[last.client_id]
        ctx.around.retry_soon.pop(last.client_id, None)
        ctx.clear_timer(f"stop:{last.client_id}")
        sending.send_again(ctx, last, preauthorised=True)
        return
    if any(f"stop:{stop.client_id}" in ctx.around.timers for stop in stops_of(ctx, trade)):
        return  # A refused one has its own clock; without it every refusal would be answered by the next order.
    if last.armed and last.client_id in ctx.around.suspected:
        if last.client_id in ctx.around.confirmed_ms:
            _place_new(ctx, trade, exposed, close_position=False)  # Its name is taken, and nothing shows it.
        else:
            sending.send_again(ctx, last, preauthorised=True)
    elif last.armed and covered > 0:
        _place_new(ctx, trade, exposed, close_position=False)
    elif last.status is AlgoStatus.NEVER_PLACED:
        sending.send_again(ctx, last, preauthorised=True)
    elif last.status is AlgoStatus.CANCELLED and not last.cancel_asked:
        _lost(ctx, trade, last, "terminal ALGO_UPDATE")
    elif not _fills_are_on_their_way(ctx, last):
        flatten.start(ctx, symbol, f"stop ended {last.status.value} {last.reason or last.message}".strip())


def _failed(stop: AlgoState) -> bool:
    """Whether a stop has triggered and ended without doing its work."""
    ended = stop.status in (AlgoStatus.REJECTED, AlgoStatus.EXPIRED)
    remainder = stop.child_status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    return stop.triggering_ms is not None and (ended or remainder)


def _fills_are_on_their_way(ctx: Context, stop: AlgoState) -> bool:
    """Whether a finished stop's child may have filled unheard: kinds of events overtake each other."""
    begun, child = stop.triggering_ms, stop.child_status
    owed = child is None or not child.terminal
    if stop.status is not AlgoStatus.FINISHED or not owed or begun is None:
        return False
    if ctx.now_ms - begun >= FINISHED_GRACE_MS:
        return False
    ctx.timer_once(f"look:{stop.spec.symbol}", begun + FINISHED_GRACE_MS)
    return True


def _covered(ctx: Context, trade: TradeState, exposed: Decimal) -> None:
    ctx.clear_timer(f"protect:{trade.plan.trade_id}")
    ctx.clear_timer(f"deadline:{trade.plan.trade_id}")
    ctx.clear_alarm(AlarmCode.UNPROTECTED, trade.symbol)
    if trade.phase is TradePhase.PROTECTING:
        ctx.phase(trade, TradePhase.OPEN, "covered")
    _prune(ctx, trade, exposed)


def _prune(ctx: Context, trade: TradeState, exposed: Decimal) -> None:
    # A re-sized quantity stop replaces the smaller ones, but only once it is confirmed live (RULES 5).
    armed = [s for s in stops_of(ctx, trade) if s.armed and not s.cancel_asked]
    sized = [s for s in armed if not s.spec.close_position]
    enough = bool(sized) and (sized[-1].spec.quantity or ZERO) >= exposed
    if enough:
        for stop in sized[:-1]:
            sending.cancel(ctx, stop, "replaced by a larger stop")
    if not own_part_only(ctx, trade.symbol):
        return
    whole = [s for s in armed if s.spec.close_position]
    if enough:
        for stop in whole:
            sending.cancel(ctx, stop, "the position is shared; our part has its own stop")
    elif whole and not any(_recent(ctx, s) for s in stops_of(ctx, trade) if not s.spec.close_position):
        _place_new(ctx, trade, exposed, close_position=False)


def _recent(ctx: Context, stop: AlgoState) -> bool:
    """Whether a try is still running, or was made a moment ago: a refusal is not answered by the next order."""
    return stop.pending is Pending.PLACE or stop.unknown or ctx.now_ms - stop.timestamp_ms < SHARED_RETRY_MS


def _place_new(ctx: Context, trade: TradeState, exposed: Decimal, *, close_position: bool) -> None:
    if close_position:
        spec, n = sending.backstop_spec(ctx, trade)
    else:
        spec, n = sending.quantity_stop_spec(ctx, trade, exposed)
    sending.plan_order(ctx, spec, subject=sending.subject_of(trade), trade_id=trade.plan.trade_id, n=n)
    sending.place(ctx, ctx.state.algos[spec.client_id])


def _lost(ctx: Context, trade: TradeState, stop: AlgoState, evidence: str) -> None:
    """A live stop is proved gone while its position is open: re-arm, and on the third time in an hour give up."""
    symbol = trade.symbol
    ctx.emit(ev.StopLost(at_ms=ctx.now_ms, symbol=symbol, client_id=stop.client_id, evidence=evidence))
    ctx.alarm(AlarmCode.STOP_LOST, symbol, f"the stop {stop.client_id} vanished: {evidence}")
    if not _give_up_after_three(ctx, symbol) and stop.status.terminal:
        sending.send_again(ctx, stop, preauthorised=True)


def replaced(ctx: Context, stop: AlgoState, report: AlgoReport) -> None:
    """A stop that we believed armed lives under another algo id, whichever channel says so: it had been lost
    (RULES 12)."""
    another = stop.algo_id is not None and report.algo_id > stop.algo_id
    believed = stop.armed or stop.client_id in ctx.around.suspected
    if not (believed and another and report.status is AlgoStatus.ARMED):
        return
    ctx.around.suspected.pop(stop.client_id, None)
    symbol = stop.spec.symbol
    ctx.emit(
        ev.StopLost(at_ms=ctx.now_ms, symbol=symbol, client_id=stop.client_id, evidence="re-placement was accepted")
    )
    ctx.alarm(AlarmCode.STOP_LOST, symbol, f"the stop {stop.client_id} had vanished and was placed again")
    _give_up_after_three(ctx, symbol)


def _give_up_after_three(ctx: Context, symbol: str) -> bool:
    recent = [at for at in ctx.state.cover_losses.get(symbol, []) if at > ctx.now_ms - LOSS_WINDOW_MS]
    if len(recent) < LOSSES_MAX:
        return False
    ctx.emit(ev.SymbolHalted(at_ms=ctx.now_ms, symbol=symbol, reason=f"stop lost {len(recent)} times in an hour"))
    flatten.start(ctx, symbol, "stop lost repeatedly")
    return True


def answered(ctx: Context, trade: TradeState, stop: AlgoState, outcome: RequestOutcome) -> None:
    """The end of a stop's placing request: RULES 2, row stop."""
    reaction = reaction_to(Role.STOP, outcome)
    symbol = trade.symbol
    if reaction is Reaction.TAKE_EVIDENCE or not trade.live:
        return
    if outcome.outcome is Outcome.UNKNOWN and not unknowns.unanswered(ctx, stop, outcome.message):
        return
    if open_quantity(ctx, trade) == 0:
        if not sending.live_entries(ctx, trade):
            return  # Nothing to cover any more; winding up asks whether the stop is really gone.
        ctx.around.refused_early[stop.client_id] = None
    match reaction:
        case Reaction.STOP_AGAIN_SOON:
            _again_soon(ctx, trade, stop)
        case Reaction.STOP_COMPARE:
            _ask_to_compare(ctx, stop)
        case Reaction.FLATTEN_NOW:
            flatten.start(ctx, symbol, f"the price is through the stop ({outcome.code})")
        case Reaction.STOP_OTHER_FORM:
            _other_form(ctx, trade, stop, outcome)
        case Reaction.STOP_IN_RESERVE:
            ctx.around.throttled_until_ms = max(ctx.around.throttled_until_ms, outcome.until_ms)
            at_ms = min(max(outcome.until_ms, ctx.now_ms + 50), ctx.now_ms + 250)
            ctx.timer(f"stop:{stop.client_id}", at_ms)
        case Reaction.STOP_SAME_AGAIN if outcome.outcome is Outcome.UNKNOWN:
            # The same body under the same id, at once, beside the question what became of the first.
            if stop.sends <= SAME_AT_ONCE:
                sending.send_again(ctx, stop, preauthorised=True)
            else:
                ctx.timer(f"stop:{stop.client_id}", ctx.now_ms + SAME_PAUSE_MS)
        case Reaction.STOP_SAME_AGAIN:
            ctx.timer(f"stop:{stop.client_id}", ctx.now_ms + 50)
        case _:
            raise AssertionError(f"invariant: a stop has no reaction {reaction}")


def _ask_to_compare(ctx: Context, stop: AlgoState) -> None:
    ctx.read(ReadKind.OPEN_ALGOS, f"compare:{stop.client_id}", symbol=stop.spec.symbol, lane=Lane.PROTECT)
    ctx.timer(f"stop:{stop.client_id}", ctx.now_ms + COMPARE_MS)


def _again_soon(ctx: Context, trade: TradeState, stop: AlgoState) -> None:
    attempt = ctx.around.retry_soon.get(stop.client_id, 0)
    ctx.around.retry_soon[stop.client_id] = attempt + 1
    since = trade.evidence_ms if trade.evidence_ms is not None else ctx.now_ms
    if attempt < len(SOON_MS):
        ctx.timer(f"stop:{stop.client_id}", ctx.now_ms + SOON_MS[attempt])
    elif open_quantity(ctx, trade) == 0:
        pause_ms = EARLY_MS * 2 ** min(attempt - len(SOON_MS), 6)
        ctx.timer(f"stop:{stop.client_id}", ctx.now_ms + min(pause_ms, EARLIEST_AGAIN_MS))
        told = f"the venue refuses the stop {stop.client_id} while nothing is open ({stop.code})"
        ctx.alarm(AlarmCode.VENUE_FACT, trade.symbol, f"{told}; facts.stop_without_position says that it takes it")
    else:
        due = since + OTHER_FORM_MS
        ctx.timer(f"stop:{stop.client_id}", due if due > ctx.now_ms else ctx.now_ms + SAME_PAUSE_MS)


def _other_form(ctx: Context, trade: TradeState, stop: AlgoState, outcome: RequestOutcome) -> None:
    exposed = open_quantity(ctx, trade)
    tried = {other.spec.close_position for other in stops_of(ctx, trade) if other.sends}
    if exposed > 0 and tried == {True}:
        _place_new(ctx, trade, exposed, close_position=False)
    elif exposed > 0:
        flatten.start(ctx, trade.symbol, f"no stop accepted ({outcome.code} {outcome.message})")


def timer(ctx: Context, client_id: str) -> None:
    """A stop's own timer: send it again, or after 600 ms without a position in sight use the other form."""
    stop = ctx.state.algos.get(client_id)
    trade = ctx.state.trades.get(stop.trade_id) if stop is not None else None
    if stop is None or trade is None or not trade.live or trade.symbol in ctx.state.flattens:
        return
    if stop.status is AlgoStatus.SENT and stop.pending is Pending.NONE:
        _ask_to_compare(ctx, stop)  # Refused because something exists, and what it is could not be read.
        return
    exposed = open_quantity(ctx, trade)
    waits = stop.live and not stop.unknown and client_id not in ctx.around.suspected
    if waits or (exposed == 0 and not sending.live_entries(ctx, trade)):
        return
    if exposed > 0 and cover_of(ctx, trade, exposed) >= exposed:
        return  # Another one covers by now.
    sent = [other for other in stops_of(ctx, trade) if other.status is not AlgoStatus.PLANNED]
    if sent[-1] is not stop and not stop.unknown:
        return  # A newer one has taken its place.
    since = trade.evidence_ms
    overdue = since is not None and ctx.now_ms - since >= OTHER_FORM_MS
    soon = ctx.around.retry_soon.get(client_id, 0) > len(SOON_MS)
    if exposed > 0 and soon and overdue and all(other.spec.close_position for other in sent):
        _place_new(ctx, trade, exposed, close_position=False)
    else:
        sending.send_again(ctx, stop, preauthorised=True)


def deadline(ctx: Context, trade_id: str) -> None:
    """What cannot be covered within 1 s is flattened (DESIGN §4)."""
    trade = ctx.state.trades.get(trade_id)
    if trade is None or not trade.live or trade.symbol in ctx.state.flattens:
        return
    exposed = open_quantity(ctx, trade)
    if exposed > 0 and cover_of(ctx, trade, exposed) < exposed:
        ctx.alarm(AlarmCode.UNPROTECTED, trade.symbol, "no confirmed stop within the deadline; flattening")
        flatten.start(ctx, trade.symbol, "not covered within the deadline")


def compare(ctx: Context, client_id: str, algos: tuple[AlgoReport, ...]) -> None:
    """The venue said that something exists (−4130, −4115, −4116): read, compare trigger and side, adopt or replace."""
    stop = ctx.state.algos.get(client_id)
    trade = ctx.state.trades.get(stop.trade_id) if stop is not None else None
    if stop is None or trade is None or not trade.live or stop.status not in (AlgoStatus.SENT, AlgoStatus.ARMED):
        return
    ctx.clear_timer(f"stop:{client_id}")
    if any(report.client_id == client_id for report in algos):
        return  # It is ours and its evidence has just been taken.
    exposed, stops = open_quantity(ctx, trade), stops_of(ctx, trade)
    alone = stop.status is AlgoStatus.SENT or all(other.spec.close_position for other in stops)
    # A list lags behind a young stop. Of an older one, what exists is only its name.
    used_up = stop.armed and stop is stops[-1] and ctx.now_ms - stop.life_ms > unknowns.GRACE_MS
    if exposed > 0 and (used_up or (alone and stop.spec.close_position)):
        # Whoever's stop it is, it is not ours to rely on: ours goes beside it in the form that may stand twice.
        _place_new(ctx, trade, exposed, close_position=False)


def compare_trigger(ctx: Context, stop: AlgoState, report: AlgoReport) -> None:
    """What stands under our name may be an earlier process's, which could not write: looser than ours, it stays as the
    backstop, and ours goes beside it (RULES 2, 5)."""
    trade = ctx.state.trades.get(stop.trade_id)
    if trade is None or not trade.live or trade.symbol in ctx.state.flattens or report.status is not AlgoStatus.ARMED:
        return
    looser = (report.trigger_price - stop.spec.trigger_price) * trade.direction.sign < 0
    exposed = open_quantity(ctx, trade)
    if looser and exposed > 0 and all(other.spec.close_position for other in stops_of(ctx, trade)):
        _place_new(ctx, trade, exposed, close_position=False)


def crossed(trigger: Decimal, direction: Direction, mark: Decimal) -> bool:
    """Whether the mark has reached a stop's trigger."""
    return mark <= trigger if direction is Direction.LONG else mark >= trigger


def watch_crossing(ctx: Context, trade: TradeState, mark: Decimal) -> None:
    """Start or forget the watch on a mark beyond the trigger (RULES 6: > 2 s with the position unchanged)."""
    exposed = open_quantity(ctx, trade)
    for stop in stops_of(ctx, trade):
        key = stop.client_id
        if exposed > 0 and stop.armed and crossed(stop.spec.trigger_price, trade.direction, mark):
            if key not in ctx.around.crossed:
                ctx.around.crossed[key] = (ctx.now_ms, exposed)
                ctx.timer(f"stuck:{key}", ctx.now_ms + TRIGGERING_COVERS_MS)
        elif key in ctx.around.crossed:
            del ctx.around.crossed[key]


def watch_triggering(ctx: Context, trade: TradeState) -> None:
    """A stop that began to trigger gets 2 s to show an effect (RULES 6)."""
    for stop in stops_of(ctx, trade):
        if acting(stop):
            until_ms = (stop.triggering_ms or ctx.now_ms) + TRIGGERING_COVERS_MS
            ctx.timer_once(f"stuck:{stop.client_id}", max(until_ms, ctx.now_ms))


def stuck(ctx: Context, client_id: str) -> None:
    """The watchdog's timer: what has not closed the position in 2 s is not going to."""
    stop = ctx.state.algos.get(client_id)
    trade = ctx.state.trades.get(stop.trade_id) if stop is not None else None
    if stop is None or trade is None or not trade.live or trade.symbol in ctx.state.flattens:
        return
    exposed = open_quantity(ctx, trade)
    since = ctx.around.crossed.pop(client_id, None)
    unmoved = since is not None and exposed >= since[1] and stop.armed
    until_ms = (stop.triggering_ms or 0) + TRIGGERING_COVERS_MS
    if acting(stop) and ctx.now_ms < until_ms:
        ctx.timer(f"stuck:{client_id}", until_ms)
    elif exposed > 0 and (acting(stop) or unmoved):
        ctx.alarm(AlarmCode.STUCK_TRIGGER, trade.symbol, f"stop {client_id} did not close the position in 2 s")
        flatten.start(ctx, trade.symbol, "stuck trigger")


def half_time(ctx: Context, trade_id: str) -> None:
    """600 ms without cover: beside an unanswered closePosition stop goes the quantity + reduce-only form (RULES 2)."""
    trade = ctx.state.trades.get(trade_id)
    if trade is None or not trade.live or trade.symbol in ctx.state.flattens:
        return
    exposed = open_quantity(ctx, trade)
    if exposed == 0 or cover_of(ctx, trade, exposed) >= exposed:
        return
    if all(stop.spec.close_position for stop in stops_of(ctx, trade)):
        _place_new(ctx, trade, exposed, close_position=False)
