"""I25: the same refused request comes at most three times."""

from __future__ import annotations

import pytest

from holdfast.model.ids import Role, client_order_id
from tests.verify.builders import ACCOUNT, Story, entry_spec, params_of


def asked(times: int, *, method: str = "order.place", role: Role = Role.TARGET, **reply: object) -> list[str]:
    """What is found of I25 when a request is answered alike so many times."""
    story = Story().begin()
    story.accept()
    for n in range(1, times + 1):
        params = params_of(entry_spec()) | {"newClientOrderId": client_order_id(ACCOUNT, "i1", role, n)}
        request = story.wait(100).request(method, **params)
        story.reply(request, **({"status": 400, "code": -2022} | reply))
    return [v.sentence for v in story.verdict().violations if v.invariant == "I25"]


def test_three_refusals_are_enough():
    """The fourth is found, under any name."""
    assert asked(3) == []
    (found,) = asked(4)
    assert "refused 4 times with the same input" in found


@pytest.mark.parametrize("role", [Role.STOP, Role.CLOSE])
def test_rules_2_what_covers_has_its_own_rhythm(role):
    """It goes on until the venue shows 0."""
    assert asked(9, role=role) == []


@pytest.mark.parametrize(
    "reply", [{"status": 200, "code": None}, {"status": 429, "code": -1003}, {"fault": "resp.drop"}]
)
def test_only_refusals_that_were_seen_count(reply):
    """A confirmation, a throttle, and a reply that got lost are none."""
    assert asked(9, **reply) == []


def test_a_setting_is_counted_per_intent():
    """Each accepted intent may ask three times."""
    assert asked(3, method="POST /fapi/v1/leverage", role=Role.ENTRY) == []
    assert asked(4, method="POST /fapi/v1/leverage", role=Role.ENTRY)
