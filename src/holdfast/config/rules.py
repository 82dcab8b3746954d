"""Rules between keys (P18): what each key alone cannot know. A finding names key, rule, and what would pass."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from holdfast.config.keys import written
from holdfast.config.values import HttpSection, VenueSection
from holdfast.model.settings import EngineSettings, Venue

ACCOUNT_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
ASSET_NAME: Final = re.compile(r"[A-Z0-9]{2,10}")


class Draft(NamedTuple):
    """A configuration whose single keys are checked. `given` names the keys that someone wrote down."""

    venue: VenueSection
    http: HttpSection
    engine: EngineSettings
    given: frozenset[str]


class Finding(NamedTuple):
    """One broken rule."""

    key: str
    rule: str
    passes: str


def is_loopback(address: str) -> bool:
    """Whether an address or name means this machine only."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _venue_keys(draft: Draft) -> Iterator[Finding]:
    venue = draft.venue
    paper = venue.name is Venue.PAPER
    if venue.api_key and venue.api_key_file:
        yield Finding("venue.api_key_file", "api_key is written as well: one of the two", "leave api_key_file out")
    if not paper and venue.api_secret:
        yield Finding(
            "venue.api_secret",
            f"on {venue.name.value} a secret is not written into configuration or environment",
            'api_secret_file = "holdfast.secret"',
        )
    if not paper and not (venue.api_key or venue.api_key_file):
        yield Finding("venue.api_key", f"is needed on {venue.name.value}", "the API key as the venue shows it")
    secrets = [name for name in ("api_secret", "api_secret_file", "private_key_file") if getattr(venue, name)]
    wanted = {"private_key_file"} if venue.key_type == "ed25519" else {"api_secret", "api_secret_file"}
    for name in secrets:
        if name not in wanted:
            yield Finding(f"venue.{name}", f"does not belong to key_type = {venue.key_type}", "leave it out")
    needed = not paper or bool(venue.api_key or venue.api_key_file) or venue.key_type == "ed25519"
    if needed and not wanted & set(secrets):
        name = sorted(wanted)[-1]
        yield Finding(f"venue.{name}", f"is needed for key_type = {venue.key_type}", f'{name} = "holdfast.secret"')


def _venue_urls(draft: Draft) -> Iterator[Finding]:
    for name, schemes in (("rest_url", "http"), ("ws_api_url", "ws"), ("stream_url", "ws")):
        url = str(getattr(draft.venue, name))
        if not url:
            continue
        if draft.venue.name is not Venue.PAPER:
            rule = f"the addresses of {draft.venue.name.value} are built in and cannot be changed"
            yield Finding(f"venue.{name}", rule, "leave it out")
            continue
        parts = urlsplit(url)
        if parts.scheme not in {schemes, f"{schemes}s"} or not parts.hostname:
            yield Finding(
                f"venue.{name}", f"is not an address beginning with {schemes}://", f'"{schemes}://127.0.0.1:8430"'
            )
        elif "binance" in parts.hostname:
            yield Finding(f"venue.{name}", "paper orders never go to Binance", 'name = "demo" or name = "live"')


def _live(draft: Draft) -> Iterator[Finding]:
    if draft.venue.name is not Venue.LIVE:
        return
    if not draft.engine.symbols:
        yield Finding("symbols.allow", "live needs a list of symbols", '["BTCUSDT"]')
    for fact in type(draft.engine.facts).__struct_fields__:
        if f"facts.{fact}" not in draft.given:
            yield Finding(f"facts.{fact}", "live wants each venue fact set by name", '"unproved" (the careful branch)')


def _http(draft: Draft) -> Iterator[Finding]:
    http = draft.http
    loopback = is_loopback(http.bind)
    if not loopback and not _is_address(http.bind):
        yield Finding("http.bind", f"is not an IP address: {http.bind}", '"127.0.0.1"')
    elif not loopback and not http.tls_terminated:
        rule = f"{http.bind} can be reached from outside, and nothing here encrypts"
        yield Finding("http.bind", rule, '"127.0.0.1", or tls_terminated = true behind a proxy that encrypts')
    if http.token_file:
        return
    if not http.allow_no_token:
        passes = 'token_file = "holdfast.token" (`holdfast config --init` makes one)'
        yield Finding("http.token_file", "the API wants a token", passes)
    elif not loopback:
        yield Finding("http.allow_no_token", "only loopback may do without a token", 'token_file = "holdfast.token"')


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _order_of_limits(draft: Draft) -> Iterator[Finding]:
    limits = draft.engine.limits
    for smaller, larger in _ASCENDING:
        low, high = getattr(limits, smaller), getattr(limits, larger)
        if low > high:
            rule = f"is above limits.{larger} ({written(high)}), so it could never be reached"
            yield Finding(f"limits.{smaller}", rule, f"at most {written(high)}")
    if draft.engine.default_leverage > limits.max_leverage:
        rule = f"is above limits.max_leverage ({limits.max_leverage})"
        yield Finding("symbols.default_leverage", rule, str(limits.max_leverage))


_ASCENDING: Final[tuple[tuple[str, str], ...]] = (
    ("max_order_notional", "max_position_notional"),
    ("max_position_notional", "max_gross_notional"),
    ("max_net_notional", "max_gross_notional"),
    ("default_slippage_bps", "max_slippage_bps"),
    ("min_stop_distance_bps", "max_stop_distance_bps"),
    ("max_slippage_bps", "price_collar_bps"),
)


def _margin_asset(draft: Draft) -> Iterator[Finding]:
    """Limits and daily loss are sums in one asset, and a symbol's name ends with the asset it is margined in."""
    asset = draft.engine.margin_asset
    if not ASSET_NAME.fullmatch(asset):
        yield Finding("account.margin_asset", f"takes {ASSET_NAME.pattern}", '"USDT"')
        return
    strangers = [symbol for symbol in draft.engine.symbols if not symbol.partition("_")[0].endswith(asset)]
    if strangers:
        rule = f"{strangers[0]} is not margined in account.margin_asset ({asset}): its losses would not count"
        yield Finding("symbols.allow", rule, f"symbols that end in {asset}, or another account.margin_asset")


def _policies(draft: Draft) -> Iterator[Finding]:
    engine = draft.engine
    if not ACCOUNT_NAME.fullmatch(engine.account):
        yield Finding("account.name", f"takes {ACCOUNT_NAME.pattern}, because it names files and orders", '"main"')
    if engine.on_foreign == "adopt" and engine.adopt_stop_pct is None:
        yield Finding("policy.adopt_stop_pct", "on_foreign = adopt needs the distance of the stop", '"2"')
    if engine.entry_recv_window_ms > engine.safe_recv_window_ms:
        rule = "is above timing.safe_recv_window_ms: an entry must die sooner than what reduces risk"
        yield Finding("timing.entry_recv_window_ms", rule, str(min(1_500, engine.safe_recv_window_ms)))
    if not engine.any_source and not engine.sources:
        yield Finding("policy.any_source", "false without any [sources.NAME] lets nobody trade", "true")
    for source in engine.sources:
        yield from _source(f"sources.{source.name}", source.symbols, source.max_order_notional, engine)


def _source(name: str, symbols: tuple[str, ...], cap: Decimal | None, engine: EngineSettings) -> Iterator[Finding]:
    strangers = [symbol for symbol in symbols if engine.symbols and symbol not in engine.symbols]
    if strangers:
        yield Finding(f"{name}.symbols", f"{strangers[0]} is not in symbols.allow", written(engine.symbols))
    limit = engine.limits.max_order_notional
    if cap is not None and cap > limit:
        yield Finding(f"{name}.max_order_notional", "is above limits.max_order_notional", f"at most {written(limit)}")


RULES: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (
    _venue_keys,
    _venue_urls,
    _live,
    _http,
    _order_of_limits,
    _margin_asset,
    _policies,
)


def check(draft: Draft) -> list[Finding]:
    """All broken rules."""
    return [finding for rule in RULES for finding in rule(draft)]
