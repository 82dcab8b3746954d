"""Configuration of a paper exchange."""

import msgspec
import pytest

from holdfast.paper.config import PaperConfig


def test_the_defaults_describe_production() -> None:
    """Limits, fees and leverage as measured."""
    config = PaperConfig()
    assert (config.limits.weight_per_minute, config.limits.orders_per_minute) == (2400, 1200)
    assert [str(config.maker_fee), str(config.taker_fee)] == ["0.0002", "0.0005"]
    assert [account.name for account in config.accounts] == ["paper"]


def test_a_configuration_reads_from_json_with_exact_decimals() -> None:
    """Money as text or as a JSON number keeps its digits."""
    text = b'{"maker_fee": "0.00017", "accounts": [{"name": "a", "api_key": "k", "balances": {"USDT": 10000.10}}]}'
    config = msgspec.json.decode(text, type=PaperConfig)
    assert [str(config.maker_fee), str(config.accounts[0].balances["USDT"])] == ["0.00017", "10000.10"]


@pytest.mark.parametrize("text", [b'{"colour": 1}', b'{"facts": {"second_close_position": "perhaps"}}'])
def test_unknown_settings_are_refused(text: bytes) -> None:
    """Nothing is silently ignored."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=PaperConfig)
