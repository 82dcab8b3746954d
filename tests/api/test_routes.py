"""The route table."""

from holdfast.api.events import Streams
from holdfast.api.guard import OPEN_PATHS
from holdfast.api.problems import TITLES
from holdfast.api.routes import operations

TABLE = operations(Streams(1))


def test_no_address_stands_twice() -> None:
    """A second row would never be reached."""
    rows = [(row.method, row.path) for row in TABLE]
    assert len(rows) == len(set(rows))


def test_the_guard_and_the_table_agree_on_what_is_open() -> None:
    """A route that the page calls open is open, and no other."""
    assert {row.path for row in TABLE if not row.token} == OPEN_PATHS


def test_only_post_changes_anything() -> None:
    """A link, a prefetch or a crawler can do no harm."""
    assert all((row.method == "POST") is (row.body is not None) for row in TABLE)


def test_every_problem_of_the_table_exists() -> None:
    """By its name."""
    assert {kind for row in TABLE for kind in row.problems} <= set(TITLES)


def test_no_single_address_resumes() -> None:
    """P29: resume is one address with two steps; there is no address that activates."""
    names = {row.path for row in TABLE if row.path.startswith("/v1/commands/")}
    assert names == {f"/v1/commands/{name}" for name in ("halt", "reduce", "resume", "flatten", "release")}
