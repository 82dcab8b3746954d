"""The files that `holdfast paper` is given: leverage tiers, a scenario, and the state of an earlier run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.adapters.market_files import UnreadableFile, read_document
from holdfast.adapters.state_file import StateFile
from holdfast.cli.shell import USAGE, Failure, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.paper.config import Bracket
    from holdfast.paper.scenario import Step


def open_tiers(path: Path | None) -> dict[str, list[Bracket]]:
    """The leverage tiers of a file by symbol; broken rows are told and left out."""
    from holdfast.paper.tiers import TierError, decode_tiers

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
    from holdfast.paper.scenario import ScenarioError, read_scenario

    if path is None:
        return ()
    try:
        return tuple(read_scenario(path.read_bytes().splitlines()))
    except (OSError, ScenarioError) as error:
        raise Failure(f"--scenario: {error}", USAGE) from None


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
        try:
            return self._file.read()
        except OSError as error:
            raise Failure(f"--state: {self._file.path} cannot be read: {error.strerror}", USAGE) from None
