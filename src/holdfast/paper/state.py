"""The whole exchange as bytes, and back: `restore(snapshot(x))` goes on exactly as `x` would.

Everything that the exchange holds is written, connections, timers and armed faults too, so that no
part can be forgotten. A timer is a function with what it closed over: it is written as the place of its
code and the values of its variables. A state belongs to the version that wrote it.

The bytes name classes and functions of this package and a few plain types, and reading them builds
nothing else: a file from elsewhere can spoil an exchange, but not run a program.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import pickle
import sys
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, NotImplementedType
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from holdfast import __version__

if TYPE_CHECKING:
    from holdfast.paper.exchange import Exchange, Log

_MAGIC = b"holdfast paper state 1"
_HOME = "holdfast."
_ABSENT = (
    "holdfast.paper.doors.server",
    "holdfast.paper.doors.link",
    "holdfast.paper.doors.mask_check",
    "holdfast.adapters",
    "holdfast.wiring",
    "holdfast.cli",
)
_PLAIN = frozenset(
    {
        ("builtins", "bytearray"),
        ("builtins", "frozenset"),
        ("builtins", "set"),
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
        ("collections", "deque"),
        ("decimal", "Decimal"),
        ("fractions", "Fraction"),
        ("functools", "partial"),
    }
)


_AS_USUAL = NotImplementedType()
"""What tells pickle that an object needs nothing special."""


class StateError(ValueError):
    """The bytes are no state of an exchange of this version, or the exchange holds what cannot be written."""


def snapshot(exchange: Exchange) -> bytes:
    """Everything the exchange is now. Raises `StateError` when it holds something that cannot be written."""
    written = io.BytesIO()
    try:
        _Writer(written, exchange).dump(exchange)
    except (pickle.PickleError, TypeError, AttributeError) as error:
        raise StateError(f"the exchange holds something that cannot be written: {error}") from error
    body = written.getvalue()
    return b"\n".join((_MAGIC, _version(), hashlib.sha256(body).hexdigest().encode(), body))


def restore(data: bytes, log: Log) -> Exchange:
    """The exchange of a snapshot, whose log goes on with `log`. Raises `StateError`."""
    magic, version, digest, body = (data.split(b"\n", 3) + [b""] * 4)[:4]
    if magic != _MAGIC:
        raise StateError("this is no state of a paper exchange; would pass: a file that `snapshot` or --state wrote")
    if version != _version():
        raise StateError(f"the state was written by version {version.decode(errors='replace')}, this is {__version__}")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise StateError("the state is damaged: its checksum does not fit")
    try:
        exchange = _Reader(io.BytesIO(body), log).load()
    except (pickle.UnpicklingError, ImportError, AttributeError, LookupError, TypeError, EOFError) as error:
        raise StateError(f"the state cannot be read: {error}") from error
    # Asked by name: importing the class at the top would be a circle.
    if type(exchange).__name__ != "Exchange":
        raise StateError("the state holds no exchange")
    return exchange  # type: ignore[no-any-return]


def _version() -> bytes:
    return f"{__version__} python {sys.version_info.major}.{sys.version_info.minor}".encode()


class _Writer(pickle.Pickler):
    """Adds what pickle cannot write by itself: structs in circles, functions in functions, keys."""

    def __init__(self, file: io.BytesIO, exchange: Exchange) -> None:
        super().__init__(file, protocol=5)
        self._log = exchange.log_to

    def persistent_id(self, obj: Any) -> str | None:
        """The one thing that is not ours: where the log goes."""
        return "log" if obj is self._log else None

    def reducer_override(self, obj: Any) -> Any:
        """How an object is built again, where it is one of the special kinds."""
        if isinstance(obj, msgspec.Struct):
            return _reduced_struct(obj)
        if isinstance(obj, FunctionType) and "<locals>" in obj.__qualname__:
            place = _place(obj)
            return _function, (obj.__module__, *place, obj.__closure__, obj.__defaults__, obj.__kwdefaults__)
        if isinstance(obj, CellType):
            return _cell, (), _contents(obj), None, None, _fill_cell
        if isinstance(obj, MethodType):
            return _method, (obj.__self__, obj.__name__)
        if isinstance(obj, Ed25519PublicKey | RSAPublicKey):
            return _key, (obj.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),)
        if isinstance(obj, type | FunctionType | BuiltinFunctionType):
            _named(obj.__module__, obj.__qualname__)
        return _AS_USUAL


class _Reader(pickle.Unpickler):
    """Builds nothing but our own classes and a few plain types."""

    def __init__(self, file: io.BytesIO, log: Log) -> None:
        super().__init__(file)
        self._log = log

    def persistent_load(self, pid: Any) -> Any:
        """Put the new log in the place of the old one."""
        if pid != "log":
            raise pickle.UnpicklingError(f"unknown reference {pid!r}")
        return self._log

    def find_class(self, module: str, name: str) -> Any:
        """A class or function by name, if it is one that a state may hold."""
        return _named(module, name)


def _named(module: str, name: str) -> Any:
    """A class or function that a state may hold."""
    if (module, name) in _PLAIN:
        return getattr(importlib.import_module(module), name)
    return _ours(module, name)


def _ours(module: str, name: str) -> Any:
    """A class or function defined in a module of ours, and nothing that it merely imported."""
    if not module.startswith(_HOME) or module.startswith(_ABSENT):
        raise pickle.UnpicklingError(f"a state holds no {module}.{name}")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not isinstance(found, type | FunctionType) or found.__module__ != module:
        raise pickle.UnpicklingError(f"a state holds no {module}.{name}")
    return found


def _reduced_struct(struct: msgspec.Struct) -> Any:
    """A frozen struct is made with its values; any other is filled afterwards, as it may be part of a circle."""
    kind = type(struct)
    values = tuple(getattr(struct, name) for name in kind.__struct_fields__)
    if kind.__struct_config__.frozen:
        return _frozen, (kind, values)
    return _blank, (kind,), values, None, None, _fill


def _frozen(kind: type[msgspec.Struct], values: tuple[Any, ...]) -> msgspec.Struct:
    return kind(**dict(zip(kind.__struct_fields__, values, strict=True)))


def _blank(kind: type[msgspec.Struct]) -> msgspec.Struct:
    return kind(**dict.fromkeys(kind.__struct_fields__))


def _fill(struct: msgspec.Struct, values: tuple[Any, ...]) -> None:
    for name, value in zip(type(struct).__struct_fields__, values, strict=True):
        setattr(struct, name, value)


def _place(function: FunctionType) -> tuple[str, tuple[int, ...]]:
    """The function of a module that holds the code of another one, and the way from the one's code to the other's."""
    outer = function.__qualname__.split(".<locals>", 1)[0]
    holder = _ours(function.__module__, outer)
    path = _path(holder.__code__, function.__code__)
    if path is None:
        raise pickle.PicklingError(f"{function.__qualname__} is not where its name says")
    return outer, path


def _path(holder: CodeType, wanted: CodeType) -> tuple[int, ...] | None:
    for index, constant in enumerate(holder.co_consts):
        if constant is wanted:
            return (index,)
        if isinstance(constant, CodeType) and (rest := _path(constant, wanted)) is not None:
            return (index, *rest)
    return None


def _function(
    module: str,
    outer: str,
    path: tuple[int, ...],
    closure: tuple[CellType, ...] | None,
    defaults: tuple[Any, ...] | None,
    named_defaults: dict[str, Any] | None,
) -> FunctionType:
    holder = _ours(module, outer)
    code: Any = holder.__code__
    for index in path:
        code = code.co_consts[index]
    made = FunctionType(code, holder.__globals__, code.co_name, defaults, closure)
    made.__kwdefaults__ = named_defaults
    made.__module__, made.__qualname__ = module, code.co_qualname
    return made


def _cell() -> CellType:
    return CellType()


def _contents(cell: CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def _fill_cell(cell: CellType, contents: tuple[Any, ...]) -> None:
    if contents:
        cell.cell_contents = contents[0]


def _method(owner: Any, name: str) -> Any:
    """A method of an object of ours, or of a plain container."""
    kind = type(owner)
    if not kind.__module__.startswith(_HOME) or not isinstance(getattr(kind, name, None), FunctionType):
        raise pickle.UnpicklingError(f"a state holds no method {name!r} of {kind.__name__}")
    return getattr(owner, name)


def _key(der: bytes) -> Any:
    return load_der_public_key(der)
