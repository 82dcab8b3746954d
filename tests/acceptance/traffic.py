"""A source of intents that behaves as sources do: what was not answered is sent again under the same id.

It never learns that the engine was killed. It sees refused connections and answers that do not come, waits a little
and repeats, until it is told accepted or denied; now and then it repeats one that was answered long ago.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.acceptance.markets import SYMBOLS
from tests.waiting import eventually, time_passes

ANSWER_S = 3.0
AGAIN_S = 0.1
BRISK_GAP_S = 0.06
IDLE_GAP_S = 0.5


@dataclass
class Sent:
    """One intent of ours and what we were told."""

    body: dict[str, Any]
    deliveries: int = 0
    accepted: bool | None = None
    code: str = ""
    trade_id: str = ""


@dataclass
class Source:
    """Sends until it is told to stop. `contradictions` are second answers that differed from the first.

    `said_yes` is set whenever an opening intent was accepted. `mean_gap_s` is the pace of new intents.
    """

    url: str
    seed: int
    sent: dict[str, Sent] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    repeats: int = 0

    def __post_init__(self) -> None:
        """Nothing is sent before `run`."""
        self._random = random.Random(self.seed)
        self._stopping = asyncio.Event()
        self.said_yes = asyncio.Event()
        self.mean_gap_s = IDLE_GAP_S
        self._deliveries: set[asyncio.Task[None]] = set()

    @property
    def accepted(self) -> dict[str, Sent]:
        """What the engine said it would do."""
        return {name: sent for name, sent in self.sent.items() if sent.accepted}

    async def run(self) -> None:
        """Send intents at random moments until `stop`."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S)) as http:
            while not self._stopping.is_set():
                self._deliver(http, self._next())
                if self._random.random() < 0.05 and self.sent:
                    self.repeats += 1
                    self._deliver(http, self._random.choice(list(self.sent.values())))
                await self._wait(self._random.expovariate(1 / self.mean_gap_s))
            await eventually(lambda: not self._deliveries, within_s=60, what="every intent answered")

    def stop(self) -> None:
        """No more new intents; what is unanswered is still repeated."""
        self._stopping.set()

    def _next(self) -> Sent:
        body = make_intent(self._random, f"i-{self.seed}-{len(self.sent):05d}")
        sent = self.sent[body["id"]] = Sent(body)
        return sent

    def _deliver(self, http: aiohttp.ClientSession, sent: Sent) -> None:
        task = asyncio.create_task(self._until_answered(http, sent))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _until_answered(self, http: aiohttp.ClientSession, sent: Sent) -> None:
        while True:
            sent.deliveries += 1
            try:
                async with http.post(f"{self.url}/v1/intents", json=sent.body) as reply:
                    status, answer = reply.status, await reply.json(content_type=None)
            except (aiohttp.ClientError, TimeoutError, ValueError):
                status, answer = 0, None
            if status in (200, 202, 422):
                self._note(sent, accepted=status != 422, answer=answer)
                return
            assert status in (0, 503), f"{sent.body['id']} was answered {status}: {answer}"
            await time_passes(AGAIN_S)

    def _note(self, sent: Sent, *, accepted: bool, answer: dict[str, Any]) -> None:
        code, trade_id = answer.get("code", ""), answer.get("trade_id", "")
        if sent.accepted is None:
            sent.accepted, sent.code, sent.trade_id = accepted, code, trade_id
            if trade_id:
                self.said_yes.set()
        elif (sent.accepted, sent.code, sent.trade_id) != (accepted, code, trade_id):
            self.contradictions.append(f"{sent.body['id']}: first {sent}, then {answer}")

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


def make_intent(rng: random.Random, name: str) -> dict[str, Any]:
    """Mostly openings of many shapes, now and then a close or a flatten."""
    symbol = rng.choice(SYMBOLS)
    base: dict[str, Any] = {"id": name, "source": "stand", "symbol": symbol}
    draw = rng.random()
    if draw < 0.08:
        return {**base, "action": "close"}
    if draw < 0.10:
        return {**base, "action": "flatten"}
    stop_bps = rng.randrange(20, 150)
    intent = {
        **base,
        "action": "open",
        "side": rng.choice(("long", "short")),
        "size": rng.choice(({"quantity": str(rng.randrange(10, 200))}, {"notional": "150"}, {"risk_pct": "0.01"})),
        "entry": rng.choice(({"type": "market"}, {"type": "market", "max_slippage_bps": "30"}, _resting(rng))),
        "stop_loss": {"pct": str(stop_bps / 100)},
        "take_profits": _targets(rng),
        "leverage": rng.choice((10, 20, 20, 20)),
    }
    if rng.random() < 0.15:
        intent["entry"] = {"type": "market", "plain": True}
    return intent


def _resting(rng: random.Random) -> dict[str, Any]:
    return {"type": "limit", "price": f"2.00{rng.randrange(0, 50):02d}", "ttl_ms": rng.randrange(500, 4_000)}


def _targets(rng: random.Random) -> list[dict[str, str]]:
    near = {"pct": str(rng.randrange(40, 70) / 100), "fraction": "0.5"}
    far = {"pct": str(rng.randrange(70, 150) / 100), "fraction": "0.5"}
    return rng.choice(([], [near], [near, far]))
