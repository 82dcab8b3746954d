"""Rules between keys: each contradiction is refused with what would pass."""

import pytest

from holdfast.config import ConfigError, load
from holdfast.config.rules import is_loopback

BASE = {"HOLDFAST__HTTP__ALLOW_NO_TOKEN": "true"}


def refused(**values: str) -> dict[str, str]:
    """Rule by key, for a configuration given as environment."""
    environ = BASE | {"HOLDFAST__" + name.upper(): value for name, value in values.items()}
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    assert all(problem.passes for problem in caught.value.problems)
    return {problem.key: problem.rule for problem in caught.value.problems}


CONTRADICTIONS = [
    ({"limits__max_order_notional": "200000"}, "limits.max_order_notional", "never be reached"),
    ({"limits__max_position_notional": "600000"}, "limits.max_position_notional", "never be reached"),
    ({"limits__default_slippage_bps": "60"}, "limits.default_slippage_bps", "never be reached"),
    (
        {"limits__min_stop_distance_bps": "999", "limits__max_stop_distance_bps": "9"},
        "limits.min_stop_distance_bps",
        "never",
    ),
    ({"symbols__default_leverage": "50"}, "symbols.default_leverage", "max_leverage"),
    ({"policy__on_foreign": "adopt"}, "policy.adopt_stop_pct", "distance of the stop"),
    ({"policy__any_source": "false"}, "policy.any_source", "nobody"),
    (
        {"timing__entry_recv_window_ms": "5000", "timing__safe_recv_window_ms": "1000"},
        "timing.entry_recv_window_ms",
        "sooner",
    ),
    ({"account__margin_asset": "usdt"}, "account.margin_asset", "takes"),
    ({"symbols__allow": "BTCUSDT, BTCUSDC"}, "symbols.allow", "BTCUSDC is not margined in account.margin_asset (USDT)"),
    ({"account__margin_asset": "USDC", "symbols__allow": "BTCUSDC,BTCUSDT_261225"}, "symbols.allow", "BTCUSDT_261225"),
    ({"account__name": "../etc"}, "account.name", "files and orders"),
    ({"venue__name": "demo"}, "venue.api_key", "needed on demo"),
    ({"venue__name": "demo", "venue__api_secret": "x"}, "venue.api_secret", "not written into"),
    ({"venue__name": "demo", "venue__rest_url": "http://127.0.0.1"}, "venue.rest_url", "built in"),
    ({"venue__rest_url": "https://fapi.binance.com"}, "venue.rest_url", "never go to Binance"),
    ({"venue__ws_api_url": "http://127.0.0.1"}, "venue.ws_api_url", "beginning with ws"),
    ({"venue__api_key": "k"}, "venue.api_secret_file", "is needed"),
    (
        {"venue__api_key": "k", "venue__api_key_file": "f", "venue__api_secret": "s"},
        "venue.api_key_file",
        "one of the two",
    ),
    ({"venue__key_type": "ed25519"}, "venue.private_key_file", "is needed"),
    ({"venue__private_key_file": "x.pem"}, "venue.private_key_file", "does not belong"),
    ({"http__bind": "0.0.0.0"}, "http.bind", "nothing here encrypts"),
    ({"http__bind": "everywhere"}, "http.bind", "not an IP address"),
    ({"http__bind": "0.0.0.0", "http__tls_terminated": "true"}, "http.allow_no_token", "only loopback"),
    ({"http__allow_no_token": "false"}, "http.token_file", "wants a token"),
    ({"sources__a__symbols": "XUSDT", "symbols__allow": "BTCUSDT"}, "sources.a.symbols", "not in symbols.allow"),
    ({"sources__a__max_order_notional": "900000"}, "sources.a.max_order_notional", "is above"),
]


@pytest.mark.parametrize("values, key, rule", CONTRADICTIONS)
def test_contradictions_are_refused(values: dict[str, str], key: str, rule: str) -> None:
    """P18: a configuration that contradicts itself does not start."""
    assert rule in refused(**values)[key]


@pytest.mark.parametrize(
    "address, expected",
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("example.org", False),
    ],
)
def test_what_counts_as_loopback(address: str, expected: bool) -> None:
    """Only addresses that never leave the machine."""
    assert is_loopback(address) is expected
