"""Intent v1: what is understood, what is refused and why, and what counts as the same content."""

import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model import intent as intents
from holdfast.model.intent import Distance, Entry, Intent, IntentError, Size, Target
from holdfast.model.orders import Direction

D = Decimal
OPEN: dict[str, Any] = {
    "id": "a-1", "source": "test", "symbol": "BTCUSDT", "action": "open", "side": "long",
    "size": {"risk_pct": "1"}, "stop_loss": {"pct": "1.5"},
}  # fmt: skip
CLOSE = {"id": "a-2", "source": "test", "symbol": "BTCUSDT", "action": "close"}
LEFT_OUT = object()


def body(base: dict[str, Any] = OPEN, **changes: Any) -> bytes:
    """An intent as JSON, with fields changed or left out."""
    return json.dumps({key: value for key, value in {**base, **changes}.items() if value is not LEFT_OUT}).encode()


def refused(given: bytes) -> tuple[str, str, str]:
    """Field, rule and passing value of the refusal."""
    with pytest.raises(IntentError) as caught:
        intents.decode(given)
    error = caught.value
    assert str(error) == f"{error.field}: {error.rule}; would pass: {error.passes}"
    return error.field, error.rule, error.passes


def hashed(**changes: Any) -> str:
    """The content hash of the opening intent with changes."""
    return intents.content_hash(intents.decode(body(**changes)))


def test_a_plain_intent_is_understood():
    """With the defaults of the contract: a market entry, deny what is too small."""
    intent = intents.decode(body())
    assert (intent.id, intent.direction, intent.size, intent.stop_loss) == (
        "a-1", Direction.LONG, Size(risk_pct=D(1)), Distance(pct=D("1.5")),
    )  # fmt: skip
    assert (intent.entry, intent.min_size, intent.take_profits, intent.meta) == (Entry(), "deny", (), {})


def test_numbers_may_come_as_json_numbers():
    """Read from their digits, not by way of a float: 0.1 is one tenth."""
    assert intents.decode(body(size={"risk_pct": 0.1})).size == Size(risk_pct=D("0.1"))


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        pytest.param({"sise": {"risk_pct": "1"}}, "sise", "unknown field", id="unknown field"),
        pytest.param({"size": {"risk_pct": "1", "x": 1}}, "size.x", "unknown field", id="unknown field inside"),
        pytest.param({"take_profits": [{"pct": "1", "x": 1}]}, "take_profits[0].x", "unknown field", id="in a list"),
        pytest.param({"id": LEFT_OUT}, "id", "missing required field", id="no id"),
        pytest.param({"id": "a b"}, "id", "matching regex", id="blank in the id"),
        pytest.param({"id": "a\n"}, "id", "matching regex", id="line break after the id"),
        pytest.param({"id": "a" * 65}, "id", "length <= 64", id="long id"),
        pytest.param({"source": ""}, "source", "length >= 1", id="empty source"),
        pytest.param({"symbol": "B" * 33}, "symbol", "length <= 32", id="long symbol"),
        pytest.param({"symbol": 5}, "symbol", "Expected `str`", id="symbol of the wrong type"),
        pytest.param({"action": "buy"}, "action", "Invalid enum value", id="unknown action"),
        pytest.param({"side": LEFT_OUT}, "side", "is needed to open", id="no side"),
        pytest.param({"size": LEFT_OUT}, "size", "exactly one measure", id="no size"),
        pytest.param({"size": {}}, "size", "exactly one measure", id="empty size"),
        pytest.param({"size": {"risk_pct": "1", "notional": "5"}}, "size", "exactly one measure", id="two sizes"),
        pytest.param({"size": "1"}, "size", "Expected `object | null`", id="size of the wrong type"),
        pytest.param({"size": {"risk_pct": True}}, "size.risk_pct", "got `bool`", id="truth for a number"),
        pytest.param({"size": {"risk_pct": "abc"}}, "size.risk_pct", "Invalid decimal", id="letters for a number"),
        pytest.param({"size": {"risk_pct": "NaN"}}, "size.risk_pct", "not a finite number", id="NaN"),
        pytest.param({"size": {"risk_pct": "-inf"}}, "size.risk_pct", "not a finite number", id="infinity"),
        pytest.param({"size": {"risk_pct": "1e309"}}, "size.risk_pct", "too many digits", id="1e309"),
        pytest.param({"size": {"risk_pct": "1" * 31}}, "size.risk_pct", "too many digits", id="31 digits"),
        pytest.param({"size": {"risk_pct": "-1"}}, "size.risk_pct", "above zero, was -1", id="negative size"),
        pytest.param({"size": {"quantity": "0"}}, "size.quantity", "above zero, was 0", id="zero size"),
        pytest.param({"stop_loss": {}}, "stop_loss", "exactly one of price and pct", id="empty stop"),
        pytest.param({"stop_loss": {"pct": "1", "price": "2"}}, "stop_loss", "exactly one", id="two stops"),
        pytest.param({"stop_loss": {"pct": "-1"}}, "stop_loss.pct", "above zero", id="negative stop"),
        pytest.param({"take_profits": [{"pct": "1"}, {}]}, "take_profits[1]", "exactly one", id="empty target"),
        pytest.param({"take_profits": [{"pct": "1", "fraction": "1.1"}]}, "take_profits", "more than 1", id="1.1"),
        pytest.param({"take_profits": [{"pct": "1", "fraction": "0.6"}] * 2}, "take_profits", "more than 1", id="1.2"),
        pytest.param({"take_profits": [{"pct": "1", "fraction": "-1"}]}, "take_profits[0].fraction", "above zero",
                     id="negative fraction"),
        pytest.param({"take_profits": [{"pct": "1", "fraction": "0.01"}] * 11}, "take_profits", "length <= 10",
                     id="11 targets"),
        pytest.param({"entry": {"type": "limit"}}, "entry.price", "needs its price", id="limit without a price"),
        pytest.param({"entry": {"price": "1"}}, "entry.price", "for a market entry", id="market with a price"),
        pytest.param({"entry": {"time_in_force": "IOC"}}, "entry.time_in_force", "for a market entry", id="market IOC"),
        pytest.param({"entry": {"type": "limit", "price": "1", "plain": True}}, "entry.plain", "for a limit entry",
                     id="plain limit"),
        pytest.param({"entry": {"type": "limit", "price": "1", "max_slippage_bps": "5"}}, "entry.max_slippage_bps",
                     "for a limit entry", id="limit with a cap"),
        pytest.param({"entry": {"plain": True, "max_slippage_bps": "5"}}, "entry.max_slippage_bps",
                     "for a plain market entry", id="plain with a cap"),
        pytest.param({"entry": {"ttl_ms": 99}}, "entry.ttl_ms", ">= 100", id="short life"),
        pytest.param({"leverage": 0}, "leverage", ">= 1", id="no leverage"),
        pytest.param({"leverage": 126}, "leverage", "<= 125", id="too much leverage"),
        pytest.param({"leverage": "5"}, "leverage", "Expected `int | null`", id="leverage as text"),
        pytest.param({"leverage": 2.5}, "leverage", "Expected `int | null`", id="half a leverage"),
        pytest.param({"expires_at": "soon"}, "expires_at", "Expected `int | null`", id="expiry as text"),
        pytest.param({"expires_at": -1}, "expires_at", ">= 0", id="expiry before time"),
        pytest.param({"meta": {"a": 1}}, "meta", "Expected `str`", id="number in meta"),
        pytest.param({"meta": {"a": "x" * 4_096}}, "meta", "over 4096 bytes", id="large meta"),
        pytest.param({"confidence": "1e400"}, "confidence", "too many digits", id="huge confidence"),
    ],
)  # fmt: skip
def test_bad_input_is_told_field_rule_and_a_passing_value(changes, field, rule):
    """Nothing is guessed, corrected or ignored."""
    found, said, passes = refused(body(**changes))
    assert found.removesuffix("[...]") == field
    assert rule in said
    assert passes


@pytest.mark.parametrize(
    "changes",
    [{"size": {"risk_pct": "1"}}, {"leverage": 5}, {"stop_loss": {"pct": "1"}}, {"take_profits": [{"pct": "1"}]},
     {"entry": {"type": "limit", "price": "1"}}],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
@pytest.mark.parametrize("action", ["close", "flatten"])
def test_a_close_takes_nothing_it_would_ignore(action, changes):
    """Above all no entry: who asks to close at a limit price must not be closed at the market's."""
    field, rule, passes = refused(body(CLOSE, action=action, **changes))
    assert (field, rule, passes) == (next(iter(changes)), f"has no meaning for action {action}", "leave it out")


@pytest.mark.parametrize(
    "given", [b"", b"{", b"[]", b"null", b"5", b'{"id": NaN}', b"\xff\xfe", b"[" * 16_000, body() + b" x"],
    ids=["empty", "cut", "list", "null", "number", "NaN", "bytes", "deep", "trailing"],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(given):
    """As a whole: no field of it can be named."""
    assert refused(given)[0] == "body"


def test_a_field_that_is_given_twice_is_refused():
    """Whoever reads it sees the first size, and the decoder would take the last."""
    body = b'{"id": "a", "source": "s", "symbol": "BTCUSDT", "action": "close", "action": "flatten"}'
    with pytest.raises(IntentError) as caught:
        intents.decode(body)
    assert (caught.value.field, caught.value.rule) == ("action", "stands twice in one object")


def test_the_example_of_a_body_passes():
    """What a refusal shows may be sent as it stands."""
    assert intents.decode(refused(b"[]")[2].encode()).action == "flatten"


def test_a_large_body_is_refused_before_it_is_read():
    """10 MB of anything: the limit is named, the parser never sees it."""
    assert refused(b'"' + b"x" * 10_000_000) == (
        "body", "is 10000001 bytes, over the limit", "at most 16384 bytes",
    )  # fmt: skip
    assert intents.decode(body().ljust(intents.MAX_BODY_BYTES)).id == "a-1"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        pytest.param({**OPEN, "size": {"risk_pct": float("nan")}}, "body", id="NaN"),
        pytest.param({**OPEN, "entry": {"max_slippage_bps": float("inf")}}, "body", id="infinity"),
        pytest.param({**OPEN, "size": {"risk_pct": D("NaN")}}, "size.risk_pct", id="decimal NaN"),
        pytest.param({**OPEN, "size": {"risk_pct": 10**400}}, "size.risk_pct", id="400 digits"),
        pytest.param({**OPEN, "x": object()}, "x", id="unknown object"),
        pytest.param({**OPEN, "meta": {1: "a"}}, "meta", id="key that is no text"),
        pytest.param({**OPEN, "symbol": "\ud800"}, "body", id="half a character"),
        pytest.param({**OPEN, "symbol": "x" * 33}, "symbol", id="too long"),
        pytest.param(["a"], "body", id="list"),
    ],
)
def test_a_parsed_object_is_checked_alike(value, field):
    """A number that is not finite must not turn into "not given" on the way."""
    with pytest.raises(IntentError) as caught:
        intents.from_builtins(value)
    assert caught.value.field == field


def test_a_parsed_object_means_the_same_as_its_text():
    """Floats of a parser are read by their shortest text."""
    assert intents.from_builtins(OPEN) == intents.decode(body())
    assert intents.from_builtins({**OPEN, "size": {"risk_pct": 0.1}}).size == Size(risk_pct=D("0.1"))


@pytest.mark.parametrize("text", ["1.0", "1.000", "1e0", "01"])
def test_equal_numbers_are_the_same_content(text):
    """However a source formats them, the second delivery is the first one again."""
    assert hashed(size={"risk_pct": text}) == hashed()


def test_spelling_is_not_content():
    """Order of keys, white space, a number for a text, and a default said aloud."""
    shuffled = json.dumps(dict(reversed(OPEN.items())), indent=4).encode()
    assert intents.content_hash(intents.decode(shuffled)) == hashed()
    assert hashed(size={"risk_pct": 1}) == hashed(min_size="deny", entry={"type": "market"}, meta={}) == hashed()


@pytest.mark.parametrize(
    "changes",
    [{"id": "a-9"}, {"source": "other"}, {"symbol": "ETHUSDT"}, {"side": "short"}, {"size": {"risk_pct": "1.1"}},
     {"size": {"equity_pct": "1"}}, {"entry": {"plain": True}}, {"stop_loss": {"pct": "1.6"}}, {"leverage": 5},
     {"take_profits": [{"pct": "2"}]}, {"min_size": "up"}, {"expires_at": 1}, {"confidence": "0.5"},
     {"meta": {"a": "b"}}],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_any_other_field_is_other_content(changes):
    """So that an id used again for something else is noticed (denied OTHER_CONTENT)."""
    assert hashed(**changes) != hashed()


def test_the_hash_of_an_intent_is_the_same_for_ever():
    """Remembered hashes are compared with those of a later version."""
    canonical = (
        b'{"action":"open","entry":{},"id":"a-1","side":"long","size":{"risk_pct":"1"},"source":"test",'
        b'"stop_loss":{"pct":"1.5"},"symbol":"BTCUSDT"}'
    )
    assert hashed() == hashlib.sha256(canonical).hexdigest()


NUMBERS = st.decimals("0.00000001", "1000000", places=8)
TEXTS = st.from_regex(r"\A[A-Za-z0-9._:/@-]{1,64}\Z")
SIZES = st.builds(lambda name, value: Size(**{name: value}), st.sampled_from(Size.__struct_fields__), NUMBERS)
DISTANCES = st.builds(lambda name, value: Distance(**{name: value}), st.sampled_from(["price", "pct"]), NUMBERS)
TARGETS = st.lists(st.builds(Target, pct=NUMBERS, fraction=st.decimals("0.01", "0.1", places=2)), max_size=10)
ENTRIES = st.one_of(
    st.builds(Entry, max_slippage_bps=st.none() | NUMBERS, ttl_ms=st.none() | st.integers(100, 86_400_000)),
    st.builds(Entry, plain=st.just(True)),
    st.builds(Entry, type=st.just("limit"), price=NUMBERS,
              time_in_force=st.sampled_from([None, "GTD", "IOC", "FOK", "GTX"])),
)  # fmt: skip
OPENING = st.builds(
    Intent, id=TEXTS, source=TEXTS, symbol=st.text(st.characters(codec="utf-8"), min_size=1, max_size=32),
    action=st.just("open"), side=st.sampled_from(["long", "short"]), size=SIZES, entry=ENTRIES,
    leverage=st.none() | st.integers(1, 125), stop_loss=st.none() | DISTANCES, take_profits=TARGETS.map(tuple),
    min_size=st.sampled_from(["deny", "up"]), expires_at=st.none() | st.integers(0, 10**14),
    confidence=st.none() | st.decimals("-1", "1", places=4),
    meta=st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=20),
                         st.text(st.characters(codec="utf-8"), max_size=20), max_size=5),
)  # fmt: skip


@given(OPENING)
def test_an_intent_survives_its_own_encoding(intent):
    """What was accepted can be sent again: equal, valid, and with the same hash."""
    again = intents.decode(intents.encode(intent))
    assert again == intent
    assert intents.content_hash(again) == intents.content_hash(intent)


def test_a_position_has_no_direction_of_its_own():
    """Only an intent with a side has a direction; asking any other is a mistake of ours."""
    with pytest.raises(AssertionError, match="invariant: an open intent has a side"):
        _ = intents.decode(body(CLOSE)).direction
