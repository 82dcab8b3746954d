"""`python -m tests.seeded_bugs`: hunt every seeded bug, and say which seed and which invariant caught it."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Iterator

from tests.seeded_bugs.catalogue import BUGS
from tests.seeded_bugs.hunt import Hunt, by_name
from tests.seeded_bugs.table import markdown, row

CHUNK = 1


def main() -> int:
    """Exit code 1 when a bug escapes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", choices=list(BUGS), help="this bug; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="processes that hunt at the same time")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON object at the end")
    shape.add_argument("--markdown", action="store_true", help="the page docs/reference/seeded-bugs.md")
    asked = parser.parse_args()
    names, began, hunts = asked.only or list(BUGS), time.monotonic(), []
    quiet = asked.json or asked.markdown
    for done, one in enumerate(hunted(names, asked.jobs), start=1):
        hunts.append(one)
        progress(done, len(names), began, one)
        if not quiet:
            tell(row(one))
    hunts.sort(key=lambda one: names.index(one.bug.name))
    escaped = [one.bug.name for one in hunts if one.seed is None]
    seconds = round(time.monotonic() - began)
    progress_over()
    if asked.json:
        counts = {"bugs": len(hunts), "caught": len(hunts) - len(escaped), "escaped": escaped, "seconds": seconds}
        tell(json.dumps({**counts, "hunts": [plain(one) for one in hunts]}))
    elif asked.markdown:
        tell(markdown(hunts))
    else:
        tell(f"{len(hunts)} bugs in {seconds} s, {len(escaped)} escaped{': ' if escaped else ''}{', '.join(escaped)}")
    return 1 if escaped else 0


def hunted(names: list[str], jobs: int) -> Iterator[Hunt]:
    """The hunts, as they end."""
    if jobs == 1:
        yield from map(by_name, names)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(by_name, names, CHUNK)


def plain(one: Hunt) -> dict[str, object]:
    """A hunt as JSON has it."""
    bug = one.bug
    return {"name": bug.name, "vehicle": bug.vehicle, "seed": one.seed, "within": bug.seeds, "by": one.by,
            "first": one.findings[0] if one.findings else ""}  # fmt: skip


def progress(done: int, count: int, began: float, one: Hunt) -> None:
    """One line on the terminal that is overwritten."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{done}/{count} in {time.monotonic() - began:.0f} s, last: {one.bug.name}")
        sys.stderr.flush()


def progress_over() -> None:
    """Give the line back."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")


def tell(text: str) -> None:
    """One line to whoever asked."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
