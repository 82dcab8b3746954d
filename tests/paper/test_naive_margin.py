"""The exchange's margin agrees with a slow and obvious model; `python -m tests.paper.naive_margin 100000` runs long."""

from tests.paper.naive_margin import run


def test_margin_agrees_with_a_naive_model_on_random_steps() -> None:
    """Positions, wallets, available balance, maintenance, what orders cost, liquidation prices and liquidations."""
    lives, liquidations, refused = run(2_000)
    assert lives == 5
    assert liquidations > 0
    assert refused > 20
