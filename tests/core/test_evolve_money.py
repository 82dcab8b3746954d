"""The fold of money: fills once, fees when they are known, what the daily loss is measured from."""

from decimal import Decimal

import pytest

from holdfast.core.evolve import evolve
from holdfast.core.evolve_money import add
from holdfast.model import events as ev
from holdfast.model.orders import Side
from holdfast.model.reports import Channel, Fill, IncomeRow
from tests.core.bench import START_MS, SYMBOL, Bench

D = Decimal
DAY_MS = 86_400_000


def test_amounts_are_added_per_asset():
    """Nothing is converted."""
    ledger: dict[str, Decimal] = {}
    add(ledger, "USDT", D("1.5"))
    add(ledger, "BNB", D("0.1"))
    add(ledger, "USDT", D("-0.5"))
    assert ledger == {"USDT": D("1.0"), "BNB": D("0.1")}


def test_a_fill_is_booked_once():
    """A second booking breaks an invariant."""
    bench = Bench().open_trade()
    with pytest.raises(AssertionError, match="invariant: a fill is booked once"):
        evolve(bench.state, bench.of(ev.FillBooked)[0])


def test_fees_in_another_asset_stand_beside_the_profit():
    """BNB fees, USDT profit."""
    bench = Bench().open_trade()
    stop = bench.stop()
    fill = Fill(channel=Channel.STREAM, symbol=SYMBOL, order_id=5, trade_id=6, side=Side.SELL, price=D("49500"),
                quantity=D("0.1"), fee=D("0.003"), fee_asset="BNB", realized=D("-50"), maker=False)  # fmt: skip
    evolve(bench.state, ev.FillBooked(at_ms=bench.now, fill=fill, client_id=stop.client_id, trade_id=stop.trade_id))
    assert bench.trade.fees["BNB"] == D("0.003")
    assert bench.trade.gross == {"USDT": D("-50")}
    assert bench.state.positions == {SYMBOL: D(0)}


def test_rules_9_a_strangers_loss_counts_although_its_fee_is_paid_in_bnb():
    """Somebody traded by hand on the account: the loss is one of the day, in the asset of the symbol."""
    bench = Bench()
    fill = Fill(channel=Channel.STREAM, symbol=SYMBOL, order_id=5, trade_id=6, side=Side.SELL, price=D("49500"),
                quantity=D("0.1"), fee=D("0.003"), fee_asset="BNB", realized=D("-50"), maker=False)  # fmt: skip
    evolve(bench.state, ev.FillBooked(at_ms=bench.now, fill=fill, client_id="", trade_id="", cause="EXTERNAL"))
    assert [(asset, amount) for _, asset, amount in bench.state.money] == [("USDT", D("-50")), ("BNB", D("-0.003"))]


def test_rules_9_a_loss_belongs_to_the_day_of_its_execution():
    """Told without its fee before midnight, completed after a restart on the next day."""
    bench = Bench()
    fill = Fill(channel=Channel.STREAM, symbol=SYMBOL, order_id=5, trade_id=6, side=Side.SELL, price=D("49500"),
                quantity=D("0.1"), fee=None, fee_asset="", realized=D(0), maker=False, venue_ms=START_MS)  # fmt: skip
    evolve(bench.state, ev.FillBooked(at_ms=START_MS, fill=fill, client_id="", trade_id=""))
    completed = ev.FillCompleted(at_ms=START_MS + DAY_MS, symbol=SYMBOL, order_id=5, trade_id=6, fee=D("1"),
                                 fee_asset="USDT", realized=D("-50"), maker=False)  # fmt: skip
    evolve(bench.state, completed)
    assert [(at, amount) for at, _, amount in bench.state.money] == [(START_MS, D("-50")), (START_MS, D("-1"))]


@pytest.mark.parametrize(("parts", "status"), [(["0.04"], "partly_filled"), (["0.04", "0.06"], "filled")])
def test_fills_tell_of_the_orders_state(parts, status):
    """No report ever came; the executions are enough."""
    from holdfast.model.ids import Role
    from tests.core.replies import silence

    bench = Bench()
    bench.script(Role.ENTRY, silence())
    bench.intent()
    entry = bench.entry()
    for number, part in enumerate(parts):
        fill = Fill(channel=Channel.STREAM, symbol=SYMBOL, order_id=5, trade_id=number, side=Side.BUY,
                    price=D("50000"), quantity=D(part), fee=None, fee_asset="", realized=D(0), maker=False)  # fmt: skip
        event = ev.FillBooked(at_ms=1, fill=fill, client_id=entry.client_id, trade_id=entry.trade_id)
        evolve(bench.state, event)
    assert (entry.status, entry.order_id) == (status, 5)


def test_money_of_more_than_two_days_ago_is_dropped():
    """No window reaches it."""
    bench = Bench()
    for tran_id, at in ((1, START_MS), (2, START_MS + 3 * DAY_MS)):
        row = IncomeRow(type="FUNDING_FEE", tran_id=tran_id, asset="USDT", amount=D("-1"), symbol=SYMBOL, venue_ms=at)
        evolve(bench.state, ev.IncomeBooked(at_ms=at, row=row))
    assert [at for at, _, _ in bench.state.money] == [START_MS + 3 * DAY_MS]


def test_transfers_are_booked_and_are_no_trading_result():
    """Only funding counts of the income rows: profit and fees come with the fills."""
    bench = Bench()
    row = IncomeRow(type="TRANSFER", tran_id=1, asset="USDT", amount=D("-1000"), venue_ms=START_MS)
    evolve(bench.state, ev.IncomeBooked(at_ms=START_MS, row=row))
    assert bench.state.money == []
    assert list(bench.state.incomes) == ["TRANSFER:1::USDT"]


def test_profit_and_fees_of_every_fill_count_in_the_daily_loss():
    """Both signs, by the venue's time."""
    bench = Bench().open_trade()
    bench.market(mark="49500")
    bench.trigger(bench.stop().client_id)
    fees = sum((fill.fee for fill in bench.venue.trades), D(0))
    assert sum((amount for _, _, amount in bench.state.money), D(0)) == D("-50") - fees
