"""The files that `holdfast paper` is given: settings, leverage tiers, a scenario, and the state of an earlier run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.adapters.market_files import UnreadableFile, read_document
from holdfast.adapters.state_file import StateFile
from holdfast.cli.paper_settings import open_settings, turn_facts
from holdfast.cli.shell import USAGE, Failure, say, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from holdfast.paper.config import Bracket, PaperConfig
    from holdfast.paper.control.scenario import Step


def open_config(settings: Path | None, tiers: Path | None, turns: list[str] | None = None) -> PaperConfig:
    """The settings of one file with switches turned, and the tiers of another for the symbols that both name."""
    config = open_settings(settings)
    turn_facts(config, turns or [])
    config.brackets = {**config.brackets, **open_tiers(tiers)}
    return config


def contracts_of(state: bytes) -> dict[str, Any]:
    """The exchangeInfo of an exchange that is taken up again. Raises `StateError`."""
    from holdfast.paper.state import restore

    return restore(state, lambda _record: None).info


def open_tiers(path: Path | None) -> dict[str, list[Bracket]]:
    """The leverage tiers of a file by symbol; broken rows are told and left out."""
    from holdfast.paper.market.tiers import TierError, decode_tiers

    if path is None:
        return {}
    try:
        good, broken = decode_tiers(read_document(path))
    except (UnreadableFile, TierError) as error:
        passes = "the answer of GET /fapi/v1/leverageBracket, saved as JSON (plain, .gz or .zst)"
        raise Failure(f"--tiers: {error}\n    would pass: {passes}", USAGE) from None
    for row in broken:
        say(f"--tiers: {row.symbol} is left out: {row.reason}")
    return good


def open_scenario(path: Path | None) -> tuple[Step, ...]:
    """The steps of a scenario file."""
    from holdfast.paper.control.scenario import ScenarioError, read_scenario

    if path is None:
        return ()
    try:
        return tuple(read_scenario(path.read_bytes().splitlines()))
    except OSError as error:
        raise wrong("--scenario", f"{path} cannot be read: {error.strerror}", "a file of JSON lines") from None
    except ScenarioError as error:
        raise Failure(f"--scenario: {path} {error}", USAGE) from None


class KeptState:
    """Where the exchange of one run waits for the next."""

    def __init__(self, path: Path | None) -> None:
        """Without a path nothing is kept."""
        self._file = None if path is None else StateFile(path)

    @property
    def keep(self) -> Callable[[bytes], None] | None:
        """Puts a state there."""
        return None if self._file is None else self._file.write

    def read(self) -> bytes | None:
        """The state of the run before, or None at the first."""
        if self._file is None:
            return None
        path = self._file.path
        # An exchange that ran for hours must not find out at its end that there is no place for it.
        if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
            raise wrong("--state", f"there is no folder {path.absolute().parent} to write in", "--state paper.state")
        try:
            return self._file.read()
        except OSError as error:
            raise wrong("--state", f"{path} cannot be read: {error.strerror}", "--state paper.state") from None

    def say_taken_up(self, earlier: bytes | None) -> None:
        """Tell the operator whose settings hold."""
        if earlier is not None and self._file is not None:
            say(f"the exchange in {self._file.path} is taken up again, with its own accounts, contracts and settings")

    def refuse_beside(self, earlier: bytes | None, options: Mapping[str, object]) -> None:
        """An exchange that is taken up has its own accounts, contracts and tiers: others would be without effect."""
        named = [name for name, value in options.items() if value is not None]
        if earlier is None or self._file is None or not named:
            return
        rule = f"the exchange in {self._file.path} has its own; this option would be without effect"
        raise wrong(named[0], rule, f"no {named[0]}, or --state with the name of a new file")
