"""Bugs in states, limits and the daily loss (RULES 9, 11, 12)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from holdfast.model.settings import Limits
from tests.seeded_bugs.bug import Bug, Edit

TIGHT: Final = Limits(max_gross_notional=Decimal(9_000), max_net_notional=Decimal(9_000))
"""Two trades beside each other fit if both are of the smaller size."""
SMALL: Final = Limits(max_order_notional=Decimal(6_000))
POOR: Final = Limits(daily_loss=Decimal(15))

FRESH: Final = Limits(max_mark_age_ms=500)

BUGS: Final = (
    Bug(
        name="halt-keeps-entries",
        breaks="A halt leaves working entries in the book.",
        rule="RULES 9, I15",
        given={"commands": True},
        seeds=60,
        changes=(
            Edit("core.states:_to", 'cancel_entries(ctx, f"{message.what} by {message.by}")', "pass"),
            Edit("core.states:refresh", 'cancel_entries(ctx, "trading is no longer active")', "pass"),
        ),
    ),
    Bug(
        name="halt-not-persisted",
        breaks="A restart begins active, whatever was commanded before.",
        rule="RULES 9, I15",
        changes=(Edit("core.engine:_started", "if ctx.state.commanded is None:", "if True:"),),
    ),
    Bug(
        name="halt-does-not-deny",
        breaks="Entries are admitted in every state.",
        rule="RULES 9, I15",
        changes=(Edit("core.risk_checks_state:not_active", "if view.effective is TradingState.ACTIVE:", "if True:"),),
    ),
    Bug(
        name="resume-without-token",
        breaks="A resume needs no token and no second look.",
        rule="RULES 9",
        changes=(
            Edit(
                "core.states:resume_refusal",
                "if not state.resume_token or token != state.resume_token:",
                "if state.events:\n        return None\n    if not state.resume_token or token != state.resume_token:",
            ),
        ),
    ),
    Bug(
        name="daily-loss-not-latched",
        breaks="The daily loss is measured and nothing follows.",
        rule="RULES 9, P16",
        given={"limits": POOR},
        seeds=120,
        changes=(
            Edit("core.states:check_losses", "if breach is not None and not ctx.state.loss_latched:", "if False:"),
        ),
    ),
    Bug(
        name="entries-before-reconciliation",
        breaks="A new process admits entries before it has compared itself with the venue.",
        rule="RULES 9, P10",
        changes=(
            Edit("core.states:health", "not around.reconciled,", "False,"),
            Edit("core.risk_checks_state:not_reconciled", "if draft.view.reconciled:", "if True:"),
        ),
    ),
    Bug(
        name="entries-on-broken-disk",
        breaks="Entries leave although the journal cannot be written.",
        rule="RULES 8, I2",
        given={"kills": True, "bad_disk": True},
        changes=(
            Edit("core.engine:_journal_changed", "ctx.around.journal_ok = message.ok", "ctx.around.journal_ok = True"),
            Edit("service.unjournalled:may_leave", "return effect.timestamp_ms is None and", "return True or"),
        ),
    ),
    Bug(
        name="limit-clamps",
        breaks="An order above a limit is made smaller instead of denied.",
        rule="RULES 11",
        given={"limits": SMALL},
        changes=(
            Edit(
                "core.risk_draft:fill_sizes",
                "quantity = max(wanted, smallest_of(draft))",
                "wanted = min(wanted, sizing.round_down("
                "sizing.Wanted(draft.limits.max_order_notional, prices.worst), draft.instrument))\n"
                "    quantity = max(wanted, smallest_of(draft))",
            ),
        ),
    ),
    Bug(
        name="risk-counts-what-filled",
        breaks="Working and unknown entries count as nothing in the limits.",
        rule="RULES 3, I14",
        given={"limits": TIGHT},
        changes=(Edit("core.view:_worst", "return exposed + working", "return exposed"),),
    ),
    Bug(
        name="gross-limit-ignored",
        breaks="The limit on everything that is open is not asked for.",
        rule="P14, I14",
        given={"limits": TIGHT},
        changes=(Edit("core.risk_checks_size:gross_limit", "if gross + draft.sizes.notional <= most:", "if True:"),),
    ),
    Bug(
        name="old-mark-taken",
        breaks="A verdict may rest on a mark price of any age.",
        rule="P10, I22",
        given={"limits": FRESH},
        changes=(Edit("core.risk_checks_state:mark_stale", "view.mark_age_ms <= most", "view.mark_age_ms >= 0"),),
    ),
    Bug(
        name="size-rounded-up",
        breaks="A size that is between two steps is rounded up.",
        rule="RULES 11",
        changes=(
            Edit(
                "core.sizing:round_down",
                "return numerator // per_step * step + origin",
                "return (numerator // per_step + bool(numerator % per_step)) * step + origin",
            ),
        ),
    ),
    Bug(
        name="size-in-floats",
        breaks="A size is worked out in floats and lies off the grid.",
        rule="house rule, I16",
        changes=(
            Edit(
                "core.sizing:round_down",
                "return numerator // per_step * step + origin",
                "return type(step)(str(float(numerator) / float(per_step))) * step + origin",
            ),
        ),
    ),
    Bug(
        name="risk-without-fees",
        breaks="A size by risk leaves the fees out.",
        rule="RULES 11",
        changes=(
            Edit(
                "core.sizing:risk_per_unit",
                "return abs(cap - stop) + taker_fee * (cap + stop)",
                "return abs(cap - stop)",
            ),
        ),
    ),
    Bug(
        name="cap-rounded-away-from-the-touch",
        breaks="The worst price of a market entry is rounded away from the touch.",
        rule="RULES 11",
        changes=(
            Edit(
                "core.pricing:market_cap",
                "return instrument.round_price(touch + allowance, up=False)",
                "return instrument.round_price(touch + allowance, up=True)",
            ),
        ),
    ),
    Bug(
        name="stop-rounded-away",
        breaks="A stop is rounded away from the entry.",
        rule="RULES 11",
        changes=(
            Edit(
                "model.instrument:Instrument.round_stop",
                "up=direction is Direction.LONG",
                "up=direction is not Direction.LONG",
            ),
        ),
    ),
    Bug(
        name="stop-percent-of-the-cap",
        breaks="A stop in percent is taken twice as far as asked for.",
        rule="RULES 11",
        changes=(
            Edit("core.pricing:raw_stop", "shift = mid * stop.pct * PERCENT", "shift = mid * stop.pct * PERCENT * 2"),
        ),
    ),
)
