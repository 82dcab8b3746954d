"""What the drivers of the venue report: one named call per thing worth a log line or a metric."""

from __future__ import annotations

from typing import Protocol

from holdfast.service.lifecycle import LifecycleObserver


class VenueObserver(LifecycleObserver, Protocol):
    """Told about requests, links, streams and the clock. Calls must be quick; some are on the order path."""

    def request_ended(self, name: str, outcome: str, code: int, duration_us: int) -> None:
        """An order, cancel or setting has its outcome."""

    def code_unlisted(self, name: str, code: int, message: str) -> None:
        """The venue used a code that no table knows: it was taken as unknown, and deserves a look (fault A8)."""

    def reply_unreadable(self, name: str, detail: str) -> None:
        """An answer was not what the venue promises."""

    def reply_late(self, name: str) -> None:
        """An answer came after its request had been given up as unknown."""

    def read_repeated(self, name: str, reason: str) -> None:
        """A read is tried again."""

    def link_changed(self, link: str, up: bool, reason: str) -> None:
        """A connection opened or ended."""

    def frame_ignored(self, link: str, kind: str) -> None:
        """A stream sent something that the engine does not use."""

    def frame_unreadable(self, link: str, kind: str, detail: str) -> None:
        """A stream sent something that the engine lives by and cannot read."""

    def stream_silent(self, name: str) -> None:
        """A stream that should speak does not."""

    def clock_measured(self, ok: bool, offset_ms: int, error_ms: int) -> None:
        """The venue's time was measured, or could not be."""

    def clock_jumped(self, jump_ms: int) -> None:
        """The wall clock moved against the monotonic one."""


class Unobserved:
    """Nobody listens."""

    def part_started(self, part: str) -> None:
        """Unheard."""

    def part_stopped(self, part: str, error: str) -> None:
        """Unheard."""

    def task_died(self, task: str, error: BaseException | None) -> None:
        """Unheard."""

    def request_ended(self, name: str, outcome: str, code: int, duration_us: int) -> None:
        """Unheard."""

    def code_unlisted(self, name: str, code: int, message: str) -> None:
        """Unheard."""

    def reply_unreadable(self, name: str, detail: str) -> None:
        """Unheard."""

    def reply_late(self, name: str) -> None:
        """Unheard."""

    def read_repeated(self, name: str, reason: str) -> None:
        """Unheard."""

    def link_changed(self, link: str, up: bool, reason: str) -> None:
        """Unheard."""

    def frame_ignored(self, link: str, kind: str) -> None:
        """Unheard."""

    def frame_unreadable(self, link: str, kind: str, detail: str) -> None:
        """Unheard."""

    def stream_silent(self, name: str) -> None:
        """Unheard."""

    def clock_measured(self, ok: bool, offset_ms: int, error_ms: int) -> None:
        """Unheard."""

    def clock_jumped(self, jump_ms: int) -> None:
        """Unheard."""
