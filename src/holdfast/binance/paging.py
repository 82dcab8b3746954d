"""Reads that take several requests: lists by time, page after page, until nothing can be missing.

The venue shows at most 1 000 rows and, for orders and trades, at most seven days at once (protocol notes C.7 to C.9).
A list that was cut short would look like absence, so a full page is always followed by another.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from holdfast.binance import endpoints as ep
from holdfast.binance.endpoints import Endpoint
from holdfast.binance.replies import Findings, Page
from holdfast.binance.requests import LIST_LIMIT, SINGLE_READS, Request, simple
from holdfast.model.effects import Read, ReadKind

WINDOW_MS: Final = 7 * 86_400_000
MAX_PAGES: Final = 200
"""More than that is refused as unreadable rather than read for minutes; the caller asks for less."""


class TooLong(ValueError):
    """The list cannot be read to its end; it must not be taken for complete."""


class Listing(NamedTuple):
    """How a list by time is asked for: from which row id on, or "" where pages go by time alone."""

    endpoint: Endpoint
    cursor: str
    windowed: bool


LISTINGS: Final[dict[ReadKind, Listing]] = {
    ReadKind.ALL_ORDERS: Listing(ep.ALL_ORDERS, "orderId", windowed=True),
    ReadKind.TRADES: Listing(ep.USER_TRADES, "fromId", windowed=True),
    ReadKind.INCOME: Listing(ep.INCOME, "", windowed=False),
}


class Pager:
    """Says what to ask next for one `Read`, and gathers what came back in `findings`."""

    def __init__(self, read: Read, now_ms: int) -> None:
        self.findings = Findings()
        self._read = read
        self._now_ms = now_ms
        self._pages = 0
        self._by_id = read.order_id is not None
        listing = LISTINGS.get(read.kind)
        self._listing = listing
        self._next: Request | None = None
        if listing is None:
            self._next = SINGLE_READS[read.kind](read)
        else:
            self._from_ms = read.since_ms if read.since_ms is not None else now_ms - WINDOW_MS + 1
            self._next = self._first(listing)

    def next(self) -> Request | None:
        """The next request, or None when the read is complete. Raises `TooLong`."""
        request, self._next = self._next, None
        if request is not None and self._pages >= MAX_PAGES:
            raise TooLong(f"{self._read.kind.value} has more than {MAX_PAGES} pages")
        self._pages += 1
        return request

    def feed(self, page: Page) -> None:
        """Take note of an answer whose rows are already in `findings`. Raises `TooLong`."""
        listing = self._listing
        if listing is None:
            return
        if page.rows >= LIST_LIMIT:
            self._next = self._further(listing, page)
        elif listing.windowed and not self._by_id:
            self._from_ms += WINDOW_MS
            if self._from_ms <= self._now_ms:
                self._next = self._by_time(listing)
        if self._next is None:
            self._finish()

    def _first(self, listing: Listing) -> Request:
        if self._read.order_id is not None and listing.cursor:
            return self._ask(listing, orderId=self._read.order_id)
        return self._by_time(listing)

    def _by_time(self, listing: Listing) -> Request:
        end_ms = self._from_ms + WINDOW_MS - 1
        if listing.windowed and end_ms < self._now_ms:
            return self._ask(listing, startTime=self._from_ms, endTime=end_ms)
        return self._ask(listing, startTime=self._from_ms)

    def _further(self, listing: Listing, page: Page) -> Request:
        if listing.cursor:
            # From here on by id, without times: ids grow, so this walks to the newest row.
            self._by_id = True
            return self._ask(listing, **{listing.cursor: page.last_id + 1})
        if page.last_ms <= self._from_ms:
            raise TooLong(f"{self._read.kind.value} has a full page within one millisecond")
        self._from_ms = page.last_ms
        return self._by_time(listing)

    def _ask(self, listing: Listing, **cursor: int) -> Request:
        symbol = {"symbol": self._read.symbol} if self._read.symbol else {}
        return simple(listing.endpoint, **symbol, **cursor, limit=LIST_LIMIT)

    def _finish(self) -> None:
        # Pages by time overlap by the rows of one millisecond; each movement is kept once.
        self.findings.incomes = list({row.key: row for row in self.findings.incomes}.values())
        if self._read.kind is ReadKind.TRADES and self._read.order_id is not None:
            self.findings.fills = [fill for fill in self.findings.fills if fill.order_id == self._read.order_id]
