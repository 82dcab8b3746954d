"""Whether a key may be used at all (P37, security list S1): futures trading only, from a known address."""

from __future__ import annotations

from holdfast.binance.payloads import RestrictionsPayload


def key_problems(rights: RestrictionsPayload, *, allow_without_ip_list: bool) -> list[str]:
    """What speaks against the key, each with what would pass; empty for a key that may trade."""
    checks = (
        (not rights.enable_futures, "it may not trade futures; would pass: enable futures for the key"),
        (rights.enable_withdrawals, "it may withdraw; would pass: a key without withdrawals"),
        (rights.enable_internal_transfer, "it may transfer to other accounts; would pass: a key without transfers"),
        (rights.permits_universal_transfer, "it may move funds between wallets; would pass: a key without that right"),
        (
            not rights.ip_restrict and not allow_without_ip_list,
            "it works from any address; would pass: an IP list at the venue, or venue.allow_key_without_ip_list = true",
        ),
    )
    return [text for wrong, text in checks if wrong]
