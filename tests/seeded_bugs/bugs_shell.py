"""Bugs in the shell: runner, gateway, connections, watch, journal, recovery. They need the whole engine."""

from __future__ import annotations

from typing import Any, Final

from tests.seeded_bugs.bug import Bug, Edit

ROUGH: Final[dict[str, Any]] = {"profile": "hell", "hours": "0.1"}
"""Six minutes of everything at once."""
USUAL: Final[dict[str, Any]] = {"profile": "realistic", "hours": "0.2"}
LONG: Final[dict[str, Any]] = {"profile": "realistic", "hours": "1"}
SHORT: Final[dict[str, Any]] = {"profile": "calm", "hours": "0.02"}
STRUCK: Final[dict[str, Any]] = {"profile": "calm", "hours": "0.1", "strikes": 12, "sync_ms": (40, 400)}
"""A slow disk, and a dozen kills that take what it has not confirmed."""

BUGS: Final = (
    Bug(
        name="effects-before-the-disk",
        breaks="Entries leave before their records are on the disk.",
        rule="RULES 8, I2, I20",
        vehicle="hour",
        given=STRUCK,
        seeds=20,
        changes=(
            Edit(
                "service.runner:Runner._perform",
                "return self._append(step.events, later)",
                "self._let_go(later, durable=True)\n        return self._append(step.events, [])",
            ),
        ),
    ),
    Bug(
        name="lost-records-not-written",
        breaks="What a failed disk did not take is not written when it works again.",
        rule="RULES 8, I18",
        vehicle="hour",
        given=ROUGH,
        seeds=60,
        changes=(Edit("service.runner:Runner._write_on", "for batch in lost:", "for batch in ():"),),
    ),
    Bug(
        name="events-out-of-order",
        breaks="Durable events are published newest first.",
        rule="RULES 8",
        vehicle="hour",
        given=SHORT,
        changes=(Edit("service.runner:Runner._publish", "self._unpublished.popleft()", "self._unpublished.pop()"),),
    ),
    Bug(
        name="events-published-twice",
        breaks="A batch is published again.",
        rule="RULES 8",
        vehicle="hour",
        given=SHORT,
        changes=(
            Edit(
                "service.runner:Runner._publish",
                "self._outbox.publish(head, batch.at_us, batch.events, batch.entries)",
                "self._outbox.publish(head, batch.at_us, batch.events, batch.entries)\n"
                "    self._outbox.publish(head, batch.at_us, batch.events, batch.entries)",
            ),
        ),
    ),
    Bug(
        name="rest-after-the-socket-took-it",
        breaks="A request goes by REST although its bytes have left on the WebSocket.",
        rule="RULES 1, I1",
        vehicle="hour",
        given=SHORT,
        changes=(Edit("service.order_channel:Line.send", "return True", "return request_id % 5 > 0"),),
    ),
    Bug(
        name="lost-answers-asked-again-by-rest",
        breaks="A request whose connection closed is sent again by REST.",
        rule="RULES 1, I1",
        vehicle="hour",
        given=ROUGH,
        seeds=60,
        changes=(
            Edit(
                "service.gateway:Gateway._lost",
                "self._answer(ticket, _unknown(reason), self._clock.now_ms())",
                "self._spawn(self._by_rest(ticket._replace(stamp_ms=ticket.stamp_ms), Lane.PROTECT), lambda why: None)",
            ),
            Edit("service.gateway:Gateway._is_late", "return once and", "return False and"),
        ),
    ),
    Bug(
        name="silence-taken-for-rejected",
        breaks="A request without an answer is told to the core as rejected.",
        rule="RULES 1",
        vehicle="hour",
        given=ROUGH,
        changes=(Edit("service.gateway:_unknown", "outcome=Outcome.UNKNOWN", "outcome=Outcome.REJECTED"),),
    ),
    Bug(
        name="throttle-not-heeded",
        breaks="Requests go on although the venue has put them off.",
        rule="I25",
        vehicle="hour",
        given=ROUGH,
        seeds=60,
        changes=(Edit("binance.governor:Governor.throttled", "for each in stopped:", "for each in ():"),),
    ),
    Bug(
        name="watch-never-started",
        breaks="Nobody looks whether positions are covered.",
        rule="RULES 12",
        vehicle="hour",
        given=SHORT,
        changes=(
            Edit(
                "service.coverage:CoverageWatch.start",
                'self.supervisor.spawn("coverage-watch", self._keep_watch())',
                "return",
            ),
        ),
    ),
    Bug(
        name="listen-key-deleted",
        breaks="The listen key is deleted where it should be extended.",
        rule="RULES 16",
        vehicle="hour",
        given=LONG,
        seeds=5,
        changes=(
            Edit(
                "service.user_stream:UserStream._extend_key",
                "self._key_request(ep.EXTEND_LISTEN_KEY)",
                'self._key_request(ep.EXTEND_LISTEN_KEY._replace(method="DELETE"))',
            ),
        ),
    ),
    Bug(
        name="records-skipped-after-a-snapshot",
        breaks="A restart leaves out the first records behind the snapshot.",
        rule="I18",
        vehicle="hour",
        given=LONG,
        seeds=60,
        changes=(Edit("service.recovery:recover", "if record.seq > start.seq:", "if record.seq > start.seq + 5:"),),
    ),
    Bug(
        name="journal-not-read-at-the-start",
        breaks="A restart begins with an empty state.",
        rule="I18, I20",
        vehicle="hour",
        given=USUAL,
        changes=(Edit("service.recovery:recover", "engine.apply(event)", "pass"),),
    ),
)
