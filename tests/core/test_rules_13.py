"""RULES 13, account settings: read first, changed only where nobody is, read back."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import ChangeSetting, Place, ReadKind
from holdfast.model.ids import Role
from holdfast.model.reports import SymbolConfig
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import stranger_order, unknown

D = Decimal


def test_rules_13_settings_that_fit_are_not_touched():
    """Read at the start, compared, left alone."""
    bench = Bench().open_trade()
    assert bench.done(ChangeSetting) == []


def test_rules_13_leverage_is_changed_and_read_back_before_the_entry():
    """The order of effects: change, read, entry."""
    bench = Bench().open_trade(leverage=8)
    kinds = [effect.kind.value if hasattr(effect, "purpose") and hasattr(effect, "kind") else type(effect).__name__
             for effect in bench.done(object)]  # fmt: skip
    change, read = kinds.index("ChangeSetting"), len(kinds) - 1 - kinds[::-1].index("symbol_config")
    assert change < read < kinds.index("Place")
    assert bench.venue.configs[SYMBOL].leverage == 8


def test_rules_13_margin_type_is_changed_the_same_way():
    """The configured one, on a symbol that nobody uses."""
    bench = Bench()
    bench.venue.configs[SYMBOL] = SymbolConfig(symbol=SYMBOL, leverage=5, margin_type="ISOLATED")
    bench.restart()
    bench.open_trade()
    assert [effect.margin_type for effect in bench.done(ChangeSetting)] == ["CROSSED"]


def test_rules_13_nothing_is_changed_under_somebodys_open_order():
    """SYMBOL_SETTINGS: an order of anybody uses the symbol."""
    bench = Bench()
    bench.venue.take(stranger_order("web_1", "0.1"), bench.now)
    bench.restart()
    bench.intent(leverage=8)
    assert bench.result().code == "SYMBOL_SETTINGS"
    assert bench.done(ChangeSetting) == []


def test_rules_13_an_unknown_change_denies_the_entry_until_it_is_read():
    """It arrived after all: the read shows it, and the entry goes."""
    bench = Bench()
    bench.script(Role.SETTING, unknown(landed=True))
    bench.intent(leverage=8)
    assert bench.result().status == "protected"


def test_rules_13_settings_that_could_not_be_read_deny():
    """Unread is unknown, and unknown is never fine (RULES 5)."""
    bench = Bench()
    bench.failing_reads = {ReadKind.SYMBOL_CONFIG}
    bench.restart()
    bench.intent()
    assert bench.result().status == "denied"


@pytest.mark.parametrize("mode", ["hedge_mode", "multi_assets"])
def test_rules_13_a_mode_that_differs_halts_and_is_never_changed(mode):
    """The engine says so and waits for a human."""
    bench = Bench()
    setattr(bench.venue, mode, True)
    bench.restart()
    assert bench.state.effective == "halted"
    assert "ACCOUNT_MODE" in {event.code.value for event in bench.of(ev.AlarmRaised)}
    assert bench.done(ChangeSetting) == []
    bench.intent()
    assert bench.places(Role.ENTRY) == []


def test_rules_13_a_leverage_that_somebody_changes_is_noticed():
    """ACCOUNT_CONFIG_UPDATE: the next entry sets it back first."""
    bench = Bench()
    bench.venue.configs[SYMBOL] = SymbolConfig(symbol=SYMBOL, leverage=20, margin_type="CROSSED")
    bench.give(inp.AccountConfigSeen, symbol=SYMBOL, leverage=20)
    bench.open_trade()
    assert [effect.leverage for effect in bench.done(ChangeSetting)] == [5]


def test_rules_13_a_restart_ends_an_entry_that_waited_for_its_settings():
    """Nothing had been sent; nothing is sent later."""
    bench = Bench()
    bench.hold_reads = {ReadKind.SYMBOL_CONFIG}
    bench.intent(leverage=8)
    bench.hold_reads.clear()
    bench.restart()
    bench.advance(5_000)
    assert [place for place in bench.done(Place) if place.order.spec.role is Role.ENTRY] == []
    assert (bench.result().status, bench.result().code) == ("rejected", "SYMBOL_SETTINGS")
