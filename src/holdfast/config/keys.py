"""What a configuration key is, and how a written value becomes a checked one.

Kind and default of a key come from the field of the settings struct it fills, so a key cannot disagree with the
setting behind it. Unit, range and reason stand in the tables beside this file.
"""

from __future__ import annotations

import types
import typing
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Literal

import msgspec

from holdfast.model import num

OFF = "off"
"""What is written for an optional limit that shall not apply (TOML has no null)."""


class Kind(StrEnum):
    """How a value is written."""

    TEXT = "text"
    FILE = "file"
    CHOICE = "choice"
    INTEGER = "whole number"
    DECIMAL = "decimal"
    FLAG = "true or false"
    LIST = "list of texts"


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. `owner` and `field` say which struct field it fills; `default` None means `off`."""

    name: str
    owner: type[msgspec.Struct]
    field: str
    kind: Kind
    why: str
    default: Any
    unit: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    example: str = ""
    secret: bool = False

    @property
    def section(self) -> str:
        """The table of the TOML file it stands in."""
        return self.name.partition(".")[0]

    @property
    def range_text(self) -> str:
        """The permitted values in words."""
        if self.kind is Kind.CHOICE:
            return " | ".join(self.choices)
        if self.low is not None or self.high is not None:
            low = "" if self.low is None else f"≥ {num.text(self.low)}"
            high = "" if self.high is None else f"≤ {num.text(self.high)}"
            return ", ".join(part for part in (low, high, OFF if self.optional else "") if part)
        return self.kind.value

    @property
    def sample(self) -> str:
        """A value that would pass, as it is written in the file."""
        if self.example:
            return self.example
        return written(self.default if self.default is not None else (OFF if self.optional else self.low))


class BadValue(ValueError):
    """A value that a key does not take: the rule it breaks, and what would pass."""

    def __init__(self, rule: str, passes: str) -> None:
        super().__init__(f"{rule}; would pass: {passes}")
        self.rule = rule
        self.passes = passes


def make_key(
    name: str,
    owner: type[msgspec.Struct],
    *,
    why: str,
    field: str = "",
    unit: str = "",
    low: str | None = None,
    high: str | None = None,
    default: Any = None,
    file: bool = False,
    example: str = "",
    secret: bool = False,
) -> Key:
    """A key of the table; kind, choices, default and optionality are read from the settings field."""
    field = field or name.rpartition(".")[2]
    hint = typing.get_type_hints(owner)[field]
    arguments = typing.get_args(hint)
    optional = typing.get_origin(hint) is types.UnionType and type(None) in arguments
    if optional:
        hint = next(argument for argument in arguments if argument is not type(None))
    kind, choices = _kind_of(hint)
    return Key(
        name=name,
        owner=owner,
        field=field,
        kind=Kind.FILE if file else kind,
        why=why,
        default=default if default is not None else default_of(owner, field),
        unit=unit,
        low=None if low is None else Decimal(low),
        high=None if high is None else Decimal(high),
        choices=choices,
        optional=optional,
        example=example,
        secret=secret,
    )


def default_of(owner: type[msgspec.Struct], field: str) -> Any:
    """The default of a struct field; None when it has none or is optional."""
    for info in msgspec.structs.fields(owner):
        if info.name == field:
            return None if info.default is msgspec.NODEFAULT else info.default
    raise AssertionError(f"invariant: {owner.__name__} has a field {field}")


def parse(key: Key, value: Any, *, from_text: bool) -> Any:
    """The checked value of a key. `from_text`: it came from the environment, where everything is text.

    Raises `BadValue`.
    """
    if key.optional and value == OFF:
        return None
    match key.kind:
        case Kind.TEXT | Kind.FILE:
            return _text(key, value)
        case Kind.CHOICE:
            return _choice(key, value)
        case Kind.INTEGER:
            return _integer(key, value, from_text=from_text)
        case Kind.DECIMAL:
            return _decimal(key, value)
        case Kind.FLAG:
            return _flag(key, value, from_text=from_text)
        case Kind.LIST:
            return _list(key, value, from_text=from_text)


def written(value: Any) -> str:
    """A value as it is written in a TOML file."""
    match value:
        case None:
            return f'"{OFF}"'
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return f'"{num.text(value)}"'
        case Enum():
            return f'"{value.value}"'
        case list() | tuple():
            return "[" + ", ".join(written(item) for item in value) + "]"
        case _:
            return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _kind_of(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    if typing.get_origin(hint) is Literal:
        return Kind.CHOICE, tuple(typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Kind.CHOICE, tuple(str(member.value) for member in hint)
    if typing.get_origin(hint) is tuple:
        return Kind.LIST, ()
    return {bool: Kind.FLAG, int: Kind.INTEGER, Decimal: Kind.DECIMAL, str: Kind.TEXT}[hint], ()


def _text(key: Key, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue(f"must be a text in quotes, was {shown(value)}", key.sample)
    return value


def _choice(key: Key, value: Any) -> str:
    if not isinstance(value, str) or value not in key.choices:
        raise BadValue(f"must be one of {', '.join(key.choices)}, was {shown(value)}", written(key.choices[0]))
    return value


def _integer(key: Key, value: Any, *, from_text: bool) -> int:
    if from_text and isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            raise BadValue(f"must be a whole number, was {shown(value)}", key.sample) from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadValue(f"must be a whole number without quotes, was {shown(value)}", key.sample)
    _check_range(key, Decimal(value))
    return value


def _decimal(key: Key, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise BadValue(f"must be a decimal number, was {shown(value)}", key.sample)
    try:
        number = num.parse(str(value))
    except num.NumberError as error:
        raise BadValue(str(error), key.sample) from None
    _check_range(key, number)
    return number


def _flag(key: Key, value: Any, *, from_text: bool) -> bool:
    if from_text and value in {"true", "false"}:
        return bool(value == "true")
    if not isinstance(value, bool):
        raise BadValue(f"must be true or false, was {shown(value)}", key.sample)
    return value


def _list(key: Key, value: Any, *, from_text: bool) -> tuple[str, ...]:
    if from_text and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise BadValue(f"must be a list of texts, was {shown(value)}", key.example or '["BTCUSDT"]')
    return tuple(value)


def _check_range(key: Key, number: Decimal) -> None:
    if key.low is not None and number < key.low:
        raise BadValue(f"must be {key.range_text}, was {num.text(number)}", written(_same_kind(key, key.low)))
    if key.high is not None and number > key.high:
        raise BadValue(f"must be {key.range_text}, was {num.text(number)}", written(_same_kind(key, key.high)))


def _same_kind(key: Key, number: Decimal) -> Any:
    return int(number) if key.kind is Kind.INTEGER else number


def shown(value: Any) -> str:
    """A refused value in a message: short, and never a page long."""
    text = repr(value) if isinstance(value, str) else written(value)
    return text if len(text) <= 60 else text[:57] + "…"
