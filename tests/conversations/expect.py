"""Whether what came is what a script expects: a subset, with wildcards and captures.

In an expected value `"*"` matches anything that is there, `"#"` any number, `"!"` says that the field is absent,
`"Reach *"` has a wildcard inside, `"$id"` is compared with the captured value or captures it. A list must have
the same length, unless it ends with `"..."`. Texts and numbers are different things, as they are for a client.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

_NAME = re.compile(r"\$([a-z_]+)")
_NOW = re.compile(r"\$now(?:([+-]\d+))?")
_ABSENT = object()


class Captured(dict[str, Any]):
    """What scripts call by name; `$now`, with an optional distance in milliseconds, is the venue's time."""

    now_ms = 0

    def fill(self, text: str) -> str:
        """A text to send with its names replaced; raises KeyError for a name that was not captured."""
        text = _NOW.sub(lambda found: str(self.now_ms + int(found[1] or 0)), text)
        return _NAME.sub(lambda found: str(self[found[1]]), text)


def differences(expected: Any, got: Any, names: Captured, where: str = "") -> list[str]:
    """Every field that is not as expected, one sentence each; nothing when all match."""
    if isinstance(expected, str):
        return _text(expected, got, names, where)
    if got is _ABSENT:
        return [f"{where or 'answer'}: expected {shown(expected)}, is absent"]
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return [f"{where or 'answer'}: expected an object, got {shown(got)}"]
        found: list[str] = []
        for key, value in expected.items():
            found += differences(value, got.get(key, _ABSENT), names, f"{where}.{key}" if where else key)
        return found
    if isinstance(expected, list):
        return _list(expected, got, names, where)
    same = type(expected) is type(got) or (_is_number(expected) and _is_number(got))
    return [] if same and expected == got else [f"{where or 'answer'}: expected {shown(expected)}, got {shown(got)}"]


def _list(expected: list[Any], got: Any, names: Captured, where: str) -> list[str]:
    if not isinstance(got, list):
        return [f"{where or 'answer'}: expected a list, got {shown(got)}"]
    is_open = bool(expected) and expected[-1] == "..."
    wanted = expected[:-1] if is_open else expected
    if len(got) < len(wanted) or (len(got) > len(wanted) and not is_open):
        return [f"{where or 'answer'}: expected {len(wanted)} rows{' or more' * is_open}, got {len(got)}: {shown(got)}"]
    found: list[str] = []
    for index, value in enumerate(wanted):
        found += differences(value, got[index], names, f"{where}[{index}]")
    return found


def _text(expected: str, got: Any, names: Captured, where: str) -> list[str]:
    if expected == "!":
        return [] if got is _ABSENT else [f"{where}: expected nothing, got {shown(got)}"]
    if got is _ABSENT:
        return [f"{where or 'answer'}: expected {shown(expected)}, is absent"]
    if _matches(expected, got, names):
        return []
    told = expected
    if expected.startswith("$"):
        told = f"{expected} = {shown(names.get(expected[1:], names.now_ms))}"
    return [f"{where or 'answer'}: expected {shown(told)}, got {shown(got)}"]


def _matches(expected: str, got: Any, names: Captured) -> bool:
    if expected == "*":
        return True
    if expected == "#":
        return _is_number(got)
    now = _NOW.fullmatch(expected)
    if now is not None:
        return bool(got == names.now_ms + int(now[1] or 0))
    name = _NAME.fullmatch(expected)
    if name is not None:
        return bool(names.setdefault(name[1], got) == got)
    if not isinstance(got, str):
        return False
    pattern = ".*".join(re.escape(part) for part in names.fill(expected).split("*"))
    return re.fullmatch(pattern, got, re.DOTALL) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def shown(value: Any) -> str:
    """A value as JSON, digits as they came, cut where it gets long."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text if len(text) <= 1500 else f"{text[:1500]}…"
