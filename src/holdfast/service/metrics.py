"""All metrics, in one table each with its sentence. Every sample carries the venue and the account.

Money is not among them: metrics are floats, and what must be exact is read from the ledger.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

WHO = ("venue", "account")

DISK = (0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)
NETWORK = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
NAKED = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The metrics of one process; several accounts share them."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"holdfast_{name}", text, (*WHO, *labels), registry=registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"holdfast_{name}", text, (*WHO, *labels), registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"holdfast_{name}", text, (*WHO, *labels), registry=registry, buckets=buckets)

        self.build = gauge("build_info", "1; the version is a label", "version")
        self.intents = counter("intents", "Intents by verdict and reason code", "verdict", "code")
        self.results = counter("results", "Terminal results of intents", "status")
        self.requests = counter("requests", "Requests to the venue by outcome", "name", "outcome")
        self.request_seconds = histogram("request_seconds", "From send to parsed outcome", NETWORK, "name")
        self.fills = counter("fills", "Executions booked")
        self.trades_closed = counter("trades_closed", "Trades proved closed")
        self.naked_seconds = histogram("naked_seconds", "First evidence of a fill to confirmed cover, estimate", NAKED)
        self.unknown_opened = counter("unknown_opened", "Requests whose outcome was unknown")
        self.unknown_resolved = counter("unknown_resolved", "Unknown outcomes resolved", "resolution")
        self.stops_lost = counter("stops_lost", "Live stops proved gone while their position was open")
        self.alarms = gauge("alarms", "Alarms standing", "code")
        self.commanded = gauge("commanded_state", "2 active, 1 reducing, 0 halted: as commanded")
        self.effective = gauge("effective_state", "2 active, 1 reducing, 0 halted: commanded and healthy")
        self.journal_seq = gauge("journal_seq", "Last durable record")
        self.journal_ok = gauge("journal_ok", "1 while the journal can be written")
        self.append_seconds = histogram("journal_append_seconds", "From append to durable", DISK)
        self.unjournalled = counter("unjournalled_effects", "Effects without a durable record", "sent")
        self.inbox_crowded = counter("inbox_crowded", "Inputs that found the inbox crowded")
        self.reader_failures = counter("reader_failures", "Readers of events that raised", "reader")
        self.tasks_died = counter("tasks_died", "Tasks that ended by themselves", "task")
        self.link_up = gauge("link_up", "1 while a connection to the venue is open", "link")
        self.clock_offset = gauge("clock_offset_seconds", "Venue clock minus ours")
        self.clock_error = gauge("clock_error_seconds", "Uncertainty of the clock offset")
        self.unlisted_codes = counter("unlisted_codes", "Venue codes that no table knows", "code")
        self.unreadable = counter("unreadable", "Answers and frames that could not be read", "where")
        self.frames_ignored = counter("frames_ignored", "Stream messages of no use to the engine", "link", "kind")
        self.reads_repeated = counter("reads_repeated", "Reads tried again", "name")
        self.late_replies = counter("late_replies", "Answers to requests given up as unknown", "name")
        self.silent_streams = counter("silent_streams", "Streams found silent", "name")

    def text(self) -> bytes:
        """The exposition for a scrape."""
        return generate_latest(self.registry)
