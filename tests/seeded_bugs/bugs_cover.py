"""Bugs in cover: the stop, its repair and its watch (RULES 2 row stop, 5, 6, 12)."""

from __future__ import annotations

from typing import Final

from holdfast.core.responses import Reaction
from holdfast.model.ids import Role
from holdfast.model.reasons import Outcome
from tests.seeded_bugs.bug import Bug, Edit, Row

BUGS: Final = (
    Bug(
        name="stop-on-the-wrong-side",
        breaks="The stop is placed on the side of the entry.",
        rule="RULES 5, I16",
        changes=(
            Edit("core.sending:backstop_spec", "side=trade.direction.exit_side", "side=trade.direction.entry_side"),
        ),
    ),
    Bug(
        name="stop-wider-than-planned",
        breaks="The stop is placed two percent further away than the plan says.",
        rule="RULES 5, I16",
        changes=(
            Edit(
                "core.sending:backstop_spec",
                "trigger_price=trade.plan.stop_price",
                "trigger_price=ctx.instrument(trade.symbol).round_stop("
                "trade.plan.stop_price * (50 - trade.direction.sign) / 50, trade.direction)",
            ),
        ),
    ),
    Bug(
        name="stop-of-a-part",
        breaks="A stop with a quantity covers half of the position, and is taken for cover of the whole.",
        rule="RULES 5, I3",
        changes=(
            Edit(
                "core.protection:_place_new",
                "quantity_stop_spec(ctx, trade, exposed)",
                "quantity_stop_spec(ctx, trade, ctx.instrument(trade.symbol).round_quantity(exposed / 2))",
            ),
            Edit("core.exposure:cover_of", "covered += stop.spec.quantity or ZERO", "return exposed"),
        ),
    ),
    Bug(
        name="bookkeeping-before-protection",
        breaks="A position is protected when the balance that it left has been read.",
        rule="RULES 5, I3",
        changes=(
            Edit(
                "core.supervise:_open",
                "protection.ensure_cover(ctx, trade, exposed)",
                "if (ctx.around.account_ms or 0) < (trade.evidence_ms or 0):\n        return\n"
                "    protection.ensure_cover(ctx, trade, exposed)",
            ),
        ),
    ),
    Bug(
        name="cover-waits-for-the-disk",
        breaks="The stop leaves only when the disk has taken the records of its step.",
        rule="RULES 8, I3",
        given={"disk_ms": (0, 0, 2_500)},
        changes=(
            Edit(
                "core.protection:ensure_cover",
                "sending.send_again(ctx, stops[0], preauthorised=True)",
                "sending.send_again(ctx, stops[0], preauthorised=False)",
            ),
        ),
    ),
    Bug(
        name="stop-never-placed",
        breaks="Nobody sends the stop; the deadline flattens every position.",
        rule="RULES 5",
        changes=(
            Edit("core.protection:ensure_cover", "sending.send_again(ctx, stops[0], preauthorised=True)", "return"),
            Edit("core.protection:half_time", "if exposed == 0 or", "if exposed >= 0 or"),
        ),
    ),
    Bug(
        name="no-deadline",
        breaks="A position that cannot be covered within a second is not flattened.",
        rule="DESIGN §4, I3",
        given={"trouble": ["covers"] * 2},
        changes=(
            Edit(
                "core.protection:deadline",
                "if exposed > 0 and cover_of(ctx, trade, exposed) < exposed:",
                "if False:",
            ),
        ),
    ),
    Bug(
        name="no-other-form",
        breaks="A stop that is refused is not tried in its other form, nor flattened.",
        rule="RULES 2",
        given={"trouble": ["covers"] * 2},
        changes=(
            Row("core.responses:DEFAULTS", (Role.STOP, Outcome.REJECTED), Reaction.TAKE_EVIDENCE),
            Edit(
                "core.protection:deadline",
                "if exposed > 0 and cover_of(ctx, trade, exposed) < exposed:",
                "if False:",
            ),
        ),
    ),
    Bug(
        name="crossed-stop-tried-again",
        breaks="A stop that would trigger at once is sent again and again; nothing is flattened.",
        rule="RULES 2",
        given={"trouble": ["covers"] * 2},
        changes=(
            Row("core.responses:BY_CODE", (Role.STOP, -2021), Reaction.STOP_SAME_AGAIN),
            Edit(
                "core.protection:deadline",
                "if exposed > 0 and cover_of(ctx, trade, exposed) < exposed:",
                "if False:",
            ),
        ),
    ),
    Bug(
        name="unknown-stop-taken-for-placed",
        breaks="A stop whose outcome is unknown counts as placed and is not sent again.",
        rule="RULES 2, I3",
        changes=(
            Edit(
                "core.protection:answered",
                "if outcome.outcome is Outcome.UNKNOWN and not unknowns.unanswered(ctx, stop, outcome.message):",
                "if outcome.outcome is Outcome.UNKNOWN:",
            ),
            Edit(
                "core.exposure:_covers",
                "if stop.status is AlgoStatus.ARMED:",
                "if stop.status in (AlgoStatus.ARMED, AlgoStatus.SENT):",
            ),
        ),
    ),
    Bug(
        name="existing-stop-not-compared",
        breaks="−4130 says that some stop exists; whose it is, nobody looks.",
        rule="RULES 2, I3",
        changes=(
            Edit(
                "core.protection:compare",
                "if exposed > 0 and (used_up or (alone and stop.spec.close_position)):",
                "if False:",
            ),
            Edit(
                "core.exposure:_covers",
                "if stop.status is AlgoStatus.ARMED:",
                "if stop.status in (AlgoStatus.ARMED, AlgoStatus.SENT):",
            ),
        ),
    ),
    Bug(
        name="algo-asked-for-as-an-order",
        breaks="A conditional order is looked up where plain orders are.",
        rule="RULES 6",
        changes=(
            Edit(
                "core.sending:query",
                "kind=ReadKind.ALGO if isinstance(order, AlgoState) else ReadKind.ORDER",
                "kind=ReadKind.ORDER",
            ),
        ),
    ),
    Bug(
        name="algo-cancelled-as-an-order",
        breaks="A conditional order is cancelled where plain orders are.",
        rule="RULES 6, I5",
        changes=(Edit("binance.requests:cancel", "if effect.algo:", "if False:"),),
    ),
    Bug(
        name="triggering-covers-for-ever",
        breaks="A stop that hangs in its trigger counts as cover without end.",
        rule="RULES 5, 6, I3",
        seeds=100,
        changes=(
            Edit(
                "core.exposure:_covers",
                "ctx.now_ms - stop.triggering_ms <= TRIGGERING_COVERS_MS",
                "stop.triggering_ms > 0",
            ),
            Edit("core.protection:stuck", "elif exposed > 0 and (acting(stop) or unmoved):", "elif False:"),
        ),
    ),
    Bug(
        name="watch-finds-nothing",
        breaks="What the coverage watch reports is not looked at.",
        rule="RULES 12, I3",
        seeds=100,
        changes=(
            Edit(
                "core.coverage:checked",
                "for algo in report.algos:",
                "if report.ok:\n        return\n    for algo in report.algos:",
            ),
        ),
    ),
    Bug(
        name="no-repair",
        breaks="A stop that the venue's list does not show is not placed again.",
        rule="RULES 12, I3",
        changes=(Edit("core.coverage:_suspect", "ctx.around.suspected[stop.client_id] = ctx.now_ms", "return"),),
    ),
    Bug(
        name="cancelled-stop-not-replaced",
        breaks="A stop that somebody cancelled is not placed again, and the position is left without.",
        rule="RULES 5, I3",
        changes=(
            Edit(
                "core.protection:_see_to",
                "elif last.status is AlgoStatus.CANCELLED and not last.cancel_asked:",
                "elif last.status is AlgoStatus.CANCELLED:\n        return\n    elif False:",
            ),
            Edit(
                "core.protection:deadline",
                "if exposed > 0 and cover_of(ctx, trade, exposed) < exposed:",
                "if False:",
            ),
            Edit("core.protection:half_time", "if exposed == 0 or", "if exposed >= 0 or"),
        ),
    ),
    Bug(
        name="stop-cancelled-for-a-close",
        breaks="A close that is refused cancels the stop to free quantity.",
        rule="RULES 5, 7, I17",
        given={"trouble": ["closes"] * 3},
        changes=(
            Edit(
                "core.flatten:_free_targets",
                "ctx.state.orders_of(trade, Role.TARGET)",
                "ctx.state.orders_of(trade, Role.STOP)",
            ),
        ),
    ),
    Bug(
        name="live-stop-swept",
        breaks="The sweep takes the stop of a living trade for a left-over.",
        rule="RULES 8, I17",
        changes=(
            Edit(
                "core.coverage:_sweep",
                "closed = trade is not None and not trade.live",
                "closed = trade is not None",
            ),
        ),
    ),
    Bug(
        name="stop-left-after-the-close",
        breaks="The stop stays at the venue when its position is closed.",
        rule="RULES 5, I5",
        changes=(Edit("core.exits:_remove", 'sending.cancel(ctx, order, "the position is closed")', "return"),),
    ),
    Bug(
        name="cancel-refused-taken-for-gone",
        breaks="−2011 on a cancel is taken for the order's end.",
        rule="RULES 1, 2",
        seeds=100,
        changes=(
            Edit(
                "core.evolve_orders:cancel_answered",
                "order.pending = machine.advance_pending(order.pending, request)",
                "order.pending = machine.advance_pending(order.pending, request)\n"
                "    if event.code == -2011:\n"
                "        cancelled = machine.OrderStatus if isinstance(order, OrderState) else machine.AlgoStatus\n"
                "        order.status = cancelled.CANCELLED",
            ),
        ),
    ),
    Bug(
        name="cancel-never-repeated",
        breaks="A cancel whose outcome is unknown is not followed up.",
        rule="RULES 2",
        changes=(Edit("core.engine:_cancel_due", "if order is None or not order.live:", "if True:"),),
    ),
)
