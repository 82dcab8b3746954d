"""A service and an application for each test."""

import pytest
from starlette.types import ASGIApp

from holdfast.api.app import build
from tests.api.fake import TOKEN, FakeService


@pytest.fixture
def service() -> FakeService:
    """A fresh engine service."""
    return FakeService()


@pytest.fixture
def app(service: FakeService) -> ASGIApp:
    """The application over it, with a token."""
    return build(service, token=TOKEN, max_event_streams=2)
