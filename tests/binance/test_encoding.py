"""Parameters as text: encoded once, sorted where the WS API wants it."""

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from holdfast.binance import encoding
from holdfast.binance.encoding import MAX_FORMS, query_string, signing_text, with_signature


def test_a_client_id_with_reserved_characters_is_encoded_once() -> None:
    """`a:b/c` as two of the three main clients send it (protocol notes A.4)."""
    assert query_string({"newClientOrderId": "a:b/c"}) == "newClientOrderId=a%3Ab%2Fc"


def test_a_chinese_symbol_is_utf_8() -> None:
    """Symbols need not be ASCII."""
    assert query_string({"symbol": "币安"}) == "symbol=%E5%B8%81%E5%AE%89"


def test_rest_keeps_the_order_of_parameters() -> None:
    """What is signed is what is sent, in that order."""
    assert query_string({"b": 1, "a": "x"}) == "b=1&a=x"


def test_the_ws_api_signs_sorted_parameters() -> None:
    """The own vector of protocol notes A.4."""
    params = {"type": "MARKET", "apiKey": "paper-key-01", "timestamp": 1790000001456}
    assert signing_text(params) == "apiKey=paper-key-01&timestamp=1790000001456&type=MARKET"


def test_a_value_cannot_smuggle_a_parameter() -> None:
    """`&` and `=` inside a value are encoded, never taken for structure."""
    assert signing_text({"a": "1&b=2"}) == "a=1%26b%3D2"
    assert signing_text({"a": "1&", "b": "=2"}) == "a=1%26&b=%3D2"
    assert signing_text({"a": "1&2"}) == "a=1%262"


def test_the_signature_is_the_last_pair() -> None:
    """Base64 needs encoding in a URL; hex does not."""
    assert with_signature("a=1", "ab+/=") == "a=1&signature=ab%2B%2F%3D"
    assert with_signature("", "ab") == "signature=ab"


def test_the_order_of_names_is_remembered_for_so_many_requests_only() -> None:
    """Whoever sends ever new names does not fill the memory, and gets the same text."""
    for n in range(MAX_FORMS + 50):
        assert signing_text({f"b{n}": 2, "a": 1}) == f"a=1&b{n}=2"
    assert len(encoding._FORMS) <= MAX_FORMS


@given(st.dictionaries(st.from_regex(r"[a-zA-Z]{1,12}", fullmatch=True), st.text(max_size=12), max_size=6))
def test_both_texts_carry_exactly_the_parameters(params: dict[str, str]) -> None:
    """Decoding gives back what went in, for REST and for the WS API."""
    for text in (query_string(params), signing_text(params)):
        assert dict(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), encoding="utf-8")) == params
