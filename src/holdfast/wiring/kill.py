"""The kill switch with real transports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from holdfast.adapters.clock_system import SystemClock
from holdfast.adapters.http_aiohttp import AiohttpClient
from holdfast.adapters.latch_file import LatchFile
from holdfast.binance.signing import make_signer
from holdfast.config import Config
from holdfast.service.killswitch import KillReport, KillSwitch
from holdfast.service.venue_clock import VenueClock


def run_kill(config: Config, say: Callable[[str], None]) -> KillReport:
    """One run of the switch against the configured venue."""
    return asyncio.run(_kill(config, say))


async def _kill(config: Config, say: Callable[[str], None]) -> KillReport:
    credentials = config.credentials
    assert credentials is not None, "invariant: [venue] was loaded"
    http = AiohttpClient(config.endpoints.rest)
    clock = VenueClock(clock=SystemClock(), http=http, deliver=lambda _: None)
    latch = LatchFile(config.latch_path)
    try:
        # Without the venue's time the machine's own stands in: a signature that is refused costs nothing.
        await clock.measure()
        switch = KillSwitch(
            http=http,
            signer=make_signer(credentials.api_key, credentials.key_type, credentials.secret.reveal()),
            now_ms=clock.now_ms,
            close_latch=lambda: latch.close("closed by holdfast kill; remove this file to trade again\n"),
            say=say,
        )
        return await switch.run()
    finally:
        await http.close()
