"""A process that reads the stub's user stream, on a core of its own."""

from __future__ import annotations

import asyncio
import sys

import msgspec
import uvloop

from benchmarks.user_stream import read


def main() -> None:
    """Answer each line {"events": n, "decode": bool} with the CPU microseconds per event."""
    _say({"ready": True})
    for line in sys.stdin:
        request = msgspec.json.decode(line)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            cpu = runner.run(read(sys.argv[1], request["events"], decoding=request["decode"]))
        _say({"cpu": cpu})


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
