"""Lists by time: a full page is always followed by another, and a cut list is never taken for a whole one."""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.binance.paging import MAX_PAGES, WINDOW_MS, Pager, TooLong
from holdfast.binance.replies import Page
from holdfast.model.effects import Read, ReadKind
from holdfast.model.orders import Side
from holdfast.model.reports import Channel, Fill, IncomeRow

NOW_MS = 1_790_000_000_000


def read(kind: ReadKind, **fields: Any) -> Read:
    """A read of BTCUSDT."""
    return Read(kind=kind, purpose="test", symbol="BTCUSDT", **fields)


def params_of(pager: Pager) -> dict[str, str | int]:
    """What is asked next."""
    request = pager.next()
    assert request is not None
    return request.params


def test_a_short_list_is_one_request() -> None:
    """Since a moment ago, fewer rows than a page."""
    pager = Pager(read(ReadKind.ALL_ORDERS, since_ms=NOW_MS - 1000), NOW_MS)
    assert params_of(pager) == {"symbol": "BTCUSDT", "startTime": NOW_MS - 1000, "limit": 1000}
    pager.feed(Page(3, 77))
    assert pager.next() is None


@pytest.mark.parametrize(("kind", "cursor"), [(ReadKind.ALL_ORDERS, "orderId"), (ReadKind.TRADES, "fromId")])
def test_a_full_page_goes_on_by_id(kind: ReadKind, cursor: str) -> None:
    """From the row after the last, without times, until a page is not full."""
    pager = Pager(read(kind, since_ms=NOW_MS - 1000), NOW_MS)
    params_of(pager)
    pager.feed(Page(1000, 555))
    assert params_of(pager) == {"symbol": "BTCUSDT", cursor: 556, "limit": 1000}
    pager.feed(Page(999, 9999))
    assert pager.next() is None


def test_more_than_a_week_is_asked_window_by_window() -> None:
    """The venue shows seven days at once; asking only for the start would silently end there."""
    since_ms = NOW_MS - 2 * WINDOW_MS - 5
    pager = Pager(read(ReadKind.TRADES, since_ms=since_ms), NOW_MS)
    starts = []
    for _ in range(3):
        params = params_of(pager)
        starts.append(params["startTime"])
        pager.feed(Page(0))
    assert starts == [since_ms, since_ms + WINDOW_MS, since_ms + 2 * WINDOW_MS]
    assert "endTime" not in params
    assert pager.next() is None


def test_without_a_start_the_last_week_is_meant() -> None:
    """Said outright instead of left to the venue's default."""
    assert params_of(Pager(read(ReadKind.ALL_ORDERS), NOW_MS))["startTime"] == NOW_MS - WINDOW_MS + 1


def test_trades_of_one_order() -> None:
    """By order id; should a page be full, by row id, and foreign rows are dropped at the end."""
    pager = Pager(read(ReadKind.TRADES, order_id=42), NOW_MS)
    assert params_of(pager) == {"symbol": "BTCUSDT", "orderId": 42, "limit": 1000}
    pager.feed(Page(1000, 10))
    assert params_of(pager)["fromId"] == 11
    pager.findings.fills = [fill(42), fill(43)]
    pager.feed(Page(2, 12))
    assert pager.next() is None
    assert [found.order_id for found in pager.findings.fills] == [42]


def fill(order_id: int) -> Fill:
    """A fill of an order."""
    one = Decimal(1)
    return Fill(
        channel=Channel.LIST,
        symbol="BTCUSDT",
        order_id=order_id,
        trade_id=order_id,
        side=Side.BUY,
        price=one,
        quantity=one,
        fee=one,
        fee_asset="USDT",
        realized=one,
        maker=False,
    )


def income(tran_id: int, venue_ms: int) -> IncomeRow:
    """A funding payment."""
    return IncomeRow(type="FUNDING_FEE", tran_id=tran_id, asset="USDT", amount=Decimal(1), venue_ms=venue_ms)


def test_income_goes_on_by_time_with_overlap() -> None:
    """`page` is gone since 2026-10-15; rows of the overlapping millisecond are kept once."""
    pager = Pager(read(ReadKind.INCOME, since_ms=1000), NOW_MS)
    params_of(pager)
    pager.findings.incomes.extend([income(1, 1500), income(2, 2000)])
    pager.feed(Page(1000, last_ms=2000))
    assert params_of(pager)["startTime"] == 2000
    pager.findings.incomes.extend([income(2, 2000), income(3, 2500)])
    pager.feed(Page(2, last_ms=2500))
    assert pager.next() is None
    assert [row.tran_id for row in pager.findings.incomes] == [1, 2, 3]


def test_a_full_page_within_one_millisecond_is_refused() -> None:
    """It cannot be read to its end, so it must not look complete."""
    pager = Pager(read(ReadKind.INCOME, since_ms=2000), NOW_MS)
    params_of(pager)
    with pytest.raises(TooLong):
        pager.feed(Page(1000, last_ms=2000))


def test_an_endless_list_is_refused() -> None:
    """A bound on pages, not an endless read."""
    pager = Pager(read(ReadKind.TRADES, since_ms=NOW_MS), NOW_MS)
    for number in range(MAX_PAGES):
        params_of(pager)
        pager.feed(Page(1000, number))
    with pytest.raises(TooLong):
        pager.next()


def test_modes_are_one_cheap_request() -> None:
    """Both modes stand in the account's configuration; the endpoints that change them cost 30 each to read."""
    pager = Pager(Read(kind=ReadKind.MODES, purpose="boot"), NOW_MS)
    request = pager.next()
    assert request is not None
    assert (request.endpoint.path, request.weight) == ("/fapi/v1/accountConfig", 5)
    pager.feed(Page())
    assert pager.next() is None
