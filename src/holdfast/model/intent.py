"""Intent v1: what a source may ask for (DESIGN §5). Decoding is strict: unknown and repeated fields are refused."""

from __future__ import annotations

import decimal
import hashlib
import re
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from holdfast.model import num
from holdfast.model.orders import Direction
from holdfast.model.repeated_keys import RepeatedKey, refuse_repeated_keys

# Before the end, `(?!\n)`: `$` alone would let a final line break pass.
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:/@-]+(?!\n)$")]
Symbol = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class Size(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """How much: exactly one of the four.

    quantity: base asset units. notional: quote asset units at the worst price the order permits.
    equity_pct: notional as percent of account equity. risk_pct: percent of equity lost if the stop is hit (RULES 11).
    """

    quantity: Decimal | None = None
    notional: Decimal | None = None
    equity_pct: Decimal | None = None
    risk_pct: Decimal | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """How to get in.

    market: a LIMIT IOC with a cap `max_slippage_bps` beyond the touch, or, with `plain`, a MARKET order.
    limit: rests at `price` (GTD, RULES 10), for at most `ttl_ms`.
    """

    type: Literal["market", "limit"] = "market"
    price: Decimal | None = None
    time_in_force: Literal["GTD", "IOC", "FOK", "GTX"] | None = None
    max_slippage_bps: Decimal | None = None
    plain: bool = False
    ttl_ms: Annotated[int, msgspec.Meta(ge=100, le=86_400_000)] | None = None


class Distance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A stop: an absolute `price`, or `pct` percent from the arrival mid (RULES 11). Exactly one."""

    price: Decimal | None = None
    pct: Decimal | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A take profit: price or percent from the arrival mid, and the fraction (0, 1] of the filled quantity."""

    price: Decimal | None = None
    pct: Decimal | None = None
    fraction: Decimal = num.ONE


class Intent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A request to change exposure; the unit of *once*. `id` is unique per account for ever.

    `expires_at` is epoch milliseconds by the venue's clock; after it nothing is sent.
    """

    id: Text
    source: Text
    symbol: Symbol
    action: Literal["open", "close", "flatten"]
    side: Literal["long", "short"] | None = None
    size: Size | None = None
    entry: Entry = msgspec.field(default_factory=Entry)
    leverage: Annotated[int, msgspec.Meta(ge=1, le=125)] | None = None
    stop_loss: Distance | None = None
    take_profits: Annotated[tuple[Target, ...], msgspec.Meta(max_length=10)] = ()
    min_size: Literal["deny", "up"] = "deny"
    expires_at: Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_000)] | None = None
    confidence: Decimal | None = None
    meta: dict[str, str] = {}

    @property
    def direction(self) -> Direction:
        """The side as a direction; only for an intent that has one."""
        assert self.side is not None, "invariant: an open intent has a side"
        return Direction(self.side)


class IntentError(ValueError):
    """An intent that cannot be understood: names the field, the rule and a value that would pass."""

    def __init__(self, field: str, rule: str, passes: str) -> None:
        super().__init__(f"{field}: {rule}; would pass: {passes}")
        self.field = field
        self.rule = rule
        self.passes = passes


MAX_BODY_BYTES = 16_384
"""An intent is small; a larger body is refused before it is parsed (security list S11)."""

Group = TypeVar("Group", bound=msgspec.Struct)

_MARKET = Entry()
_decoder = msgspec.json.Decoder(Intent)
_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")


def decode(body: bytes) -> Intent:
    """Parse and check one intent. Raises `IntentError`."""
    if len(body) > MAX_BODY_BYTES:
        raise IntentError("body", f"is {len(body)} bytes, over the limit", f"at most {MAX_BODY_BYTES} bytes")
    try:
        intent = _decoder.decode(body)
        refuse_repeated_keys(body)
    except RepeatedKey as error:
        raise IntentError(str(error), "stands twice in one object", "each field once") from None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise _explained(error) from None
    validate(intent)
    return intent


def from_builtins(value: Any) -> Intent:
    """Check an intent that arrives as a parsed JSON object. Raises `IntentError`."""
    try:
        # Not by way of JSON text at once: it has no NaN, so one given as a number would turn into "not given".
        body = _encoder.encode(msgspec.convert(value, Intent))
    except msgspec.ValidationError as error:
        raise _explained(error) from None
    except decimal.FloatOperation:
        raise IntentError("body", "holds a number that is not finite", "plain decimals such as 1.5") from None
    except UnicodeEncodeError:
        raise IntentError("body", "holds text that is no Unicode", "texts in UTF-8") from None
    return decode(body)


def encode(intent: Intent) -> bytes:
    """The canonical bytes of an intent: sorted keys, defaults left out, decimals as text."""
    return _encoder.encode(intent)


def content_hash(intent: Intent) -> str:
    """What "same content" means: equal numbers written differently (1.0 and 1) are the same content."""
    unusual = [value for value in _amounts(intent) if not _is_plain(value)]
    if any(value.adjusted() < -6 for value in unusual):  # The encoder would write these with an exponent.
        shown = _plain(msgspec.to_builtins(intent, builtin_types=(Decimal,)))
        return hashlib.sha256(_encoder.encode(shown)).hexdigest()
    if unusual:
        intent = _plainly(intent)
    return hashlib.sha256(_encoder.encode(intent)).hexdigest()


def validate(intent: Intent) -> None:
    """The rules that need nothing but the intent itself. Raises `IntentError`."""
    _validate_numbers(intent)
    if intent.meta and len(msgspec.json.encode(intent.meta)) > 4_096:
        raise IntentError("meta", "is over 4096 bytes", "a few short texts")
    if intent.action == "open":
        _validate_open(intent)
        return
    for name in ("size", "entry", "leverage", "stop_loss", "take_profits"):
        if getattr(intent, name) not in (None, (), _MARKET):
            raise IntentError(name, f"has no meaning for action {intent.action}", "leave it out")


def _validate_numbers(intent: Intent) -> None:
    confidence = intent.confidence
    for value in _amounts(intent):
        try:
            num.check(value)
        except num.NumberError as error:
            raise IntentError(_name_of(intent, value), str(error), "a plain decimal such as 1.5") from None
        if value <= num.ZERO and value is not confidence:
            name = _name_of(intent, value)
            raise IntentError(name, f"must be above zero, was {num.text(value)}", "a positive number")


def _validate_open(intent: Intent) -> None:
    if intent.side is None:
        raise IntentError("side", "is needed to open", '"long" or "short"')
    size = intent.size
    if size is None or _count((size.quantity, size.notional, size.equity_pct, size.risk_pct)) != 1:
        passes = '{"risk_pct": "1"} or one of quantity, notional, equity_pct'
        raise IntentError("size", "needs exactly one measure", passes)
    _validate_entry(intent.entry)
    if intent.stop_loss is not None and _count((intent.stop_loss.price, intent.stop_loss.pct)) != 1:
        raise IntentError("stop_loss", "needs exactly one of price and pct", '{"price": "24500"}')
    for index, target in enumerate(intent.take_profits):
        if _count((target.price, target.pct)) != 1:
            raise IntentError(f"take_profits[{index}]", "needs exactly one of price and pct", '{"pct": "2"}')
    if intent.take_profits and sum((t.fraction for t in intent.take_profits), num.ZERO) > 1:
        raise IntentError("take_profits", "fractions add up to more than 1", "fractions with a sum of at most 1")


def _validate_entry(entry: Entry) -> None:
    """What would be ignored is refused: a cap that a plain market order does not have, a price that is not used."""
    if entry.type == "limit":
        useless = {"plain": entry.plain, "max_slippage_bps": entry.max_slippage_bps is not None}
        if entry.price is None:
            raise IntentError("entry.price", "a limit entry needs its price", '"price": "25000.10"')
    else:
        useless = {
            "price": entry.price is not None,
            "time_in_force": entry.time_in_force is not None,
            "max_slippage_bps": entry.plain and entry.max_slippage_bps is not None,
        }
    kind = "plain market" if entry.plain and entry.type == "market" else entry.type
    for name, given in useless.items():
        if given:
            raise IntentError(f"entry.{name}", f"has no meaning for a {kind} entry", "leave it out")


def _amounts(intent: Intent) -> list[Decimal]:
    """Every number of an intent, in the order in which they are named."""
    size, entry, stop = intent.size, intent.entry, intent.stop_loss
    found = [] if size is None else [size.quantity, size.notional, size.equity_pct, size.risk_pct]
    found += (entry.price, entry.max_slippage_bps)
    if stop is not None:
        found += (stop.price, stop.pct)
    for target in intent.take_profits:
        found += (target.price, target.pct, target.fraction)
    found.append(intent.confidence)
    return [value for value in found if value is not None]


def _is_plain(value: Decimal) -> bool:
    """Whether the number is written as `_plain` would write it."""
    shown = str(value)
    return "E" not in shown and ("." not in shown or shown[-1] != "0")


def _plainly(intent: Intent) -> Intent:
    """The same intent with its numbers written plainly. What was left out stays left out."""
    changes: dict[str, Any] = {}
    for name in ("size", "entry", "stop_loss"):
        group = getattr(intent, name)
        if group is not None:
            changes[name] = _plain_group(group)
    if intent.take_profits:
        changes["take_profits"] = tuple(map(_plain_group, intent.take_profits))
    if intent.confidence is not None:
        changes["confidence"] = num.plain(intent.confidence)
    return msgspec.structs.replace(intent, **changes)


def _plain_group(group: Group) -> Group:
    changes = {}
    for name in group.__struct_fields__:
        value = getattr(group, name)
        if type(value) is Decimal and not _is_plain(value):
            changes[name] = num.plain(value)
    return msgspec.structs.replace(group, **changes) if changes else group


def _name_of(intent: Intent, value: Decimal) -> str:
    return next(name for name, each in _numbers(intent) if each is value)


def _numbers(intent: Intent) -> list[tuple[str, Decimal]]:
    groups: list[tuple[str, Any]] = [("size", intent.size), ("entry", intent.entry), ("stop_loss", intent.stop_loss)]
    groups += [(f"take_profits[{index}]", target) for index, target in enumerate(intent.take_profits)]
    found = [
        (f"{prefix}.{name}", value)
        for prefix, group in groups
        if group is not None
        for name in group.__struct_fields__
        if isinstance(value := getattr(group, name), Decimal)
    ]
    return found + ([("confidence", intent.confidence)] if intent.confidence is not None else [])


def _count(values: tuple[Decimal | None, ...]) -> int:
    return len([value for value in values if value is not None])


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return num.text(num.plain(value))
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _explained(error: msgspec.MsgspecError) -> IntentError:
    """The decoder's complaint with the field's full name and a value that would pass."""
    message, _, path = str(error).partition(" - at `")
    if path.startswith("key` in `"):
        path, message = path.removeprefix("key` in `"), f"{message} as key"
    named = re.search(r"field `([^`]*)`", message)
    parts = [path.rstrip("`").lstrip("$").lstrip("."), named[1] if named else ""]
    field = ".".join(part for part in parts if part) or "body"
    if "unknown field" in message:
        return IntentError(field, message, "leave it out")
    general = re.sub(r"\[[^\]]*\]", "", field)
    return IntentError(field, message, _EXAMPLES.get(general, _EXAMPLES["body"]))


_EXAMPLES = {
    "body": '{"id": "my-strategy-000123", "source": "my-strategy", "symbol": "BTCUSDT", "action": "flatten"}',
    "id": '"my-strategy-000123"',
    "source": '"my-strategy"',
    "symbol": '"BTCUSDT"',
    "action": '"open", "close" or "flatten"',
    "side": '"long" or "short"',
    "size": '{"risk_pct": "1"}',
    "entry": '{"type": "market", "max_slippage_bps": "10"}',
    "entry.type": '"market" or "limit"',
    "entry.time_in_force": '"GTD", "IOC", "FOK" or "GTX"',
    "entry.plain": "true or false",
    "entry.ttl_ms": "milliseconds, a whole number from 100 to 86400000",
    "leverage": "a whole number from 1 to 125",
    "stop_loss": '{"price": "24500"} or {"pct": "1.5"}',
    "take_profits": '[{"pct": "2", "fraction": "0.5"}, {"pct": "4", "fraction": "0.5"}], at most 10',
    "min_size": '"deny" or "up"',
    "expires_at": "epoch milliseconds, a whole number",
    "meta": '{"note": "any short text"}',
    **dict.fromkeys(
        ("size.quantity", "size.notional", "size.equity_pct", "size.risk_pct", "entry.price", "entry.max_slippage_bps",
         "stop_loss.price", "stop_loss.pct", "take_profits.price", "take_profits.pct", "take_profits.fraction",
         "confidence"),
        'a plain decimal such as "1.5"',
    ),
}  # fmt: skip
"""A value that passes, by field."""
