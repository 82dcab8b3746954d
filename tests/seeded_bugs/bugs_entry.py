"""Bugs in what becomes of an intent and its entry: once, never again, in time (RULES 1, 2, 3, 4, 8, 10)."""

from __future__ import annotations

from typing import Final

from tests.seeded_bugs.bug import Bug, Edit

BUGS: Final = (
    Bug(
        name="dedupe-dropped",
        breaks="An intent that is delivered again is judged again.",
        rule="I1, DESIGN once",
        changes=(
            Edit(
                "core.intake:received",
                "if known is not None:",
                "if known is not None and known.content_hash != message.content_hash:",
            ),
        ),
    ),
    Bug(
        name="other-content-judged",
        breaks="Other content under a used id is judged as if it were a new intent.",
        rule="RULES 17",
        changes=(
            Edit(
                "core.intake:received",
                "if known is not None:",
                "if known is not None and known.content_hash == message.content_hash:",
            ),
        ),
    ),
    Bug(
        name="entry-again-after-unknown",
        breaks="An entry whose outcome is unknown is followed by another one.",
        rule="RULES 2, I1",
        given={"trouble": ["writes"] * 4},
        changes=(
            Edit(
                "core.entry:answered",
                "unknowns.unanswered(ctx, order, outcome.message)",
                'ctx.timer(f"retry:{trade.plan.trade_id}", ctx.now_ms + 50)',
            ),
        ),
    ),
    Bug(
        name="entry-resent-under-its-id",
        breaks="An entry whose outcome is unknown is sent again under the same id.",
        rule="RULES 2, I1",
        given={"trouble": ["writes"] * 4},
        changes=(
            Edit(
                "core.entry:answered",
                "unknowns.unanswered(ctx, order, outcome.message)",
                "sending.place(ctx, order)",
            ),
        ),
    ),
    Bug(
        name="entry-retried-without-end",
        breaks="An entry that the venue did not look at, or throttled, is tried again and again.",
        rule="RULES 2",
        given={"trouble": ["writes"] * 4},
        changes=(Edit("core.entry:_retry", "order.n == 1 and ", ""),),
    ),
    Bug(
        name="unreadable-taken-for-rejected",
        breaks="A torn connection or a page that is no answer is taken for a rejection.",
        rule="RULES 1, I11",
        given={"trouble": ["writes"] * 4},
        changes=(
            Edit(
                "binance.outcomes:_kind",
                "if not answer.parsed:\n        return Outcome.UNKNOWN",
                "if not answer.parsed:\n        return Outcome.REJECTED",
            ),
        ),
    ),
    Bug(
        name="unknown-text-taken-for-rejected",
        breaks="503 with the text that the outcome is unknown is taken for a rejection.",
        rule="RULES 1, I11",
        given={"trouble": ["writes"] * 4},
        changes=(
            Edit(
                "binance.outcomes:_kind",
                "UNKNOWN_TEXTS):\n        return Outcome.UNKNOWN",
                "UNKNOWN_TEXTS):\n        return Outcome.REJECTED",
            ),
        ),
    ),
    Bug(
        name="minus-1007-taken-for-rejected",
        breaks="−1007, a timeout at the venue, is taken for a rejection.",
        rule="RULES 1, I11",
        given={"trouble": ["writes"] * 4},
        changes=(
            Edit(
                "binance.outcomes:_kind",
                "if answer.status == 200:",
                "if answer.code == -1007:\n        return Outcome.REJECTED\n    if answer.status == 200:",
            ),
        ),
    ),
    Bug(
        name="minus-1008-taken-for-rejected",
        breaks="−1008, an overloaded venue, is taken for a rejection.",
        rule="RULES 1",
        given={"trouble": ["writes"] * 4},
        changes=(
            Edit(
                "binance.outcomes:_kind",
                "if answer.status == 200:",
                "if answer.code == -1008:\n        return Outcome.REJECTED\n    if answer.status == 200:",
            ),
        ),
    ),
    Bug(
        name="bare-429-taken-for-throttled",
        breaks="A 429, 418 or 403 page without a body is taken for the proof that nothing was done.",
        rule="RULES 1",
        given={"trouble": ["pages"] * 3},
        changes=(
            Edit(
                "binance.outcomes:_kind",
                "if not answer.parsed:\n        return Outcome.UNKNOWN",
                "if not answer.parsed:\n"
                "        return Outcome.THROTTLED if answer.status in (429, 418, 403) else Outcome.UNKNOWN",
            ),
        ),
    ),
    Bug(
        name="entry-stamped-when-sent",
        breaks="Entries are signed with the time at which they leave, so that a late process can still act.",
        rule="RULES 8, I2",
        changes=(Edit("core.sending:place", "order.timestamp_ms if bounded else None", "None"),),
    ),
    Bug(
        name="recv-window-of-an-hour",
        breaks="Every request is signed with a window of a minute, whatever its record says.",
        rule="RULES 8, I2",
        changes=(Edit("binance.requests:rest_message", "recvWindow={recv_window_ms}", "recvWindow=60000"),),
    ),
    Bug(
        name="two-trades-on-a-symbol",
        breaks="A second trade is admitted on a symbol that has one.",
        rule="RULES 4",
        changes=(
            Edit(
                "core.risk_checks_state:position_exists",
                "return None if draft.view.live_trade is None else _live_trade(draft, draft.direction)",
                "return None",
            ),
            Edit(
                "core.evolve:_open_trade",
                'assert plan.symbol not in state.live_trades, "invariant: one live trade per symbol"',
                "pass",
            ),
        ),
    ),
    Bug(
        name="quarantine-skipped",
        breaks="A symbol takes the next entry while orders of the last trade may still act.",
        rule="RULES 4",
        changes=(Edit("core.flatten:quarantine", "if until_ms <= ctx.now_ms and not live:", "if orders is not None:"),),
    ),
    Bug(
        name="time-to-live-ignored",
        breaks="A resting entry stays after its time to live.",
        rule="RULES 10",
        changes=(
            Edit("core.entry:time_is_up", 'flatten.kill_entries(ctx, trade.symbol, "time to live is over")', "return"),
        ),
    ),
    Bug(
        name="unknown-forgotten-at-restart",
        breaks="What was in flight when a process died is not asked for by the next one.",
        rule="RULES 3",
        given={"kills": True},
        changes=(
            Edit("core.unknowns:restart", "elif order.pending is Pending.PLACE:", "elif False:"),
            Edit("core.unknowns:overdue", "if order is not None and", "if False and"),
        ),
    ),
    Bug(
        name="absent-after-one-look",
        breaks="One answer that does not show an entry is taken for the proof that it was never placed.",
        rule="RULES 3, I11",
        changes=(
            Edit(
                "core.unknowns:proved_absent",
                "if not ctx.around.user_stream:\n        return False",
                "if order.absences:\n        return True",
            ),
        ),
    ),
    Bug(
        name="absent-before-the-window-ends",
        breaks="Never placed is concluded while the request may still arrive.",
        rule="RULES 3, I11",
        changes=(
            Edit(
                "core.unknowns:_window_ends",
                "return order.timestamp_ms + order.recv_window_ms + GRACE_MS",
                "return order.timestamp_ms",
            ),
            Edit("core.unknowns:_counted", "last is None or at - last >= SPACING_MS", "True"),
        ),
    ),
    Bug(
        name="absence-taken-for-a-fill",
        breaks="An entry that a query does not show is taken for filled.",
        rule="RULES 3, I6",
        changes=(
            Edit(
                "core.evolve_orders:absence_noted",
                "order.absences.setdefault(event.endpoint, []).append(event.asked_ms)",
                "order.executed = order.spec.quantity\n"
                "    order.status = machine.OrderStatus.FILLED if isinstance(order, OrderState) else order.status",
            ),
        ),
    ),
    Bug(
        name="late-entry-ignored",
        breaks="An entry that surfaces after it was shown absent is left alone.",
        rule="RULES 3, I11",
        given={"trouble": ["ghosts"] * 3},
        seeds=100,
        changes=(Edit("core.evidence:_order_changed", "if surfaced and order.role is Role.ENTRY:", "if False:"),),
    ),
    Bug(
        name="entry-remainder-lives-on",
        breaks="The entry's remainder is left working when the exit has begun.",
        rule="RULES 5",
        changes=(
            Edit("core.supervise:look", 'flatten.kill_entries(ctx, symbol, "the exit has begun")', "pass"),
            Edit(
                "core.flatten:start",
                'ctx.clear_timer(f"deadline:{trade_id}")\n        kill_entries(ctx, symbol, reason)',
                "pass",
            ),
        ),
    ),
    Bug(
        name="entry-of-another-size",
        breaks="The entry is sent for a step more than was planned.",
        rule="I2",
        changes=(
            Edit(
                "binance.requests:_place_order",
                'params["quantity"] = num.text(spec.quantity)',
                'params["quantity"] = num.text(spec.quantity * 2 if spec.role is Role.ENTRY else spec.quantity)',
            ),
        ),
    ),
    Bug(
        name="intent-result-never-told",
        breaks="An entry that filled nothing gets no result.",
        rule="RULES 15, I21",
        changes=(
            Edit("core.exits:_publish_intent", "results.publish_opening(ctx, trade, status, code, reason)", "return"),
        ),
    ),
    Bug(
        name="result-told-twice",
        breaks="An intent's result is published again when the trade is wound up.",
        rule="RULES 15, I21",
        changes=(
            Edit("core.results:publish_opening", "if record.result is not None:", "if False:"),
            Edit(
                "core.evolve:_result_published",
                'assert record.result is None, "invariant: one terminal result per intent"',
                "pass",
            ),
        ),
    ),
)
