"""Ids are functions of what they name: the same order has the same id after any restart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model import ids
from holdfast.model.ids import Role, client_order_id

ORDER_ROLES = st.sampled_from(sorted(ids.ROLE_LETTERS))
NUMBERS = st.integers(1, 9999)
WORDS = st.text(max_size=80)


def test_an_id_is_the_same_for_ever():
    """Orders that are open now were named by this formula: changing it would make them strangers."""
    assert client_order_id("main", "intent-1", Role.ENTRY, 1) == "hf-e1-erdhbg22b5endomxscxwzipg"
    assert client_order_id("main", "intent-1", Role.STOP, 12) == "hf-s12-erdhbg22b5endomxscxwzipg"


@given(WORDS, WORDS, ORDER_ROLES, NUMBERS)
def test_an_id_fits_the_venue_whatever_it_names(account, subject, role, n):
    """At most 36 characters of the venue's alphabet, for any text in any script."""
    assert ids.CLIENT_ID_PATTERN.fullmatch(client_order_id(account, subject, role, n))


@given(st.lists(st.tuples(WORDS, WORDS, ORDER_ROLES, NUMBERS), min_size=2, max_size=2, unique=True))
def test_different_orders_have_different_ids(names):
    """Account, subject, role and number each make a difference."""
    assert client_order_id(*names[0]) != client_order_id(*names[1])


def test_account_and_subject_do_not_run_together():
    """Account "a" with subject "bc" is not account "ab" with subject "c"."""
    assert ids.subject_tag("a", "bc") != ids.subject_tag("ab", "c")


@given(WORDS, WORDS, ORDER_ROLES, NUMBERS)
def test_role_and_tag_are_read_back(account, subject, role, n):
    """So an order found at the venue says what it is for and which orders belong with it."""
    client_id = client_order_id(account, subject, role, n)
    assert ids.is_ours(client_id)
    assert (ids.role_of(client_id), ids.tag_of(client_id)) == (role, ids.subject_tag(account, subject))


@pytest.mark.parametrize("n", [0, -1, 10_000])
def test_the_number_has_bounds(n):
    """The first order of a role is number 1; five digits would not fit."""
    with pytest.raises(AssertionError, match="invariant"):
        client_order_id("main", "intent-1", Role.STOP, n)


@pytest.mark.parametrize("role", [Role.CANCEL, Role.SETTING])
def test_cancels_and_settings_are_no_orders(role):
    """They have no client order id."""
    with pytest.raises(KeyError):
        client_order_id("main", "intent-1", role, 1)


@pytest.mark.parametrize("client_id", ["", "web_1", "hfk-1", "HF-e1-x", "autoclose-7", "x-hf-e1"])
def test_a_foreign_id_has_neither_role_nor_tag(client_id):
    """Nothing is read into an id that is not ours."""
    assert (ids.is_ours(client_id), ids.role_of(client_id), ids.tag_of(client_id)) == (False, None, None)


@pytest.mark.parametrize("client_id", ["hf-", "hf-q1-abc", "hf--"])
def test_an_id_with_our_prefix_may_have_no_known_role(client_id):
    """A later version's order is ours all the same."""
    assert ids.is_ours(client_id)
    assert ids.role_of(client_id) is None


def test_rules_16_the_kill_switch_is_not_the_engine():
    """Its orders are recognised and never taken for ours."""
    assert ids.is_kill(ids.KILL_PREFIX + "1")
    assert not ids.is_ours(ids.KILL_PREFIX + "1")
    assert not ids.is_kill(client_order_id("main", "intent-1", Role.CLOSE, 1))


@pytest.mark.parametrize(
    ("client_id", "cause"),
    [
        ("autoclose-1699999999", "LIQUIDATION"),
        ("adl_autoclose", "ADL"),
        ("settlement_autoclose-1", "SETTLEMENT"),
        ("delivery_autoclose-1", "SETTLEMENT"),
        ("hfk-1", "OPERATOR"),
        ("web_abc", "EXTERNAL"),
        ("", "EXTERNAL"),
    ],
)
def test_a_foreign_order_is_attributed(client_id, cause):
    """Whoever closed the position is named in the ledger."""
    assert ids.attribution_of(client_id) == cause
