"""A run written down beforehand: control requests with the time at which each is carried out.

A scenario is JSON lines: `{"at_ms": 1500, "do": "book.gap", "symbol": "BTCUSDT", "percent": "-5"}`, the time
counted from the start. Empty lines and lines that begin with `#` are passed over. What the exchange refuses
when its time has come is in the venue log with the line and the reason; the run goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from holdfast.paper.control import door as control
from holdfast.paper.exchange import Exchange


class ScenarioError(ValueError):
    """A scenario breaks a rule of its form. Names the line, the rule and what would pass."""

    def __init__(self, line: int, rule: str, passes: str) -> None:
        super().__init__(f"line {line}: {rule}\n    would pass: {passes}")
        self.line = line


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One request, when it is due, and the line it stands on."""

    line: int
    at_ms: int
    request: dict[str, Any]


_EXAMPLE = '{"at_ms": 1500, "do": "book.gap", "symbol": "BTCUSDT", "percent": "-5"}'


def read_scenario(lines: Iterable[bytes]) -> list[Step]:
    """The steps of a scenario in the order of their times. Raises `ScenarioError` for the first line that is none."""
    steps = [
        _step(number, text)
        for number, raw in enumerate(lines, start=1)
        if (text := raw.strip()) and not text.startswith(b"#")
    ]
    return sorted(steps, key=lambda step: step.at_ms)


def _step(line: int, text: bytes) -> Step:
    try:
        request = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(line, f"a line is a JSON object: {error}", _EXAMPLE) from None
    at_ms = request.pop("at_ms", None)
    if isinstance(at_ms, bool) or not isinstance(at_ms, int) or at_ms < 0:
        raise ScenarioError(line, f"at_ms must be a whole number of 0 or more, got {at_ms!r}", _EXAMPLE)
    do = request.get("do")
    if do not in control.KNOWN:
        raise ScenarioError(line, f"do: unknown verb {do!r}; known: {', '.join(control.KNOWN)}", _EXAMPLE)
    verb = request.get("verb")
    if do == "fault" and verb not in control.FAULTS:
        known = ", ".join(control.FAULTS)
        raise ScenarioError(line, f"verb: unknown fault {verb!r}; known: {known}", '"verb": "reset"')
    return Step(line=line, at_ms=at_ms, request=request)


def plan(exchange: Exchange, steps: Sequence[Step]) -> None:
    """Let every step happen in its time, counted from now."""
    for step in steps:
        _plan(exchange, step)


def _plan(exchange: Exchange, step: Step) -> None:
    def happen(_now_us: int) -> None:
        answer = control.handle(exchange, dict(step.request))
        refused = {} if answer["ok"] else {"error": answer["error"]}
        exchange.log("control", what="scenario", line=step.line, do=step.request["do"], ok=answer["ok"], **refused)

    exchange.timers.at(exchange.now_us + step.at_ms * 1000, happen)
