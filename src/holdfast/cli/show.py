"""`holdfast status` and `holdfast explain`: what is, and why it came to be."""

from __future__ import annotations

import datetime
import shutil
import textwrap
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from holdfast.cli.client import Client, TokenFile, Url, connect, path_of
from holdfast.cli.shell import OK, ConfigFile, Failure, Json, print_json, seconds

if TYPE_CHECKING:
    from holdfast.service.explain import Explanation

LEAST_PAUSE_S: Final = 0.1
"""Between two looks: a screen that is watched must not keep the engine busy."""


def status(
    *,
    watch: Annotated[bool, Parameter(negative="", help="Keep the screen up to date until Ctrl-C.")] = False,
    every_s: Annotated[float, Parameter(converter=seconds, help="Seconds between two looks with --watch.")] = 1,
    config: ConfigFile = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Show trading state, positions with their stops, live trades and alarms.

    For example:

    - `holdfast status`
    - `holdfast status --watch`
    - `holdfast status --json`
    """
    client = connect(config, url, token_file)
    try:
        if json:
            print_json(look(client).builtins())
        elif watch:
            _watch(client, max(0.2, every_s))
        else:
            from rich.console import Console

            from holdfast.cli.status_view import overview

            console = Console(highlight=False)
            console.print(overview(look(client), console.width))
    finally:
        client.close()
    return OK


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look at an engine: the four reads of `status`, and when they were made by this machine's clock."""

    state: Any
    positions: Any
    trades: Any
    alarms: Any
    seen_ms: int = 0

    def builtins(self) -> dict[str, Any]:
        """For JSON."""
        reads = ("state", "positions", "trades", "alarms")
        return {name: msgspec.to_builtins(getattr(self, name)) for name in reads}


def look(client: Client) -> Look:
    """Read state, positions, live trades and alarms. Raises `Failure`."""
    from holdfast.service.views import AlarmView, PositionView, StateView, TradeView

    return Look(
        state=_typed(client, "/v1/state", StateView),
        positions=_typed(client, "/v1/positions", list[PositionView]),
        trades=_typed(client, "/v1/trades?live=true", list[TradeView]),
        alarms=_typed(client, "/v1/alarms", list[AlarmView]),
        seen_ms=time.time_ns() // 1_000_000,
    )


def _typed(client: Client, path: str, shape: Any) -> Any:
    try:
        return msgspec.convert(client.must_get(path), shape)
    except msgspec.ValidationError as error:
        raise Failure(f"{client.url}{path}: another version of Holdfast answers ({error})") from None


def _watch(client: Client, every_s: float) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from holdfast.cli.status_view import overview

    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        while True:
            try:
                live.update(overview(look(client), console.width), refresh=True)
            except Failure as failure:
                # An engine that restarts is what one watches for: say so and keep looking.
                live.update(Text(failure.text, "red"), refresh=True)
            time.sleep(max(every_s, LEAST_PAUSE_S))


def explain(
    id: Annotated[str, Parameter(help="Intent id, trade id, client order id, order id or algo id.")],
    /,
    *,
    config: ConfigFile = None,
    url: Url = None,
    token_file: TokenFile = None,
    json: Json = False,
) -> int:
    """Tell the story of an intent, a trade or an order: each step with its time, its reason and its record.

    For example:

    - `holdfast explain my-strategy-1`
    - `holdfast explain hf-s1-…`
    """
    client = connect(config, url, token_file)
    try:
        value = client.must_get(path_of("explain", id))
    finally:
        client.close()
    if json:
        print_json(value)
    else:
        from holdfast.service.explain import Explanation

        print("\n".join(story(msgspec.convert(value, Explanation), shutil.get_terminal_size().columns)))
    return OK


def story(told: Explanation, width: int) -> list[str]:
    """The lines of a story: time since its begin, record number, where the evidence came from, and the sentence."""
    ids = (
        ("intent", told.intents),
        ("trade", told.trades),
        ("order", told.orders),
        ("venue", told.venue_orders),
        ("algo", told.venue_algos),
    )
    lines = [f"{name:<7} {', '.join(map(str, found))}" for name, found in ids if found]
    begin = datetime.datetime.fromtimestamp(told.lines[0].at_ms // 1000, datetime.UTC)
    lines.append(f"begin   {begin:%Y-%m-%d %H:%M:%S}.{told.lines[0].at_ms % 1000:03d} UTC")
    lines.append("")
    for line in told.lines:
        head = f"{_after(line.after_ms):>12}  #{line.seq:<7} {line.channel or 'engine':<7}"
        body = textwrap.wrap(line.text, max(24, width - len(head) - 2)) or [line.kind]
        lines += [f"{head}  {body[0]}", *(f"{'':<{len(head)}}  {more}" for more in body[1:])]
    return [*lines, "", f"head    {told.seq}:{told.hash}"]


def _after(milliseconds: int) -> str:
    return f"+{milliseconds} ms" if milliseconds < 100_000 else f"+{milliseconds // 1000} s"
