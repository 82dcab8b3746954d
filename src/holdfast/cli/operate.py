"""`holdfast halt`, `resume` and `flatten`: an operator's commands to a running engine."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from holdfast.cli.client import Reply, TokenFile, Url, connect, problem_text
from holdfast.cli.shell import (
    OK,
    REFUSED,
    UNREACHABLE,
    USAGE,
    ConfigFile,
    Failure,
    Json,
    ask,
    print_json,
    say,
    wrong,
)

Reason = Annotated[str, Parameter(help="Why; it is journalled.")]


def halt(
    *,
    reason: Reason = "",
    reduce: Annotated[
        bool, Parameter(negative="", help="Only forbid new entries (state reducing) instead of halting.")
    ] = False,
    config: ConfigFile = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Stop entries at once. Working entries are cancelled; stops, closes and repairs go on by themselves.

    The halt survives a restart and ends only with `holdfast resume`.
    """
    reply = _command(config, url, token_file, "reduce" if reduce else "halt", {"reason": reason})
    return _report(reply, json=json)


def resume(
    *,
    reason: Annotated[str | None, Parameter(help="Why it is safe to go on; needed, and journalled.")] = None,
    token: Annotated[
        str | None, Parameter(help="Confirm with the token of an earlier `holdfast resume` instead of being asked.")
    ] = None,
    adopt: Annotated[
        bool, Parameter(negative="", help="Accept what the venue shows although the journal is cut or lost.")
    ] = False,
    config: ConfigFile = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Leave the halt, in two steps: first it shows what would be resumed, then it asks for confirmation.

    Without a terminal it prints a token and exit code 1; `holdfast resume --reason TEXT --token TOKEN` confirms.
    """
    if not reason:
        raise wrong("--reason", "is needed: it stands in the journal", '--reason "checked the positions by hand"')
    if token is not None:
        body = {"reason": reason, "token": token}
        return _report(_command(config, url, token_file, "resume", body), json=json)
    prepared = _command(config, url, token_file, "resume", {"reason": reason, "adopt": adopt})
    if not prepared.ok:
        return _report(prepared, json=json)
    if json:
        print_json(prepared.value)
        return REFUSED
    say(f"This would resume trading on {prepared.venue.upper()}:")
    for name, text in prepared.value["summary"].items():
        say(f"    {name}: {text}")
    if not ask(f"Resume trading on {prepared.venue.upper()}?"):
        say(f"not resumed; to confirm: holdfast resume --reason '…' --token {prepared.value['token']}")
        return REFUSED
    body = {"reason": reason, "token": prepared.value["token"]}
    return _report(_command(config, url, token_file, "resume", body), json=json)


def flatten(
    symbol: Annotated[str | None, Parameter(help="The symbol to close, for example BTCUSDT.")] = None,
    /,
    *,
    all: Annotated[bool, Parameter(negative="", help="Close everything.")] = False,
    yes: Annotated[bool, Parameter(negative="", help="Do not ask before closing everything.")] = False,
    reason: Reason = "",
    config: ConfigFile = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Cancel the entries of a symbol, close its position at the market, and prove that the venue shows 0.

    For example:

    - `holdfast flatten BTCUSDT`
    - `holdfast flatten --all`
    """
    if (symbol is None) is not all:
        raise wrong("SYMBOL", "name one symbol, or give --all", "holdfast flatten BTCUSDT, or holdfast flatten --all")
    if all and not yes and not ask("Close every position of the account at the market?"):
        raise Failure("--all: not confirmed\n    would pass: --all --yes", USAGE)
    body = {"reason": reason, "all": all, "symbol": symbol or ""}
    return _report(_command(config, url, token_file, "flatten", body), json=json)


def _command(config: Path | None, url: str | None, token_file: Path | None, name: str, body: dict[str, Any]) -> Reply:
    client = connect(config, url, token_file)
    try:
        return client.post(f"/v1/commands/{name}", msgspec.json.encode(body | {"by": f"cli:{getpass.getuser()}"}))
    finally:
        client.close()


def _report(reply: Reply, *, json: bool) -> int:
    if reply.status in {401, 403}:
        raise Failure(problem_text(reply), USAGE)
    if reply.status == 503:
        raise Failure(problem_text(reply), UNREACHABLE)
    if json:
        print_json(reply.value)
    elif not reply.ok:
        raise Failure(problem_text(reply), REFUSED)
    else:
        value = reply.value
        state = f"commanded {value['commanded']}, effective {value['effective']}"
        print(f"{reply.venue}: {state}" + (f" ({', '.join(value['reasons'])})" if value["reasons"] else ""))
        if value["text"]:
            print(value["text"])
    return OK if reply.ok else REFUSED
