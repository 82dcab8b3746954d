"""Our own random numbers: the same everywhere, and even enough for a market."""

from __future__ import annotations

from holdfast.paper.prng import NOISE_DEVIATION, Prng


def test_known_values_of_splitmix64() -> None:
    """The published first outputs for seed 1234567."""
    random = Prng(1234567)
    assert [random.bits() for _ in range(3)] == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_names_under_one_seed_are_independent() -> None:
    """Each symbol walks alone."""
    assert Prng.named(1, "BTCUSDT").bits() != Prng.named(1, "ETHUSDT").bits()


def test_between_includes_both_ends() -> None:
    """A die shows one to six."""
    random = Prng(3)
    assert sorted({random.between(1, 6) for _ in range(200)}) == [1, 2, 3, 4, 5, 6]


def test_noise_is_centred_with_its_stated_deviation() -> None:
    """Mean near 0, deviation within 3 % over 20,000 draws."""
    random = Prng(11)
    draws = [random.noise() for _ in range(20_000)]
    deviation = (sum(draw * draw for draw in draws) / len(draws)) ** 0.5
    assert abs(sum(draws) / len(draws)) < NOISE_DEVIATION / 50
    assert abs(deviation - NOISE_DEVIATION) < NOISE_DEVIATION * 0.03
