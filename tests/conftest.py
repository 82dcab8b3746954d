"""What every test shares: reproducible property tests, and the folder of recorded venue data."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples on every run and machine, and no deadline: a slow minute of a busy machine is not a failure.
settings.register_profile(
    "holdfast", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("holdfast")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of recorded data beside the repository (`../shared`); tests that need it skip where it is absent."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the recorded venue data (../shared/data) is not on this machine")
    return folder
