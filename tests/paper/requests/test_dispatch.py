"""From request to answer: what is logged, and in which order."""

from tests.paper.desk import Desk


def test_a_request_is_logged_before_what_it_causes_and_its_verdict_after() -> None:
    """Without key and signature; the reply names the request."""
    desk = Desk()
    desk.order(newClientOrderId="o")
    kinds = [record["k"] for record in desk.log if record["k"] != "start"]
    assert (kinds[0], kinds[-1]) == ("req", "rep")
    [request] = desk.records("req")
    assert request["params"] == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "0.010",
        "newClientOrderId": "o",
        "timestamp": str(desk.now_us // 1000),
    }
    assert desk.records("rep")[0]["req"] == request["n"]


def test_a_request_is_logged_with_what_it_costs() -> None:
    """Weight of the address, and whether it counts as an order; so a reader can count the windows."""
    desk = Desk()
    desk.order(newClientOrderId="o")
    desk.call("GET", "/fapi/v1/income")
    placed, read = desk.records("req")
    assert (placed["weight"], placed["orders"]) == (0, 1)
    assert read["weight"] == 30
    assert "orders" not in read


def test_a_refusal_is_logged_with_code_and_text() -> None:
    """The verdict as the client got it."""
    desk = Desk()
    desk.order(quantity="0")
    reply = desk.records("rep")[0]
    assert (reply["status"], reply["code"], reply["msg"]) == (400, -4003, "Quantity less than or equal to zero.")


def test_a_request_with_a_bad_signature_is_logged_under_the_key_s_account() -> None:
    """It reached the venue, and was refused."""
    desk = Desk()
    desk.raw("GET", f"/fapi/v3/balance?timestamp={desk.now_us // 1000}&signature=00")
    assert desk.records("req")[0]["account"] == "paper"
    assert desk.records("rep")[0]["code"] == -1022
