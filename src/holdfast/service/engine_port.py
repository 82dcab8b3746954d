"""What the shell needs of an engine. `core.engine.Engine` fits; tests and replays may bring smaller ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from holdfast.model.effects import Cancel, ChangeSetting, Effect, Place, Read
from holdfast.model.events import AnyEvent
from holdfast.model.inputs import AnyInput

VenueEffect = Place | Cancel | Read | ChangeSetting
"""The effects that go to the gateway; timers are the runner's own."""


class StepPort(Protocol):
    """What one input led to. The events are already applied to the engine's state."""

    @property
    def events(self) -> Sequence[AnyEvent]:
        """To be journalled, in order."""

    @property
    def effects(self) -> Sequence[Effect]:
        """To be performed once the events are durable, in order."""


class EnginePort(Protocol):
    """The deciding core."""

    @property
    def state(self) -> Any:
        """Its state; the shell only looks up answers in `state.intents` and plans in `state.trades`."""

    def apply(self, event: AnyEvent, /) -> None:
        """Fold one journalled event."""

    def step(self, input: AnyInput, /) -> StepPort:
        """Decide. An exception means that the engine can no longer be trusted."""

    def state_hash(self) -> str:
        """Digest of the whole state."""

    def dump(self) -> bytes:
        """The whole state."""

    def load(self, data: bytes, /) -> None:
        """Take over a dumped state. Raises for bytes of another version."""

    def exposed_symbols(self) -> list[str]:
        """Symbols with a position or an entry that works or is unknown."""

    def priced(self, now_ms: int, /) -> bool:
        """Whether any symbol has a mark price that is fresh enough for an entry."""


class GatewayPort(Protocol):
    """Carries effects to the venue."""

    def perform(self, effect: VenueEffect, /) -> None:
        """Never blocks, never raises; answers through the inbox exactly once per effect."""

    def prepare(self, effects: Sequence[VenueEffect], /) -> None:
        """These will be performed in a moment, or not at all: what can be made ready for it may be made ready now."""

    def hold(self) -> None:
        """What is performed until `release`, in this turn of the loop, may reach the venue in one packet."""

    def release(self) -> None:
        """What was held leaves now."""


class VenueTime(Protocol):
    """The venue's clock as this process knows it."""

    def now_ms(self) -> int:
        """Venue time in milliseconds since the epoch."""
