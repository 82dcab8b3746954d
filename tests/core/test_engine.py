"""The engine's dispatch: every input has its handler, every timer its name, every state its hash."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from holdfast.core import engine as module
from holdfast.core.engine import Engine
from holdfast.model import inputs as inp
from tests.core.bench import Bench

CORE = Path(module.__file__).parent


@pytest.mark.parametrize("kind", get_args(inp.AnyInput))
def test_every_input_has_a_handler(kind):
    """A missing key would be an error in the middle of trading."""
    assert kind in module._HANDLERS


def test_every_timer_has_a_handler():
    """By the names that the sources set."""
    sources = "\n".join(path.read_text() for path in CORE.glob("*.py"))
    names = set(re.findall(r"\btimer(?:_once)?\(\s*f?\"([a-z-]+)", sources))
    assert names
    assert names <= set(module._TIMERS)


def test_every_read_has_a_purpose_that_is_known():
    """An answer without a handler would stop the engine."""
    from holdfast.core import reconcile

    sources = "\n".join(path.read_text() for path in CORE.glob("*.py"))
    asked = set(re.findall(r"read\(\s*ReadKind\.[A-Z_]+,\s*f?\"([a-z]+)", sources))
    assert asked
    assert asked <= set(reconcile._PURPOSES)


def test_a_snapshot_is_the_state():
    """Dumped and loaded, the hash is the same."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.check_end()


def test_a_snapshot_of_another_shape_is_refused():
    """It folds from the journal then."""
    with pytest.raises(msgspec.ValidationError):
        Engine(Bench().settings, "test").load(b'{"events": "many"}')


def test_a_price_changes_no_state():
    """Market messages are not journalled."""
    bench = Bench().open_trade()
    before = bench.engine.state_hash()
    bench.market(mark="50010")
    assert bench.engine.state_hash() == before


def test_exposed_symbols_are_those_that_need_the_watch():
    """A position, or an entry that works or is unknown."""
    bench = Bench(symbols=("BTCUSDT", "ETHUSDT"))
    assert bench.engine.exposed_symbols() == []
    bench.intent(symbol="ETHUSDT")
    assert bench.engine.exposed_symbols() == ["ETHUSDT"]
