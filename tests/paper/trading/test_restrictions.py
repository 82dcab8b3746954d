"""What an account may do at the moment."""

from __future__ import annotations

import pytest

from holdfast.paper.errors import VenueError
from holdfast.paper.trading import restrictions
from tests.paper.desk import Desk


@pytest.mark.parametrize("word", [word for word in restrictions.MAY if word != "trade"])
def test_every_restriction_refuses_opening_with_its_code_and_a_text(word: str) -> None:
    """And only the one that forbids everything refuses closing."""
    exchange = Desk().venue.exchange
    account = exchange.accounts["paper"]
    code = exchange.restrictions["paper"] = restrictions.MAY[word]
    with pytest.raises(VenueError, match=str(code)) as caught:
        restrictions.check(exchange, account, closes=False)
    assert caught.value.message
    if word == "nothing":
        with pytest.raises(VenueError, match="-4088"):
            restrictions.check(exchange, account, closes=True)
    else:
        restrictions.check(exchange, account, closes=True)


def test_who_is_not_restricted_may_trade() -> None:
    """The usual case."""
    exchange = Desk().venue.exchange
    restrictions.check(exchange, exchange.accounts["paper"], closes=False)
