"""The tables of a run inside a page of the documentation."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from benchmarks.results import CannotRun, Result
from benchmarks.show import figure, machine, text

BEGIN = "<!-- run: replaced by `python -m benchmarks --markdown` -->"
END = "<!-- end of run -->"


class Page:
    """A page with a place for a run. It is opened before the run, which takes minutes that should not be lost."""

    def __init__(self, path: Path) -> None:
        """Raises `CannotRun` when there is no such page, or when it has no place for a run."""
        self._path = path
        try:
            before, begin, rest = path.read_text("utf-8").partition(BEGIN)
        except OSError as error:
            raise CannotRun(f"--markdown: {path} cannot be read: {error.strerror}") from None
        _, end, after = rest.partition(END)
        if not (begin and end):
            raise CannotRun(f"--markdown: {path} has no place for a run: it needs a line {BEGIN} and a line {END}")
        self._around = before + begin, end + after

    def write(self, results: list[Result], *, quick: bool) -> None:
        """Put the run in its place."""
        before, after = self._around
        self._path.write_text(f"{before}\n\n{_run(results, quick=quick)}\n{after}", "utf-8")


def _run(results: list[Result], *, quick: bool) -> str:
    where = machine()
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {where['cores']} cores, {where['system']} on {where['processor']}, "
        f"Python {where['python']}" + (", `--quick`" if quick else "") + ".",
        "",
        "### Goals",
        "",
        "| benchmark | what | goal | reached | |",
        "| --- | --- | ---: | ---: | --- |",
    ]
    for result in results:
        for goal in result.goals:
            verdict = "reached" if goal.met else "**missed**"
            bound, reached = f"{goal.bound} {goal.unit}", figure(goal.reached)
            lines.append(f"| {result.name} | {goal.what.strip()} | {bound} | {reached} | {verdict} |")
    for result in results:
        lines += ["", f"### {result.title}", "", *_table(result)]
    return "\n".join(lines) + "\n"


def _table(result: Result) -> list[str]:
    lines = []
    if result.rows:
        heads = list(result.rows[0])
        lines.append(f"| {' | '.join(heads)} |")
        lines.append(f"| --- |{' ---: |' * (len(heads) - 1)}")
        lines += [f"| {' | '.join(map(text, row.values()))} |" for row in result.rows]
        lines.append("")
    lines += [f"{note[0].upper()}{note[1:]}." for note in result.notes]
    lines += [f"Skipped: {result.skipped}."] if result.skipped else []
    return lines + [f"Could not run: {problem}." for problem in result.problems]
