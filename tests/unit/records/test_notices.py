"""The rules of notices: when one is tried again, when it is given up, which deposit a holder is told of."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.access import RecordFacts
from records.notices import (
    FIRST_DELAY_MS,
    GIVEN_UP_MS,
    LONGEST_DELAY_MS,
    NOTICE_OF_CHANGE,
    STATE_AFTER,
    UNDELIVERED_FOR,
    Delivery,
    after_attempt,
    next_delay_ms,
)
from records.policy import told_to_holder
from records.rules.request import ROLE_ACTIONS
from records.vocabulary.codes import Action, DocumentState, Label, RecordState, Role
from tests.unit.records.factories import CARD, REPORT

NOW = 1_800_000_000


@given(st.integers(min_value=1, max_value=10_000), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_a_wait_is_half_of_its_step_or_more_and_an_hour_at_most(attempts: int, chance: float) -> None:
    wait = next_delay_ms(attempts, chance)
    assert FIRST_DELAY_MS // 2 <= wait <= LONGEST_DELAY_MS
    assert next_delay_ms(attempts, 0) <= next_delay_ms(attempts + 1, 0)


def test_waits_double() -> None:
    assert [next_delay_ms(attempts, 0) for attempts in (1, 2, 3, 8)] == [30_000, 60_000, 120_000, 3_600_000]


@pytest.mark.parametrize("delivery", Delivery)
def test_what_failed_is_given_up_after_two_days_and_nothing_else_is(delivery: Delivery) -> None:
    assert after_attempt(delivery, 0, GIVEN_UP_MS - 1) is delivery
    late = after_attempt(delivery, 0, GIVEN_UP_MS)
    assert late is (Delivery.GIVEN_UP if delivery is Delivery.FAILED else delivery)


def test_every_end_has_a_state_and_each_reason_of_an_undelivered_notice_is_counted() -> None:
    assert set(STATE_AFTER) == set(Delivery)
    assert set(UNDELIVERED_FOR) == {Delivery.NO_CONTACT, Delivery.REFUSED, Delivery.GIVEN_UP}


def test_every_choice_of_the_card_has_a_notice() -> None:
    reads = {Action.SEARCH, Action.RETRIEVE, Action.STILL, Action.READ_LOG, Action.READ_NOTICES}
    assert set(NOTICE_OF_CHANGE) <= ROLE_ACTIONS[Role.PATIENT] - reads
    assert {Action.AUTHORISE, Action.REVOKE, Action.BLOCK, Action.UNBLOCK, Action.SET_EMERGENCY} <= set(
        NOTICE_OF_CHANGE
    )


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ((), True),
        ((Label.MASQUE_PS,), True),
        ((Label.INVISIBLE_PATIENT,), False),
        ((Label.INVISIBLE_REPRESENTANTS_LEGAUX,), False),
    ],
)
def test_a_deposit_is_told_if_the_holder_may_see_it(labels: tuple[Label, ...], told: bool) -> None:
    """What waits for its announcement is not announced by a notice; nor is a minor's secret (R22, R23)."""
    record = RecordFacts(RecordState.ACTIVE, CARD)
    hidden, plain = replace(REPORT, labels=frozenset(labels)), replace(REPORT, labels=frozenset())
    assert told_to_holder(record, [hidden], NOW) is told
    assert told_to_holder(record, [hidden, plain], NOW)
    gone = replace(plain, state=DocumentState.DELETED)
    assert not told_to_holder(record, [gone], NOW) and not told_to_holder(record, [], NOW)
    assert not told_to_holder(replace(record, card=None), [plain], NOW)
