"""Only what passed the gate, or can only reduce, becomes `Authorised`; and only one file makes one."""

import re
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from holdfast.core.authority import authorise_entry, authorise_reducing, reduces
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoSpec, AlgoType, OrderSpec, OrderType, Side

SOURCE = Path(__file__).resolve().parents[2] / "src" / "holdfast"

ENTRY = OrderSpec(
    client_id="hf-e1-abc", role=Role.ENTRY, symbol="BTCUSDT", side=Side.BUY, type=OrderType.MARKET, quantity=Decimal(1)
)
CLOSE = OrderSpec(
    client_id="hf-c1-abc",
    role=Role.CLOSE,
    symbol="BTCUSDT",
    side=Side.SELL,
    type=OrderType.MARKET,
    quantity=Decimal(1),
    reduce_only=True,
)
BACKSTOP = AlgoSpec(
    client_id="hf-s1-abc",
    role=Role.STOP,
    symbol="BTCUSDT",
    side=Side.SELL,
    type=AlgoType.STOP_MARKET,
    trigger_price=Decimal(90),
    close_position=True,
)


def change(spec, **changes):
    """The same order, differently."""
    return msgspec.structs.replace(spec, **changes)


def test_only_authority_constructs_authorised():
    """DESIGN 4: no other file of the product makes an Authorised value."""
    pattern = re.compile(r"\bAuthorised(\[[A-Za-z]+\])?\(")
    makers = []
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text("utf-8").replace("class Authorised(msgspec.Struct", "")
        if pattern.search(text):
            makers.append(path.relative_to(SOURCE).as_posix())
    assert makers == ["core/authority.py"]


def test_an_entry_goes_with_its_verdict():
    """The verdict travels with the order."""
    authorised = authorise_entry(ENTRY, "verdict-7")
    assert authorised.spec is ENTRY
    assert authorised.verdict == "verdict-7"


@pytest.mark.parametrize(
    ("spec", "verdict"),
    [
        pytest.param(ENTRY, "", id="no verdict"),
        pytest.param(change(ENTRY, role=Role.CLOSE), "v", id="not an entry"),
        pytest.param(change(ENTRY, reduce_only=True), "v", id="reduce-only entry"),
        pytest.param(change(ENTRY, quantity=Decimal(0)), "v", id="no quantity"),
        pytest.param(change(ENTRY, quantity=Decimal(-1)), "v", id="negative quantity"),
    ],
)
def test_a_wrong_entry_is_refused(spec, verdict):
    """A wrong entry stops the program instead of reaching the market."""
    with pytest.raises(AssertionError, match=r"^invariant:"):
        authorise_entry(spec, verdict)


@pytest.mark.parametrize(
    "spec", [CLOSE, BACKSTOP, change(BACKSTOP, close_position=False, quantity=Decimal(1), reduce_only=True)]
)
def test_reducing_orders_need_only_the_name_of_their_rule(spec):
    """Reducing risk is never blocked: there is no view, no limit and no state to ask."""
    authorised = authorise_reducing(spec, "cover")
    assert authorised.spec is spec
    assert authorised.verdict == "cover"


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        pytest.param(CLOSE, "", id="no rule"),
        pytest.param(ENTRY, "cover", id="an entry"),
        pytest.param(change(CLOSE, reduce_only=False), "cover", id="could open"),
        pytest.param(change(BACKSTOP, close_position=False), "cover", id="stop that could open"),
        pytest.param(change(BACKSTOP, role=Role.ENTRY), "cover", id="an entry as algo"),
    ],
)
def test_an_order_that_could_increase_is_refused(spec, rule):
    """P7: what the venue would not hold to reducing is not authorised as reducing."""
    with pytest.raises(AssertionError, match=r"^invariant:"):
        authorise_reducing(spec, rule)


@pytest.mark.parametrize(
    ("close_position", "quantity", "reduce_only", "expected"),
    [
        (True, None, False, True),
        (True, Decimal(1), False, False),
        (True, None, True, False),
        (True, Decimal(1), True, False),
        (False, Decimal(1), True, True),
        (False, Decimal(1), False, False),
        (False, None, True, False),
        (False, Decimal(0), True, False),
    ],
)
def test_reduces_of_a_stop(close_position, quantity, reduce_only, expected):
    """closePosition takes neither quantity nor reduceOnly at the venue; a quantity needs reduceOnly."""
    spec = change(BACKSTOP, close_position=close_position, quantity=quantity, reduce_only=reduce_only)
    assert reduces(spec) is expected


@pytest.mark.parametrize(("reduce_only", "expected"), [(True, True), (False, False)])
def test_reduces_of_a_plain_order(reduce_only, expected):
    """A plain order reduces exactly if it says so."""
    assert reduces(change(CLOSE, reduce_only=reduce_only)) is expected
