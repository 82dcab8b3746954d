"""Bugs in targets, flatten loops and the way to a proved close (RULES 2 row partial exit, 5, 7, 11)."""

from __future__ import annotations

from typing import Final

from tests.seeded_bugs.bug import Bug, Edit

BUGS: Final = (
    Bug(
        name="target-resent",
        breaks="A take profit whose outcome is unknown is sent again.",
        rule="RULES 2, I1",
        given={"trouble": ["writes"] * 4},
        seeds=100,
        changes=(
            Edit(
                "core.exits:answered",
                "unknowns.unanswered(ctx, order, outcome.message)",
                "sending.place(ctx, order)",
            ),
        ),
    ),
    Bug(
        name="unknown-target-taken-for-refused",
        breaks="A take profit whose outcome is unknown is replaced by another one.",
        rule="RULES 2",
        changes=(
            Edit(
                "core.exits:answered",
                "unknowns.unanswered(ctx, order, outcome.message)",
                "_later(ctx, trade, ctx.now_ms + RETRY_MS)",
            ),
            Edit("core.exits:_open_part", "if order.live else ZERO", "if order.live and not order.unknown else ZERO"),
        ),
    ),
    Bug(
        name="targets-of-the-plan",
        breaks="Take profits are split from the planned quantity, not from what filled.",
        rule="RULES 11",
        changes=(
            Edit(
                "core.exits:place_targets",
                "split_targets(trade.entry_filled, plan.targets,",
                "split_targets(plan.quantity, plan.targets,",
            ),
            Edit("core.exits:place_targets", "round_quantity(min(missing, free))", "round_quantity(missing)"),
        ),
    ),
    Bug(
        name="targets-exceed-the-position",
        breaks="Take profits add up to more than is open.",
        rule="RULES 11",
        changes=(
            Edit("core.exits:place_targets", "missing = quantity - sum", "missing = quantity * 2 - sum"),
            Edit("core.exits:place_targets", "round_quantity(min(missing, free))", "round_quantity(missing)"),
        ),
    ),
    Bug(
        name="target-at-the-stop-side",
        breaks="Take profits are placed on the side of the entry.",
        rule="RULES 11, I4",
        changes=(
            Edit("core.exits:_place_target", "side=trade.direction.exit_side", "side=trade.direction.entry_side"),
        ),
    ),
    Bug(
        name="target-without-reduce-only",
        breaks="Take profits leave without reduceOnly.",
        rule="RULES 2, I2",
        changes=(
            Edit(
                "binance.requests:_place_order",
                "if spec.reduce_only and",
                "if spec.reduce_only and spec.role is not Role.TARGET and",
            ),
        ),
    ),
    Bug(
        name="target-tried-without-end",
        breaks="A refused take profit is derived anew for ever.",
        rule="RULES 2",
        given={"trouble": ["targets"] * 2},
        changes=(
            Edit(
                "core.exits:place_targets",
                "if len(mine) >= ATTEMPTS or _refused_alike(mine, size) >= SAME_REFUSALS:",
                "if False:",
            ),
        ),
    ),
    Bug(
        name="flatten-once",
        breaks="A flatten sends one close and waits for it for ever.",
        rule="RULES 7",
        changes=(
            Edit("core.flatten:step", "if amount and not _in_flight(ctx, loop):", "if amount and not loop.orders:"),
            Edit(
                "core.flatten:position_read",
                "if _is_newest(ctx, loop, asked_ms) and not _in_flight(ctx, loop):",
                "if not loop.orders:",
            ),
        ),
    ),
    Bug(
        name="flatten-by-remembered-size",
        breaks="A flatten closes what the books say and never reads the position.",
        rule="RULES 7",
        changes=(
            Edit("core.flatten:_known_amount", "if seen is not None and _is_newest(ctx, loop, seen[1]):", "if False:"),
            Edit(
                "core.flatten:position_read",
                "if _is_newest(ctx, loop, asked_ms) and not _in_flight(ctx, loop):",
                "if False:",
            ),
        ),
    ),
    Bug(
        name="flatten-ends-at-one-zero",
        breaks="One read of 0 ends a flatten.",
        rule="RULES 7",
        changes=(Edit("core.flatten:_try_end", "if len(fresh) < 2 or", "if len(fresh) < 1 or"),),
    ),
    Bug(
        name="flatten-ends-with-a-stale-zero",
        breaks="A 0 that was read before the last close was sent ends a flatten.",
        rule="RULES 7",
        changes=(
            Edit(
                "core.flatten:_try_end",
                "fresh = [at for at in zeros if at >= max(last_sent, loop.started_ms)]",
                "fresh = [0, *zeros]",
            ),
            Edit("core.flatten:position_read", "if asked_ms < ctx.around.executed_ms.get(symbol, 0):", "if False:"),
        ),
    ),
    Bug(
        name="flatten-leaves-the-entry",
        breaks="A flatten does not cancel the entry that still works.",
        rule="RULES 7",
        changes=(
            Edit(
                "core.flatten:start",
                'ctx.clear_timer(f"deadline:{trade_id}")\n        kill_entries(ctx, symbol, reason)',
                "pass",
            ),
            Edit("core.supervise:look", 'flatten.kill_entries(ctx, symbol, "the exit has begun")', "pass"),
        ),
    ),
    Bug(
        name="flatten-forgotten-at-restart",
        breaks="A flatten that ran when the process died is not taken up again.",
        rule="RULES 7",
        changes=(Edit("core.engine:_started", 'ctx.timer(f"flatten:{symbol}", ctx.now_ms)', "pass"),),
    ),
    Bug(
        name="close-too-large",
        breaks="A close is sent for twice of what is open.",
        rule="RULES 7",
        changes=(Edit("core.flatten:_send_close", "price = None\n", "price = None\n    quantity = quantity * 2\n"),),
    ),
    Bug(
        name="close-on-the-wrong-side",
        breaks="A flatten buys what it should sell.",
        rule="RULES 7, I4",
        changes=(
            Edit(
                "core.flatten:_send_close",
                "side = Side.SELL if amount > 0 else Side.BUY",
                "side = Side.BUY if amount > 0 else Side.SELL",
            ),
        ),
    ),
    Bug(
        name="close-waits-for-the-throttle",
        breaks="After one close ended badly the flatten waits ten seconds before the next.",
        rule="RULES 2, 7",
        vehicle="hour",
        given={"profile": "hell", "hours": "0.2"},
        changes=(
            Edit(
                "core.flatten:step",
                "(LIMIT_STEP_MS if by_limit else STEP_MS)",
                "10_000",
            ),
        ),
    ),
    Bug(
        name="trade-closed-without-the-venue",
        breaks="A trade is closed without the venue's word that the position is 0.",
        rule="RULES 5, 7",
        seeds=100,
        changes=(Edit("core.exits:_venue_shows_zero", "if _never_at_risk(ctx, trade):", "if True:"),),
    ),
    Bug(
        name="trade-never-closed",
        breaks="A trade whose position is gone gets no closing record.",
        rule="RULES 15, I21",
        changes=(Edit("core.exits:wind_up", "_close(ctx, trade)", "pass"),),
    ),
)
