"""`holdfast send`: intents from a JSONL file or from options, checked before the first one leaves."""

from __future__ import annotations

import codecs
import secrets
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from cyclopts import Parameter

from holdfast.cli.client import Client, Reply, TokenFile, Url, connect, path_of, problem_text
from holdfast.cli.shell import (
    OK,
    REFUSED,
    STANDARD_INPUT,
    UNREACHABLE,
    USAGE,
    ConfigFile,
    Failure,
    Json,
    say,
    seconds,
    whole,
    write_json,
    wrong,
)
from holdfast.model import intent as intents
from holdfast.model import num

VERDICTS: Final = frozenset({400, 409, 413, 422})
"""Statuses that are an answer about the intent itself."""

ENDED_WELL: Final = frozenset({"protected", "flattened", "closed", "nothing_open"})
POLL_S: Final = 0.1


def send(
    file: Annotated[
        Path | None, Parameter(help="JSONL file with one intent a line; - reads standard input. Or use the options.")
    ] = None,
    /,
    *,
    symbol: Annotated[str | None, Parameter(help="For example BTCUSDT.")] = None,
    action: Annotated[Literal["open", "close", "flatten"], Parameter(help="What to do.")] = "open",
    side: Annotated[Literal["long", "short"] | None, Parameter(help="Direction of an opening intent.")] = None,
    quantity: Annotated[str | None, Parameter(help="Size in the base asset.")] = None,
    notional: Annotated[str | None, Parameter(help="Size in the quote asset.")] = None,
    equity_pct: Annotated[str | None, Parameter(help="Size as percent of the account's equity.")] = None,
    risk_pct: Annotated[str | None, Parameter(help="Percent of equity lost if the stop is hit.")] = None,
    limit: Annotated[
        str | None, Parameter(help="Price of a limit entry; without it the entry is at the market.")
    ] = None,
    slippage_bps: Annotated[str | None, Parameter(help="Cap of a market entry beyond the touch.")] = None,
    stop: Annotated[str | None, Parameter(help="Stop loss: a price, or a distance such as 1.5%.")] = None,
    target: Annotated[
        list[str] | None,
        Parameter(negative="", help="Take profit: a price or a distance such as 2%; may be given several times."),
    ] = None,
    leverage: Annotated[int | None, Parameter(converter=whole, help="Leverage on the symbol.")] = None,
    expires_s: Annotated[
        float | None, Parameter(converter=seconds, help="Seconds from now after which nothing is sent.")
    ] = None,
    id: Annotated[str | None, Parameter(help="Id of the intent. The same id is never executed twice.")] = None,
    source: Annotated[str, Parameter(help="Name of the source.")] = "cli",
    wait_s: Annotated[
        float, Parameter(converter=seconds, help="Wait up to so many seconds for the terminal results.")
    ] = 0,
    config: ConfigFile = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Submit trade intents to a running engine.

    Each answer is given when it is durable. An id is executed once, however often it is sent, so after a failure the
    same command may be repeated. All intents are checked before the first one is sent.

    For example:

    - `holdfast send --symbol BTCUSDT --side long --risk-pct 1 --stop 1.5% --target 2% --target 4%`
    - `holdfast send --symbol BTCUSDT --action close`
    - `holdfast send intents.jsonl`

    Exit code 1 when an intent was denied, 2 when one is malformed (then none is sent).
    """
    size = _without_none(quantity=quantity, notional=notional, equity_pct=equity_pct, risk_pct=risk_pct)
    if file is not None:
        more = _without_none(side=side, limit=limit, slippage_bps=slippage_bps, stop=stop, target=target, id=id)
        _alone(file, **size, **more, **_without_none(symbol=symbol, leverage=leverage, expires_s=expires_s))
        given = _read_file(file)
    else:
        raw = _from_options(
            id=id, source=source, symbol=symbol, action=action, side=side, leverage=leverage,
            size=size or None,
            entry=_without_none(type="limit" if limit else "market", price=limit, max_slippage_bps=slippage_bps),
            stop=stop, targets=target or [], expires_s=expires_s,
        )  # fmt: skip
        given = [("options", raw)]
    checked = _check_all(given)
    client = connect(config, url, token_file)
    try:
        return _send_all(client, checked, wait_s=wait_s, json=json)
    finally:
        client.close()


def _alone(file: Path, **options: Any) -> None:
    """A file holds whole intents: an option beside it would be lost without a word."""
    if options:
        name = f"--{next(iter(options))}".replace("_", "-")
        raise wrong(name, f"does not go with a file of whole intents ({file})", "either the file or the options")


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _from_options(
    *, id: str | None, symbol: str | None, action: str, entry: dict[str, Any], stop: str | None,
    targets: list[str], expires_s: float | None, **plain: Any,
) -> dict[str, Any]:  # fmt: skip
    if symbol is None:
        raise Failure("symbol: is needed\n    would pass: --symbol BTCUSDT, or the name of a JSONL file", USAGE)
    # An empty id is not replaced: a script whose variable is unset would enter again with each try.
    name = f"cli-{int(time.time())}-{secrets.token_hex(4)}" if id is None else id
    intent = {"id": name, "symbol": symbol, "action": action} | _without_none(**plain)
    if action == "open" or len(entry) > 1:
        intent["entry"] = entry
    if stop is not None:
        intent["stop_loss"] = _distance("--stop", stop)
    if targets:
        intent["take_profits"] = [
            {**_distance("--target", text), "fraction": fraction}
            for text, fraction in zip(targets, _fractions(len(targets)), strict=True)
        ]
    if expires_s is not None:
        intent["expires_at"] = int((time.time() + expires_s) * 1000)
    return intent


def _distance(option: str, text: str) -> dict[str, str]:
    """A price, or with a percent sign a distance. Raises `Failure` naming the option."""
    number, measure = (text[:-1], "pct") if text.endswith("%") else (text, "price")
    try:
        num.parse(number)
    except num.NumberError:
        passes = f"{option} 61000.5 for a price, {option} 1.5% for a distance"
        raise wrong(option, f"must be a price or a distance in percent, was {text[:40]!r}", passes) from None
    return {measure: number}


def _fractions(count: int) -> list[str]:
    """Equal parts that add up to exactly 1; the last one takes the rest."""
    part = num.floor_to(num.divide(num.ONE, Decimal(count)), Decimal("0.001"))
    return [num.text(part)] * (count - 1) + [num.text(num.ONE - part * (count - 1))]


def _read_file(path: Path) -> list[tuple[str, Any]]:
    """Where each intent stands, and what stands there."""
    piped = str(path) == STANDARD_INPUT
    name = "standard input" if piped else str(path)
    try:
        body = sys.stdin.buffer.read() if piped else path.read_bytes()
    except OSError as error:
        raise Failure(f"{name}: cannot be read ({error.strerror})\n    would pass: a JSONL file", UNREACHABLE) from None
    body = body.removeprefix(codecs.BOM_UTF8)
    lines = [(f"{name} line {number}", line) for number, line in enumerate(body.splitlines(), 1) if line.strip()]
    if not lines:
        raise Failure(f"{name}: holds no intent\n    would pass: one JSON object a line", USAGE)
    return [(where, line) for where, line in lines]


def _check_all(given: list[tuple[str, Any]]) -> list[intents.Intent]:
    checked: list[intents.Intent] = []
    errors: list[str] = []
    for where, raw in given:
        try:
            checked.append(intents.decode(raw) if isinstance(raw, bytes) else intents.from_builtins(raw))
        except intents.IntentError as error:
            errors.append(f"{where}: {error.field}: {error.rule}\n    would pass: {error.passes}")
    if errors:
        shown = "\n".join(errors[:10]) + (f"\nand {len(errors) - 10} more" if len(errors) > 10 else "")
        raise Failure(f"nothing was sent\n{shown}", USAGE)
    return checked


def _send_all(client: Client, checked: list[intents.Intent], *, wait_s: float, json: bool) -> int:
    denied = 0
    accepted: list[str] = []
    for intent in checked:
        reply = client.post("/v1/intents", intents.encode(intent))
        if not reply.ok and reply.status not in VERDICTS:
            code = USAGE if reply.status in {401, 403} else UNREACHABLE
            raise Failure(f"{intent.id}: {problem_text(reply)}", code)
        denied += not reply.ok
        accepted += [intent.id] if reply.ok else []
        if json:
            write_json(msgspec.json.encode(reply.value))
        else:
            _print_verdict(intent, reply)
    if len(checked) > 1 and not json:
        say(f"{len(checked) - denied} accepted, {denied} denied")
    failed = _wait_all(client, accepted, wait_s, json=json) if wait_s > 0 else 0
    return REFUSED if denied or failed else OK


def _wait_all(client: Client, ids: list[str], wait_s: float, *, json: bool) -> int:
    """Print each terminal result as it comes; answers how many did not end well, or not in time."""
    end = time.monotonic() + wait_s
    failed = 0
    for name in ids:
        view = client.must_get(path_of("intents", name))
        while view.get("result") is None and time.monotonic() < end:
            time.sleep(POLL_S)
            view = client.must_get(path_of("intents", name))
        result = view.get("result")
        failed += result is None or result["status"] not in ENDED_WELL
        if json:
            write_json(msgspec.json.encode(result))
        else:
            print(_result_line(name, result))
    return failed


def _result_line(name: str, result: dict[str, Any] | None) -> str:
    if result is None:
        return f"pending   {name}: no result yet; `holdfast explain {name}` tells how far it is"
    parts = [f"{result['status']:<9} {name}"]
    if result.get("average_price"):
        parts.append(f"{result['filled']} {result['symbol']} at {result['average_price']}")
    if result.get("slippage_bps"):
        parts.append(f"slippage {result['slippage_bps']} bps")
    if result.get("naked_ms") is not None:
        parts.append(f"protected after {result['naked_ms']} ms")
    if result.get("reason"):
        parts.append(f"{result['code']} {result['reason']}".strip())
    return ", ".join(parts)


def _print_verdict(intent: intents.Intent, reply: Reply) -> None:
    what = f"{intent.id}  {intent.action} {intent.side or ''} {intent.symbol}".replace("  ", " ")
    if reply.ok:
        again = " (seen before)" if reply.value.get("repeated") else ""
        print(f"accepted  {what} on {reply.venue}, trade {reply.value.get('trade_id') or '–'}{again}")
    else:
        print(f"denied    {what} on {reply.venue}: {problem_text(reply)}")
