"""Bugs in evidence and books: fills, fees, funding, positions, strangers (RULES 4, 6, 15)."""

from __future__ import annotations

from typing import Final

from holdfast.core.order_machine import ORDER_TABLE, Signal
from holdfast.model.orders import OrderStatus
from tests.seeded_bugs.bug import Bug, Edit, Row

BUGS: Final = (
    Bug(
        name="fill-booked-twice",
        breaks="An execution that is told again is booked again.",
        rule="I8",
        changes=(
            Edit("core.evidence:take_fill", "if known is not None:", "if known is not None and not known.complete:"),
            Edit(
                "core.evolve_money:fill_booked",
                'assert key not in state.fills, "invariant: a fill is booked once"',
                "pass",
            ),
        ),
    ),
    Bug(
        name="fills-of-the-child-ignored",
        breaks="Executions of the order that a stop spawned are not booked.",
        rule="RULES 6, I6",
        changes=(
            Edit(
                "core.evidence:_book",
                'assert order is not None, "invariant: a booked fill has its order"',
                "if isinstance(order, AlgoState):\n        return",
            ),
        ),
    ),
    Bug(
        name="late-fill-after-cancel-ignored",
        breaks="An execution that is told after its order's cancel is not booked.",
        rule="I8, I9",
        given={"trouble": ["stream"] * 2},
        seeds=200,
        changes=(
            Edit(
                "core.evidence:_book",
                'assert order is not None, "invariant: a booked fill has its order"',
                "if isinstance(order, OrderState) and order.status is OrderStatus.CANCELLED:\n        return",
            ),
        ),
    ),
    Bug(
        name="short-fills-counted-long",
        breaks="A sale adds to the position.",
        rule="I6",
        changes=(
            Edit(
                "core.evolve_money:fill_booked",
                "fill.quantity if fill.side is Side.BUY else -fill.quantity",
                "fill.quantity",
            ),
        ),
    ),
    Bug(
        name="fills-without-price",
        breaks="Only the last price of an order is kept for all its executions.",
        rule="I7",
        changes=(
            Edit(
                "core.evolve_money:_book_on_trade",
                "trade.exit_value += value",
                "trade.exit_value = trade.exit_filled * fill.price",
            ),
        ),
    ),
    Bug(
        name="fee-dropped",
        breaks="The fee of an execution is not booked.",
        rule="I7",
        changes=(Edit("core.evolve_money:_book_money", "add(trade.fees, fill.fee_asset, fill.fee)", "pass"),),
    ),
    Bug(
        name="late-fee-dropped",
        breaks="A fee that is told after its execution is not booked.",
        rule="I7",
        changes=(Edit("core.evolve_money:fill_completed", "add(trade.fees, event.fee_asset, event.fee)", "pass"),),
    ),
    Bug(
        name="profit-dropped",
        breaks="The realised profit of an execution is not booked.",
        rule="I7",
        changes=(Edit("core.evolve_money:_book_money", "add(trade.gross, asset, fill.realized)", "pass"),),
    ),
    Bug(
        name="funding-dropped",
        breaks="Funding is booked on nobody.",
        rule="I7",
        changes=(
            Edit(
                "core.income:book", 'owner = trade.plan.trade_id if trade is not None and owned else ""', 'owner = ""'
            ),
        ),
    ),
    Bug(
        name="funding-never-read",
        breaks="The income record is not read, so funding whose event was lost is never known.",
        rule="I7",
        changes=(Edit("core.income:take", "for row in answer.incomes:", "for row in ():"),),
    ),
    Bug(
        name="net-adds-the-fees",
        breaks="The result of a trade adds its fees.",
        rule="I7, RULES 15",
        changes=(Edit("core.results:publish_trade", "- trade.fees.get(asset, ZERO)", "+ trade.fees.get(asset, ZERO)"),),
    ),
    Bug(
        name="stale-snapshot-wins",
        breaks="A position read that was overtaken by executions replaces what the books say.",
        rule="I6",
        changes=(
            Edit("core.foreign:see_position", "if known is not None and known[1] > asked_ms:", "if False:"),
            Edit(
                "core.foreign:see_position",
                "if asked_ms - first >= PATIENCE_MS and _all_told(ctx, row.symbol, first):",
                "if True:",
            ),
        )[1:],
    ),
    Bug(
        name="foreign-execution-taken-for-ours",
        breaks="What a stranger executes on the account is booked on our trade.",
        rule="RULES 4, I26",
        given={"humans": True, "on_foreign": "ignore"},
        seeds=100,
        changes=(
            Edit(
                "core.foreign:_taken",
                "return min(max(ZERO, fill.quantity - own), exposure.booked(ctx, trade))",
                "return fill.quantity",
            ),
        ),
    ),
    Bug(
        name="stranger-not-attributed",
        breaks="An execution of a stranger is dropped.",
        rule="I26",
        changes=(Edit("core.evidence:take_fill", "foreign.book(ctx, fill, client_id)", "pass"),),
    ),
    Bug(
        name="strangers-position-ignored",
        breaks="A quantity that is not ours does not stop entries.",
        rule="RULES 4",
        changes=(
            Edit(
                "core.risk_checks_state:foreign_position",
                'if not amount or (policy == "ignore" and amount * draft.direction.sign > 0):',
                "if True:",
            ),
        ),
    ),
    Bug(
        name="ended-order-works-again",
        breaks="An order that was cancelled works again when an older report arrives.",
        rule="I10",
        given={"trouble": ["stream"] * 3},
        seeds=200,
        changes=(
            Row(
                "core.order_machine:ORDER_TABLE",
                OrderStatus.CANCELLED,
                {**ORDER_TABLE[OrderStatus.CANCELLED], Signal.WORKING: OrderStatus.WORKING},
            ),
            Row(
                "core.order_machine:ORDER_TABLE",
                OrderStatus.FILLED,
                {**ORDER_TABLE[OrderStatus.FILLED], Signal.WORKING: OrderStatus.WORKING},
            ),
        ),
    ),
    Bug(
        name="gap-not-reconciled",
        breaks="Nothing is read when the user stream comes back.",
        rule="I9, fault B1",
        given={"trouble": ["stream"] * 2},
        seeds=40,
        changes=(
            Edit(
                "core.engine:_link_changed",
                "if ctx.around.started_ms:\n            reconcile.begin(ctx)",
                "ctx.around.gap = False",
            ),
        ),
    ),
    Bug(
        name="failed-read-taken-for-nothing",
        breaks="A list that could not be read is taken for an empty one.",
        rule="RULES 12",
        given={"trouble": ["reads"] * 4},
        seeds=100,
        changes=(Edit("core.reconcile:_flatten", "if not answer.ok:", "if False:"),),
    ),
    Bug(
        name="lost-executions-not-fetched",
        breaks="Executions and fees that the stream owes are not asked for.",
        rule="I9",
        given={"trouble": ["stream"] * 4},
        changes=(
            Edit("core.exits:ask_trades", 'if f"trades:{symbol}" not in ctx.around.timers:', "if False:"),
            Edit("core.state:EngineState.feeless", "return since", "return {}"),
        ),
    ),
    Bug(
        name="state-kept-past-the-journal",
        breaks="A decision is kept in the state past the journal.",
        rule="I18",
        changes=(
            Edit(
                "core.protection:_covered",
                "ctx.clear_alarm(AlarmCode.UNPROTECTED, trade.symbol)",
                "trade.entry_dead = True",
            ),
        ),
    ),
    Bug(
        name="snapshot-forgets-quarantines",
        breaks="A snapshot loses the quarantines.",
        rule="I18",
        given={"kills": True},
        seeds=200,
        changes=(
            Edit(
                "core.engine:Engine.load",
                "self.state = _decoder.decode(data)",
                "self.state = _decoder.decode(data)\n    self.state.quarantines.clear()",
            ),
        ),
    ),
    Bug(
        name="process-in-the-fold",
        breaks="The fold takes something from the process that no record holds.",
        rule="I18",
        changes=(
            Edit(
                "core.evolve:_phase_changed",
                "trade.phase_reason = event.reason",
                'trade.phase_reason = f"{event.reason} {id(event) % 7}"',
            ),
        ),
    ),
)
