"""Money is neither made nor lost: all wallets, purses and open profits of the venue sum to zero."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.model.num import ZERO
from holdfast.paper.exchange import Exchange
from tests.paper.test_laws import STEP, Life
from tests.paper.trading.test_liquidation import two_accounts

FUNDING = st.fixed_dictionaries({"do": st.just("funding"), "rate": st.integers(-50, 50)})
GAP = st.fixed_dictionaries({"do": st.just("gap"), "by": st.integers(-9000, 9000)})
MARGIN = st.fixed_dictionaries(
    {"do": st.just("margin"), "type": st.sampled_from([1, 2]), "amount": st.integers(1, 500)}
)
OTHER = st.fixed_dictionaries(
    {"do": st.just("other"), "side": st.sampled_from(["BUY", "SELL"]), "qty": st.integers(1, 300)}
)
STEPS = st.lists(st.one_of(STEP, STEP, STEP, STEP, FUNDING, GAP, MARGIN, OTHER), min_size=10, max_size=40)


class MoneyLife(Life):
    """Two accounts, a small insurance fund, and everything that moves money."""

    def __init__(self, *, isolated: bool) -> None:
        self.desk = two_accounts("300")
        self.desk.control("fund", amount="4000", account="paper")
        self.desk.listen()
        self.price = 80_000
        if isolated:
            self.desk.order(side="SELL", quantity="0.200")
            assert self.desk.call("POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED").status == 200

    def do_funding(self, step: dict[str, Any]) -> None:
        """A funding instant comes and goes."""
        due_ms = self.desk.now_us // 1000 + 1000
        self.desk.mark(str(self.price), rate=str(Decimal(step["rate"]) / 10_000), next_funding_ms=due_ms)
        self.desk.wait(1_000_000)

    def do_gap(self, step: dict[str, Any]) -> None:
        """The market jumps."""
        self.price = max(self.price + step["by"], 20_000)
        self.do_move({"by": 0, "qty": 200})

    def do_margin(self, step: dict[str, Any]) -> None:
        """Isolated margin is moved."""
        self.desk.call("POST", "/fapi/v1/positionMargin", symbol="BTCUSDT", type=step["type"], amount=step["amount"])

    def do_other(self, step: dict[str, Any]) -> None:
        """The other account trades."""
        quantity = str(Decimal(step["qty"]) / 1000)
        order = {"symbol": "BTCUSDT", "side": step["side"], "type": "MARKET", "quantity": quantity}
        self.desk.control("human.trade", account="b", **order)


def imbalance(exchange: Exchange, asset: str = "USDT") -> Decimal:
    """Wallets, purses, open profits and the strangers together."""
    total = exchange.ledger.total(asset)
    for account in exchange.accounts.values():
        total += account.wallets.get(asset, ZERO)
        for name, exposure in account.exposures.items():
            mark = exchange.markets[name].reference() or ZERO
            total += sum(((mark - leg.entry) * leg.amt for leg in exposure.legs.values()), ZERO)
    for name, others in exchange.ledger.strangers.items():
        total += others.worth(exchange.markets[name].reference() or ZERO)
    return total


def check(exchange: Exchange) -> None:
    """The law, and what follows from it."""
    assert imbalance(exchange) == 0
    assert exchange.ledger.insurance("USDT") >= 0
    assert abs(exchange.ledger.purses["rounding"].get("USDT", ZERO)) < Decimal("0.0001")
    for account in exchange.accounts.values():
        legs = [leg for exposure in account.exposures.values() for leg in exposure.legs.values()]
        assert account.isolated.get("USDT", ZERO) == sum((leg.isolated for leg in legs), ZERO)
        assert all(leg.amt or not leg.isolated for leg in legs)


@settings(max_examples=60)
@given(STEPS, st.booleans())
def test_money_is_neither_made_nor_lost(steps: list[dict[str, Any]], isolated: bool) -> None:
    """After every step: fees, funding, insurance and strangers hold exactly what the accounts do not."""
    life = MoneyLife(isolated=isolated)
    for step in steps:
        life.take(step)
        check(life.desk.venue.exchange)


def test_a_loss_beyond_the_fund_is_borne_by_the_other_side() -> None:
    """Insurance and auto-deleveraging move money, they make none."""
    desk = two_accounts("10")
    desk.book("50000.0", "50000.1")
    desk.mark("50000")
    check(desk.venue.exchange)
