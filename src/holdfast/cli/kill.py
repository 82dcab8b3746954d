"""`holdfast kill`: the last resort (RULES 16). It needs the key and the venue, no engine and no journal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from holdfast.cli.shell import NO_FILE, OK, REFUSED, USAGE, ConfigFile, Failure, Json, ask, load_config, print_json, say

if TYPE_CHECKING:
    from holdfast.service.killswitch import KillReport

VENUE_PREFIX: Final = "HOLDFAST__VENUE__"
NOT_ASKED: Final = "?"
"""Stands for a symbol in a report whose positions could not be read."""


def kill(
    *,
    yes: Annotated[bool, Parameter(negative="", help="Do not ask.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> int:
    """Close everything at the venue without engine or journal.

    It latches this host's engine, cancels working entries, closes every position at the market until the venue shows
    0 twice, and only then cancels stops and targets. An engine on another host is not stopped by the latch: revoke its
    key. Exit code 1 when anything remains.
    """
    from holdfast.config import find
    from holdfast.wiring.kill import run_kill

    if find(config, os.environ) is None and not any(name.startswith(VENUE_PREFIX) for name in os.environ):
        # The built-in values name the paper exchange: somebody in the wrong folder would be told that all is closed.
        raise Failure(f"kill: which account to close is not known: {NO_FILE}", USAGE)
    loaded = load_config(config, only=("venue", "account", "journal"))
    venue = loaded.venue.name.value.upper()
    if not yes and not ask(f"Close EVERY position of account {loaded.engine.account} on {venue} at the market?"):
        raise Failure("kill: not confirmed\n    would pass: --yes", USAGE)
    report = run_kill(loaded, say)
    if json:
        print_json(report)
    else:
        for problem in report.problems:
            say(f"    {problem}")
        say(f"{venue}: " + ("flat, nothing works any more" if report.clean else f"NOT CLEAN: {_left(report)}"))
        say(f"the latch {loaded.latch_path} keeps this host's engine from entering; remove it to trade again")
    return OK if report.clean else REFUSED


def _left(report: KillReport) -> str:
    """What remains, in words."""
    if NOT_ASKED in report.positions_left or report.orders_left < 0:
        return "nobody knows what is open: the venue could not be asked. Close by hand at the venue, or revoke the key"
    parts = [f"{amount} {symbol}" for symbol, amount in report.positions_left.items()]
    parts += [f"{report.orders_left} orders still work"] if report.orders_left else []
    return ", ".join(parts) or "see above"
