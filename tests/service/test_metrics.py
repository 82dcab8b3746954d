"""The table of metrics."""

from __future__ import annotations

import pytest

from holdfast.service.metrics import Metrics
from tests.service import story
from tests.service.test_observe import Watched


def test_the_exposition_is_prometheus_text() -> None:
    """With help and labels."""
    text = Watched().see(story.ACCEPTED).metrics.text().decode()
    assert "# HELP holdfast_intents_total Intents by verdict and reason code" in text
    assert 'holdfast_build_info{account="main",venue="paper",version="1.0"} 1.0' in text


def test_every_sample_carries_venue_and_account() -> None:
    """Paper and live are never added up by accident."""
    for family in Watched().see(*story.OPENING, *story.CLOSING).metrics.registry.collect():
        for sample in family.samples:
            assert {"venue", "account"} <= set(sample.labels), sample.name


def test_every_metric_has_a_sentence_and_our_prefix() -> None:
    """Whoever reads a dashboard finds out what a number means."""
    families = list(Metrics().registry.collect())
    assert len(families) > 20
    for family in families:
        assert family.name.startswith("holdfast_")
        assert family.documentation


@pytest.mark.parametrize("unit", ["_ms", "_us"])
def test_durations_are_in_seconds(unit: str) -> None:
    """The convention of Prometheus."""
    assert [family.name for family in Metrics().registry.collect() if family.name.endswith(unit)] == []
