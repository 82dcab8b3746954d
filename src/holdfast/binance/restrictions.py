"""What an API key may do, and what speaks against trading with it (P37)."""

from __future__ import annotations

from holdfast.binance.payloads import RestrictionsPayload


def objections(key: RestrictionsPayload, *, any_address_allowed: bool) -> list[str]:
    """Why trading must not start with this key; empty when nothing speaks against it.

    A key that can move money out is refused whatever the configuration says. A key that works from any address is
    refused unless the operator has allowed that by name.
    """
    found = []
    if not key.enable_futures:
        found.append("the key may not trade futures")
    if key.enable_withdrawals:
        found.append("the key may withdraw")
    if key.enable_internal_transfer:
        found.append("the key may transfer between accounts")
    if key.permits_universal_transfer:
        found.append("the key may transfer between wallets")
    if not key.ip_restrict and not any_address_allowed:
        found.append("the key works from any address; bind it to this machine's, or allow that by name")
    return found
