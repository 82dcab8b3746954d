"""`holdfast paper` with a deep book that stands still and no limits, for as many orders as a client can send."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.exchange import say_ready
from benchmarks.paper_orders import configuration, market
from holdfast.paper.doors.server import PaperOptions, run_server
from holdfast.paper.market.default_symbols import default_exchange_info


def main() -> None:
    """Serve until ended; the first line of standard output is the one of `holdfast paper`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--venue-log", type=Path, required=True)
    run_server(
        PaperOptions(
            exchange_info=default_exchange_info(),
            market=((0, event) for event in market()),
            config=configuration(),
            venue_log=parser.parse_args().venue_log,
        ),
        say_ready,
    )


if __name__ == "__main__":
    main()
