"""How much memory the exchange takes after so many orders, with the retention it documents.

    python -m benchmarks.paper_memory 1000000

prints one line of JSON: megabytes before and after, and CPU microseconds an order.
"""

from __future__ import annotations

import json
import resource
import sys

from benchmarks.paper_orders import Desk

AT_A_TIME = 10_000


def main() -> None:
    """Place them all in this process; the orders' texts are made in portions and not kept."""
    orders = int(sys.argv[1])
    desk = Desk()
    before = _largest_mb()
    costs = [desk.place(AT_A_TIME) for _ in range(orders // AT_A_TIME)]
    answer = {"before_mb": before, "after_mb": _largest_mb(), "first_us": costs[0], "last_us": costs[-1]}
    print(json.dumps(answer), flush=True)


def _largest_mb() -> float:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(kilobytes / 1024, 1)


if __name__ == "__main__":
    main()
