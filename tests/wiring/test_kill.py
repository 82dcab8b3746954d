"""The kill switch with real transports (RULES 16)."""

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from holdfast.wiring.kill import run_kill
from tests.wiring.conftest import Configured, signed


def interrupting(word: str) -> Callable[[str], None]:
    """An operator who presses Ctrl-C at the first line with that word."""

    def say(line: str) -> None:
        if word in line:
            raise KeyboardInterrupt

    return say


def test_rules_16_the_latch_is_closed_before_anything_is_asked(configured: Configured) -> None:
    """Even when no venue answers: nothing listens at these addresses."""
    nowhere = {"rest": "http://127.0.0.1:9", "ws_api": "ws://127.0.0.1:9/ws-fapi/v1", "streams": "ws://127.0.0.1:9"}
    config = configured(addresses=nowhere)
    with pytest.raises(KeyboardInterrupt):
        run_kill(config, interrupting("latch closed"))
    assert "remove this file to trade again" in config.latch_path.read_text()


@pytest.mark.serial
def test_rules_16_position_stop_and_working_entry_are_gone_in_the_end(
    venue: dict[str, str], configured: Configured
) -> None:
    """Over real sockets, with its own id prefix; the stop goes last. It takes ten seconds by rule."""
    order = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.010"}
    signed(venue, "POST", "/fapi/v1/order", **order, type="MARKET")
    mark = json.loads(signed(venue, "GET", "/fapi/v3/positionRisk", symbol="BTCUSDT"))[0]["markPrice"]
    below = str(int(Decimal(mark) * 97 / 100))
    signed(venue, "POST", "/fapi/v1/order", **order, type="LIMIT", timeInForce="GTC", price=below)
    stop = {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "closePosition": "true", "triggerPrice": below}
    signed(venue, "POST", "/fapi/v1/algoOrder", symbol="BTCUSDT", side="SELL", **stop)
    said: list[str] = []
    report = run_kill(configured(), said.append)
    assert report.clean
    assert (report.cancelled_entries, report.closes_sent, report.symbols) == (1, 1, ["BTCUSDT"])
    assert [line for line in said if "closing 0.010 BTCUSDT" in line]
    closes = json.loads(signed(venue, "GET", "/fapi/v1/allOrders", symbol="BTCUSDT"))
    assert [row["status"] for row in closes if row["clientOrderId"].startswith("hfk-")] == ["FILLED"]
