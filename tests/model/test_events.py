"""The journal's records: each type survives its own bytes, whatever it holds, and nothing else is read as one."""

import json
from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from msgspec import inspect as shapes

from holdfast.model import events
from holdfast.model.events import AnyEvent, Event
from holdfast.model.orders import Side
from holdfast.model.reasons import TradingState
from holdfast.model.reports import Channel, Fill

D = Decimal
TYPES = get_args(AnyEvent)
SAMPLES = {shapes.IntType: 100, shapes.BoolType: True, shapes.DecimalType: D("0.10"), shapes.StrType: "text"}


def sample(shape: shapes.Type, *, full: bool) -> Any:
    """A value of that type; `full` fills every optional field and gives every collection an item."""
    match shape:
        case shapes.UnionType():
            members = [item for item in shape.types if not isinstance(item, shapes.NoneType)]
            return sample(members[0], full=full) if full or len(members) == len(shape.types) else None
        case shapes.StructType():
            wanted = [field for field in shape.fields if full or field.required]
            return shape.cls(**{field.name: sample(field.type, full=full) for field in wanted})
        case shapes.EnumType():
            return list(shape.cls)[-1]
        case shapes.LiteralType():
            return shape.values[-1]
        case shapes.VarTupleType():
            return (sample(shape.item_type, full=full),) if full else ()
        case shapes.DictType():
            return {"key": sample(shape.value_type, full=full)} if full else {}
        case shapes.Metadata():
            return sample(shape.type, full=full)
    return SAMPLES[type(shape)]


def built(kind: type[Event], *, full: bool) -> Event:
    """An event of that type."""
    return sample(shapes.type_info(kind), full=full)


@pytest.mark.parametrize("full", [True, False], ids=["every field", "required fields"])
@pytest.mark.parametrize("kind", TYPES)
def test_an_event_survives_its_bytes(kind, full):
    """Equal, of the same type, and with the same bytes again."""
    event = built(kind, full=full)
    again = events.decode(events.encode(event))
    assert (type(again), again) == (kind, event)
    assert events.encode(again) == events.encode(event)


@pytest.mark.parametrize("kind", TYPES)
def test_a_record_names_its_kind(kind):
    """The tag stands in the body and beside it, so a journal can be searched without reading bodies."""
    event = built(kind, full=False)
    assert json.loads(events.encode(event))["event"] == events.kind_of(event)


@pytest.mark.parametrize("kind", TYPES)
def test_a_record_without_a_required_field_is_refused(kind):
    """A record of another format stops the start instead of being read as something else."""
    body = json.loads(events.encode(built(kind, full=True)))
    for field in shapes.type_info(kind).fields:
        if field.required:
            less = {name: value for name, value in body.items() if name != field.name}
            with pytest.raises(msgspec.ValidationError, match=field.name):
                events.decode(json.dumps(less).encode())


def test_every_event_class_is_in_the_union():
    """One that is missing could be written and never read."""
    classes = {item for item in vars(events).values() if isinstance(item, type) and issubclass(item, Event)}
    assert classes - {Event} == set(TYPES)


def test_no_two_kinds_share_a_tag():
    """Two types under one tag could not be told apart."""
    tags = [kind.__struct_config__.tag for kind in TYPES]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    "body", [b"", b"[", b"null", b"{}", b'{"event": "no_such_event", "at_ms": 1}', b'{"event": "flatten_ended"}',
             b'{"event": "day_started", "at_ms": "1", "day": "d", "equity": "1"}',
             b'{"event": "state_commanded", "at_ms": 1, "state": "asleep", "by": "a", "reason": "b"}'],
    ids=["empty", "cut", "null", "no tag", "unknown tag", "no fields", "wrong type", "unknown state"],
)  # fmt: skip
def test_bytes_of_another_format_are_refused(body):
    """Nothing is skipped and nothing is guessed."""
    with pytest.raises(msgspec.DecodeError):
        events.decode(body)


def test_money_is_written_as_text_with_its_digits():
    """0.10 stays 0.10, and no reader can make a float of it by accident."""
    assert b'"equity":"10000.10"' in events.encode(events.DayStarted(at_ms=1, day="2025-06-15", equity=D("10000.10")))


def test_a_record_is_written_like_this():
    """Journals of years ago hold exactly these bytes."""
    fill = Fill(channel=Channel.STREAM, symbol="BTCUSDT", order_id=1, trade_id=2, side=Side.BUY, price=D("50000.10"),
                quantity=D("0.001"), fee=None, fee_asset="", realized=D(0), maker=False)  # fmt: skip
    assert events.encode(events.FillBooked(at_ms=3, fill=fill, client_id="hf-e1-a", trade_id="t")) == (
        b'{"event":"fill_booked","at_ms":3,"fill":{"channel":"stream","symbol":"BTCUSDT","order_id":1,"trade_id":2,'
        b'"side":"BUY","price":"50000.10","quantity":"0.001","fee":null,"fee_asset":"","realized":"0","maker":false,'
        b'"client_id":"","position_side":"BOTH","venue_ms":0},"client_id":"hf-e1-a","trade_id":"t"}'
    )


def test_a_field_that_a_later_version_added_is_ignored():
    """An older reader still understands what it knows; an older record gets the default."""
    body = b'{"event": "state_commanded", "at_ms": 1, "state": "halted", "by": "a", "reason": "b", "new": 1}'
    assert events.decode(body) == events.StateCommanded(at_ms=1, state=TradingState.HALTED, by="a", reason="b")


def test_an_event_cannot_be_changed():
    """What has happened has happened."""
    event = built(events.FlattenEnded, full=True)
    with pytest.raises(AttributeError):
        event.symbol = "ETHUSDT"
