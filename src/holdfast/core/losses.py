"""The daily loss: since UTC midnight, and over the last 24 hours (RULES 9, P16).

Loss = −(realised profit + fees + funding in the window + change of unrealised profit). Transfers are not trading and
never count. Money rows are the venue's own income records, so a loss during downtime is found at boot. Rows of
another asset than the account's margin asset (a fee paid in BNB) are not converted and therefore not part of the sum;
the gate refuses entries on symbols that are margined in another asset.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from holdfast.model.num import PERCENT, ZERO, divide
from holdfast.model.settings import Limits

DAY_MS: Final = 86_400_000

TRANSFERS: Final = frozenset(
    {
        "TRANSFER",
        "INTERNAL_TRANSFER",
        "CROSS_COLLATERAL_TRANSFER",
        "STRATEGY_UMFUTURES_TRANSFER",
        "COIN_SWAP_DEPOSIT",
        "COIN_SWAP_WITHDRAW",
        "AUTO_EXCHANGE",
        "WELCOME_BONUS",
        "CONTEST_REWARD",
        "REFERRAL_KICKBACK",
    }
)
"""Income types that move money without trading. A gift is among them: it must not hide a loss."""

MoneyRow = tuple[int, str, Decimal]
"""(venue ms, asset, amount): profit, fee or funding; negative is paid."""


class Losses(NamedTuple):
    """Both windows, in the asset asked for. Positive is a loss, negative a gain."""

    today: Decimal
    rolling: Decimal


class LossBreach(NamedTuple):
    """A reached limit: the loss, the limit, and which window ("today" or "24h")."""

    loss: Decimal
    limit: Decimal
    window: str


def counts(income_type: str) -> bool:
    """Whether an income row is part of the trading result."""
    return income_type not in TRANSFERS


def midnight_ms(now_ms: int) -> int:
    """The last UTC midnight at or before `now_ms`."""
    return now_ms - now_ms % DAY_MS


def day_of(now_ms: int) -> str:
    """The UTC date, "2025-11-21", computed from the day number (proleptic Gregorian calendar)."""
    shifted = now_ms // DAY_MS + 719_468
    era, day_of_era = divmod(shifted, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month_index = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month_index + 2) // 5 + 1
    month = month_index + 3 if month_index < 10 else month_index - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return f"{year:04d}-{month:02d}-{day:02d}"


def measure(
    *, now_ms: int, asset: str, money: Iterable[MoneyRow], unrealized: Decimal, unrealized_at_midnight: Decimal | None
) -> Losses:
    """The loss of both windows.

    `unrealized` is the open profit now. Where the open profit at midnight is unknown (and for the rolling window,
    whose start nobody recorded) an open loss counts in full and an open gain counts for nothing.
    """
    today_from, rolling_from = midnight_ms(now_ms), now_ms - DAY_MS
    today = rolling = ZERO
    for at_ms, row_asset, amount in money:
        if row_asset != asset or at_ms > now_ms:
            continue
        if at_ms >= today_from:
            today += amount
        if at_ms > rolling_from:
            rolling += amount
    careful = min(unrealized, ZERO)
    change = careful if unrealized_at_midnight is None else unrealized - unrealized_at_midnight
    return Losses(today=-(today + change), rolling=-(rolling + careful))


def loss_limit(limits: Limits, base_equity: Decimal | None) -> Decimal | None:
    """The amount that may be lost: the smaller of the absolute limit and the share of the base equity.

    None when no limit is configured. With a percent limit and an unknown base only the absolute one is left.
    """
    found = [limits.daily_loss] if limits.daily_loss is not None else []
    if limits.daily_loss_pct is not None and base_equity is not None:
        found.append(divide(base_equity * limits.daily_loss_pct, PERCENT))
    return min(found, default=None)


def breached(losses: Losses, limits: Limits, base_equity: Decimal | None) -> LossBreach | None:
    """The limit that is reached, if any. A loss of exactly the limit reaches it."""
    limit = loss_limit(limits, base_equity)
    if limit is None:
        return None
    for window, loss in (("today", losses.today), ("24h", losses.rolling)):
        if loss > 0 and loss >= limit:
            return LossBreach(loss, limit, window)
    return None


def recent(money: Iterable[MoneyRow], now_ms: int) -> list[MoneyRow]:
    """The rows that a window can still reach, in their order. At most 24 hours are kept."""
    return [row for row in money if row[0] > now_ms - DAY_MS]
