"""The key gate: every combination of permissions (P37)."""

from itertools import product

import pytest

from holdfast.binance.payloads import RestrictionsPayload
from holdfast.binance.restrictions import objections


def key(futures: bool, withdraw: bool, internal: bool, universal: bool, bound: bool) -> RestrictionsPayload:
    """A key with these permissions."""
    return RestrictionsPayload(
        ip_restrict=bound,
        enable_futures=futures,
        enable_withdrawals=withdraw,
        enable_internal_transfer=internal,
        permits_universal_transfer=universal,
    )


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("bits", list(product([False, True], repeat=5)))
def test_every_combination(bits: tuple[bool, ...], allowed: bool) -> None:
    """One objection for each thing that is wrong; only the address may be overridden."""
    futures, withdraw, internal, universal, bound = bits
    wrong = [not futures, withdraw, internal, universal, not bound and not allowed]
    assert len(objections(key(*bits), any_address_allowed=allowed)) == sum(wrong)


def test_a_safe_key_passes() -> None:
    """Futures only, bound to an address."""
    assert objections(key(True, False, False, False, True), any_address_allowed=False) == []
