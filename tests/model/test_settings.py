"""Which source may trade, and with what policy."""

from holdfast.model.settings import EngineSettings, SourcePolicy, Venue


def settings(**changes: object) -> EngineSettings:
    """Settings of a paper account."""
    return EngineSettings(account="main", venue=Venue.PAPER, **changes)  # type: ignore[arg-type]


def test_a_listed_source_has_its_policy():
    """By name."""
    policy = SourcePolicy(name="alpha", symbols=("BTCUSDT",))
    assert settings(sources=(SourcePolicy(name="beta"), policy)).source("alpha") is policy


def test_an_unlisted_source_trades_with_the_accounts_limits_where_any_source_may():
    """An open default."""
    assert settings().source("stranger") == SourcePolicy(name="stranger")


def test_an_unlisted_source_may_not_trade_otherwise():
    """`any_source = false`."""
    assert settings(any_source=False, sources=(SourcePolicy(name="alpha"),)).source("stranger") is None
