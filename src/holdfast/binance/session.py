"""The life of a user stream, as a machine without I/O (protocol notes E.1, C.12).

Facts go in with the time in milliseconds (of any clock that never goes back); actions come out. What it knows:

- a listen key lives an hour unless extended, and is shared by the whole account: it is never deleted (RULES 16);
- a connection lives 24 hours and is replaced before its end, the new one first;
- neither a handshake nor an acknowledgement proves anything, and a stream can fall silent without closing: after an
  order of ours an event is owed within two seconds, or there is a gap.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from holdfast.binance.wsapi import ROLL_AFTER_MS

EXTEND_EVERY_MS: Final = 25 * 60_000
EXTEND_RETRY_MS: Final = 60_000
KEY_LIFE_MS: Final = 60 * 60_000
OVERLAP_MS: Final = 5_000
"""How long the old connection is read beside the new one."""
OWED_MS: Final = 2_000
SEEN_FOR_MS: Final = 10_000
"""An event may come before the reply that makes us owe it; so long it counts as seen."""
FIRST_BACKOFF_MS: Final = 250
LONGEST_BACKOFF_MS: Final = 30_000
STEADY_AFTER_MS: Final = 10_000
"""A connection that lived so long was a good one: the next attempt after it does not wait."""
GAP_EVERY_MS: Final = 1_000
MAX_SEEN: Final = 1_024


class CreateKey(NamedTuple):
    """POST the listen key; the venue answers with the active one, extended, if there is one."""


class ExtendKey(NamedTuple):
    """PUT the listen key."""


class Open(NamedTuple):
    """Open a connection for the key; `link` names it from now on."""

    link: int
    key: str


class Close(NamedTuple):
    """Close a connection."""

    link: int


class Tell(NamedTuple):
    """The core must hear that evidence may be missing (`up` False), or that it must look again (`up` True)."""

    up: bool
    reason: str


Action = CreateKey | ExtendKey | Open | Close | Tell


class UserSession:
    """One account's user stream."""

    def __init__(self) -> None:
        self.key = ""
        self.up = False
        self._key_at_ms = 0
        self._extend_at_ms: int | None = None
        self._links = 0
        self._current: int | None = None
        self._opening: int | None = None
        self._old: int | None = None
        self._opened_at_ms = 0
        self._old_until_ms = 0
        self._retry_at_ms: int | None = None
        self._failures = 0
        self._owed: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self._gap_at_ms = -GAP_EVERY_MS
        self._gap_reason = ""
        self._asking_key = False

    # What happened.

    def start(self, now_ms: int) -> list[Action]:
        """Begin: a key first."""
        self._retry_at_ms = now_ms
        return self.tick(now_ms)

    def key_ready(self, now_ms: int, key: str) -> list[Action]:
        """A key was created (or the active one was returned)."""
        self._asking_key = False
        self.key, self._key_at_ms = key, now_ms
        self._extend_at_ms = now_ms + EXTEND_EVERY_MS
        return self._open()

    def key_failed(self, now_ms: int) -> list[Action]:
        """No key could be had. A connection with a key that cannot have ended yet is better than none."""
        self._asking_key = False
        if self.key and now_ms - self._key_at_ms < KEY_LIFE_MS - EXTEND_RETRY_MS:
            return self._open()
        self._retry(now_ms)
        return []

    def extended(self, now_ms: int) -> list[Action]:
        """The key lives another hour."""
        self._key_at_ms = now_ms
        self._extend_at_ms = now_ms + EXTEND_EVERY_MS
        return []

    def extend_failed(self, now_ms: int, *, gone: bool) -> list[Action]:
        """The key could not be extended; `gone` when the venue says that there is none (−1125)."""
        if gone or now_ms - self._key_at_ms >= KEY_LIFE_MS - EXTEND_RETRY_MS:
            return self._lost(now_ms, "listen key gone")
        self._extend_at_ms = now_ms + EXTEND_RETRY_MS
        return []

    def opened(self, now_ms: int, link: int) -> list[Action]:
        """A connection is open. The core looks again in any case: events between the two may be missing."""
        if link != self._opening:
            return [Close(link)]
        self._opening = None
        replaced, self._current, self._opened_at_ms = self._current, link, now_ms
        self.up = True
        if replaced is None:
            return [Tell(True, "connected")]
        self._old, self._old_until_ms = replaced, now_ms + OVERLAP_MS
        return [Tell(True, "connection replaced")]

    def open_failed(self, now_ms: int, link: int) -> list[Action]:
        """A connection could not be opened."""
        if link == self._opening:
            self._opening = None
            self._retry(now_ms)
        return []

    def closed(self, now_ms: int, link: int, reason: str) -> list[Action]:
        """A connection ended."""
        if link == self._opening:
            return self.open_failed(now_ms, link)
        if link == self._old:
            self._old = None
        if link != self._current:
            return []
        self._current = None
        return self._down(now_ms, reason)

    def expired(self, now_ms: int, key: str) -> list[Action]:
        """The stream says that the key has expired. Another account's key is none of ours."""
        if key not in ("", self.key):
            return []
        return self._lost(now_ms, "listen key expired")

    def event(self, now_ms: int, client_id: str) -> None:
        """An event named an order of ours: what was owed for it has come."""
        self._owed.pop(client_id, None)
        self._seen.pop(client_id, None)
        self._seen[client_id] = now_ms
        while len(self._seen) > MAX_SEEN:
            del self._seen[next(iter(self._seen))]

    def owe(self, now_ms: int, client_id: str) -> None:
        """The venue confirmed a request about this order: an event must come, or has just come."""
        if self.up and now_ms - self._seen.get(client_id, -SEEN_FOR_MS) >= SEEN_FOR_MS:
            self._owed.setdefault(client_id, now_ms + OWED_MS)

    def gap(self, now_ms: int, reason: str) -> list[Action]:
        """A frame could not be read: the core must ask. Said at most once a second."""
        if not self.up:
            return []
        self._gap_reason = reason
        return self._tell_gap(now_ms)

    def tick(self, now_ms: int) -> list[Action]:
        """Do what is due. Call it at `next_tick_ms`, or at any other time."""
        actions: list[Action] = []
        if self._extend_at_ms is not None and now_ms >= self._extend_at_ms:
            self._extend_at_ms = now_ms + EXTEND_RETRY_MS
            actions.append(ExtendKey())
        if self._old is not None and now_ms >= self._old_until_ms:
            actions.append(Close(self._old))
            self._old = None
        actions += self._tell_gap(now_ms)
        overdue = [client_id for client_id, due_ms in self._owed.items() if now_ms >= due_ms]
        if overdue:
            actions += self._lost(now_ms, f"silent: no event of {overdue[0]} within {OWED_MS} ms")
        elif self._current is not None and self._opening is None and now_ms >= self._opened_at_ms + ROLL_AFTER_MS:
            actions += self._open()
        if self._retry_at_ms is not None and now_ms >= self._retry_at_ms and not self._asking_key:
            self._retry_at_ms = None
            self._asking_key = True
            actions.append(CreateKey())
        return actions

    def next_tick_ms(self) -> int | None:
        """When `tick` next has something to do; None when it waits for a fact."""
        due = [self._extend_at_ms, None if self._asking_key else self._retry_at_ms]
        due += [self._old_until_ms] if self._old is not None else []
        due += [self._gap_at_ms + GAP_EVERY_MS] if self._gap_reason else []
        due += [min(self._owed.values())] if self._owed else []
        if self._current is not None and self._opening is None:
            due.append(self._opened_at_ms + ROLL_AFTER_MS)
        return min((at_ms for at_ms in due if at_ms is not None), default=None)

    # What follows.

    def _open(self) -> list[Action]:
        if self._opening is not None:
            return []
        self._links += 1
        self._opening = self._links
        return [Open(self._links, self.key)]

    def _lost(self, now_ms: int, reason: str) -> list[Action]:
        """The connection may stay open for ever without an event: leave it, and begin again with a key."""
        left = [link for link in (self._current, self._opening, self._old) if link is not None]
        self._current = self._opening = self._old = None
        self._extend_at_ms = None
        closing: list[Action] = [Close(link) for link in left]
        return closing + self._down(now_ms, reason)

    def _down(self, now_ms: int, reason: str) -> list[Action]:
        was_up, self.up = self.up, False
        self._owed.clear()
        self._gap_reason = ""
        if now_ms - self._opened_at_ms >= STEADY_AFTER_MS:
            self._failures = 0
        if self._opening is None:
            self._retry(now_ms)
        told: list[Action] = [Tell(False, reason)] if was_up else []
        return told + self.tick(now_ms)

    def _retry(self, now_ms: int) -> None:
        """The first attempt after a good connection is immediate; then the pauses double."""
        pause_ms = 0
        if self._failures:
            pause_ms = min(FIRST_BACKOFF_MS << min(self._failures - 1, 10), LONGEST_BACKOFF_MS)
        self._failures += 1
        self._retry_at_ms = now_ms + pause_ms

    def _tell_gap(self, now_ms: int) -> list[Action]:
        if not self._gap_reason or now_ms < self._gap_at_ms + GAP_EVERY_MS:
            return []
        reason, self._gap_reason = self._gap_reason, ""
        self._gap_at_ms = now_ms
        return [Tell(False, reason), Tell(True, reason)]
