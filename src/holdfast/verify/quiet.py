"""I24: after a run that ended in peace nothing is open, pending or unknown. I25: the venue never banned us."""

from __future__ import annotations

from holdfast.model.num import text
from holdfast.verify.base import Check, LineHandlers
from holdfast.verify.records import Reply


class Quiet(Check):
    """Looks at what is left at the end, and at bans on the way."""

    def after(self) -> LineHandlers:
        """A ban that no injected fault explains is ours."""
        return {Reply: self._on_reply}

    def finish(self) -> None:
        """Only a run that says it is complete must be quiet."""
        left = [order for order in self.state.all_open() if order.is_ours]
        self.found.counts["open_at_end"] = len(left)
        self.found.counts["unknown_at_end"] = len(self.journal.unknown)
        if not self.options.complete:
            self.found.not_checked("I24", "the run may have been cut; --complete demands that it ended in peace")
            return
        for order in left:
            self.found.violated("I24", f"{order.client_id} is still {order.status} at the venue", ns=[order.last_n])
        for (symbol, _), leg in self.state.legs.items():
            if leg.ours:
                self.found.violated("I24", f"{text(leg.ours)} {symbol} of ours is still open", ns=[leg.last_n])
        for client_id, (seq, _) in self.journal.unknown.items():
            self.found.violated("I24", f"the outcome of {client_id} is still unknown", seqs=[seq])

    def _on_reply(self, line: Reply) -> None:
        if line.status == 418 and line.fault is None:
            self.found.violated("I25", "the venue banned the address (418)", ns=(line.req, line.n))
