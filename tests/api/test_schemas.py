"""JSON Schemas of intents and results."""

import re

import pytest

from holdfast.api.schemas import DECIMAL_PATTERN, intent_schema, reference, results_schema
from holdfast.model.intent import Intent


@pytest.mark.parametrize("text", ["1", "0.10", "-3", "1e5", ".5", "+1.5E-3"])
def test_the_decimal_pattern_takes_numbers(text: str) -> None:
    """As the decoder does."""
    assert re.match(DECIMAL_PATTERN, text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "", "1,5", "0x1", "1 "])
def test_the_decimal_pattern_refuses_the_rest(text: str) -> None:
    """NaN above all."""
    assert not re.match(DECIMAL_PATTERN, text)


def test_descriptions_are_clean() -> None:
    """No indentation of docstrings is left."""
    assert "\n    " not in str(intent_schema())


def test_results_cover_the_three_published_events() -> None:
    """One terminal result, one closing record, corrections."""
    tags = {"result_published", "trade_closed", "result_corrected"}
    assert set(results_schema()["discriminator"]["mapping"]) == tags


def test_references_name_components() -> None:
    """As OpenAPI wants them."""
    assert reference(Intent) == {"$ref": "#/components/schemas/Intent"}
    assert reference(list[Intent])["items"] == {"$ref": "#/components/schemas/Intent"}
