"""Which keys may be used (P37): every single right that is wrong is named."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.binance.key_rights import key_problems
from holdfast.binance.payloads import RestrictionsPayload

GOOD = RestrictionsPayload(
    ip_restrict=True,
    enable_futures=True,
    enable_withdrawals=False,
    enable_internal_transfer=False,
    permits_universal_transfer=False,
)


def test_a_futures_only_key_with_an_address_list_passes():
    """The key that the documentation asks for."""
    assert key_problems(GOOD, allow_without_ip_list=False) == []


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("enable_futures", False, "futures"),
        ("enable_withdrawals", True, "withdraw"),
        ("enable_internal_transfer", True, "transfer"),
        ("permits_universal_transfer", True, "wallets"),
        ("ip_restrict", False, "address"),
    ],
)
def test_each_wrong_right_is_named(field, value, word):
    """One wrong right is one sentence that says what would pass."""
    problems = key_problems(msgspec.structs.replace(GOOD, **{field: value}), allow_without_ip_list=False)
    assert len(problems) == 1
    assert word in problems[0]
    assert "would pass" in problems[0]


def test_a_key_without_an_address_list_needs_a_loud_override():
    """The override lets it through, and nothing else."""
    open_key = msgspec.structs.replace(GOOD, ip_restrict=False)
    assert key_problems(open_key, allow_without_ip_list=True) == []
    assert key_problems(msgspec.structs.replace(open_key, enable_withdrawals=True), allow_without_ip_list=True)
