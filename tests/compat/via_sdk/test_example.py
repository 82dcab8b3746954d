"""The script that strangers copy runs as it stands."""

from tests.compat.paper import run_example


def test_the_example_trades(paper):
    """From entry to exit in a process of its own."""
    assert run_example("official_sdk_bot.py", paper).splitlines()[-1] == "flat True"
