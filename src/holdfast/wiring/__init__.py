"""The only place that knows all the others: it puts an engine, a demo or a kill switch together and runs it.

Everything heavy is imported when it is needed, so that `holdfast run` signs its first read within two seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.config import Config
    from holdfast.service.demo_report import DemoOptions, DemoReport, DemoView
    from holdfast.service.killswitch import KillReport

Say = Callable[[str], None]
"""Tells the operator one line."""


def run(config: Config, say: Say) -> int:
    """Run the engine until it is told to stop; answers the exit code."""
    from holdfast.wiring.run import run_engine

    return run_engine(config, say)


def demo(options: DemoOptions, view: DemoView) -> DemoReport:
    """Run the engine on an exchange of its own. Raises `MarketFileError`, `IntentError` or `OSError`."""
    from holdfast.wiring.demo import run_demo

    return run_demo(options, view)


def kill(config: Config, say: Say) -> KillReport:
    """Close everything at the venue without an engine (RULES 16)."""
    from holdfast.wiring.kill import run_kill

    return run_kill(config, say)
