"""Which conversations show which row of the two tables of protocol notes L: event sequences, and faults."""

from __future__ import annotations

L1: dict[str, tuple[str, ...]] = {
    "resting LIMIT": ("l1-resting-limit",),
    "MARKET full": ("l1-market-full",),
    "crossing LIMIT GTC": ("l1-crossing-limit",),
    "IOC leftover": ("l1-ioc-leftover",),
    "MARKET leftover": ("l1-market-leftover",),
    "FOK / GTX refused": ("l1-fok-gtx-refused",),
    "cancel": ("l1-cancel",),
    "cancel all / countdown": ("l1-cancel-all-and-countdown",),
    "amend": ("l1-amend",),
    "amend that kills": ("l1-amend-that-kills", "l1-amend-that-kills-both-ways"),
    "STP": ("l1-self-trade-prevention",),
    "RO displaced after position shrinks": ("l1-reduce-only-displaced", "l1-reduce-only-displaced-both-ways"),
    "algo place / cancel": ("l1-algo-place-and-cancel",),
    "algo trigger": ("l1-algo-trigger",),
    "leverage / multi-assets change": ("l1-leverage-and-multi-assets",),
    "margin transfer (isolated)": ("l1-margin-transfer", "l1-margin-transfer-both-ways"),
    "funding": ("l1-funding",),
    "liquidation": ("l1-liquidation",),
    "listenKey 60 min": ("l1-listen-key-sixty-minutes",),
}
"""Row of L.1 → the scripts that show it."""

L3: dict[str, tuple[str, ...]] = {
    "503-A executed": ("l3-503-executed",),
    "503-A not executed": ("l3-503-not-executed",),
    "503-B / C / D": ("l3-503-other-texts",),
    "408 −1007 executed / not executed": ("l3-408-timeout",),
    "TCP reset after send; hang past client timeout": ("l3-reset-and-hang",),
    "429 −1003, −1015 with headers; then 418 with ban time": ("l3-throttled-then-banned", "l3-banned"),
    "−1021 (skew), −5028": ("l3-clocks",),
    "listenKey silently dead; bogus listenKey accepted": ("l3-dead-and-bogus-listen-keys",),
    "SUBSCRIBE acked but silent; wrong route silent": ("l3-acknowledged-but-silent",),
    "depth gap, out-of-order TRADE_LITE vs OTU, duplicate events across two connections": ("l3-gaps-and-duplicates",),
    "algo REJECTED after trigger and RO reject on a flat account": ("l3-algo-rejected-after-trigger",),
    "stale closePosition algo left after the position closed": ("l3-stale-close-position",),
    "`adl_autoclose` / `autoclose-` foreign orders": ("l3-foreign-orders", "l3-auto-deleveraging"),
    "HTML 403 and HTML 502 bodies": ("l3-html-bodies",),
    "−4116 on retry after the first attempt rested; duplicate fill after it filled": ("l3-retries",),
}
"""Row of L.3 → the scripts that show it."""
