"""Outcomes of a request: one row for each code of the protocol notes, each 503 text, and each kind of rubbish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.binance import codes
from holdfast.binance.outcomes import Answer, Op, classify, is_ban, throttled_until
from holdfast.model.reasons import Outcome

NOW_MS = 1_790_000_000_123
PLACES = (Op.PLACE_ONCE, Op.PLACE_AGAIN)
WRITES = (*PLACES, Op.CANCEL, Op.SETTING)

CLASS_F = """-1013 -1014 -1020 -1023 -1100 -1101 -1102 -1103 -1104 -1105 -1106 -1108 -1109 -1110 -1111 -1114 -1115 -1116
-1117 -1118 -1119 -1120 -1121 -1122 -1126 -1127 -1128 -1130 -1136 -2010 -2021 -2026 -4001 -4002 -4013 -4014 -4003 -4004
-4005 -4023 -4006 -4007 -4015 -4016 -4024 -4020 -4136 -4021 -4031 -4032 -4062 -4082 -4104 -4114 -4120 -4135 -4137 -4138
-4139 -4142 -4144 -4164 -4165 -4166 -4183 -4184 -4210 -4211 -5021 -5022 -5025 -5026 -5029 -5037 -5038 -5039 -5040
-5047"""
CLASS_K = """-2018 -2019 -2023 -2024 -2025 -2027 -2028 -4045 -4049 -4050 -4051 -4052 -4053 -4054 -4055 -4087 -4088 -4105
-4106 -4107 -4118 -4131 -4189 -4400 -4401"""
CLASS_C = """-1004 -1005 -1011 -2016 -4008 -4009 -4010 -4011 -4012 -4017 -4018 -4019 -4025 -4029 -4030 -4058 -4022 -4026
-4027 -4033 -4044 -4028 -4047 -4048 -4060 -4061 -4067 -4068 -4084 -4085 -4086 -4109 -4140 -4141 -4161 -4167 -4168 -4169
-4170 -4172 -4202 -4203 -4205 -4206 -4208 -4209 -4403 -4531 -5000 -5024 -21015"""
CLASS_P = "-1002 -1022 -1099 -2014 -2015 -2017 -4056 -4057 -4192 -4402"
NAMED_BY_RULES = "-1021 -2020 -2022 -4509 -5028"
PROVEN = [int(code) for text in (CLASS_F, CLASS_K, CLASS_C, CLASS_P, NAMED_BY_RULES) for code in text.split()]

UNKNOWN = [-1000, -1001, -1006, -1007, -1008, -1010, -1016, -4083]
STATE_OR_UNLISTED = [-1112, -1125, -2012, -4000, -4117, -5027, -5041, -5043, -4132, -2007, -9999, 0, 1, 200]

UNKNOWN_503 = [
    "Unknown error, please check your request or try again later.",
    "Internal error; unable to process your request. Please try again.",
    "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.",
    "Service Unavailable",
    "service unavailable.",
    " Service Unavailable.",
    "",
]


def answer(status: int, code: int = 0, message: str = "", *, parsed: bool = True) -> Answer:
    """A complete answer."""
    return Answer(status, code, message, parsed)


@pytest.mark.parametrize("op", WRITES)
@pytest.mark.parametrize("code", PROVEN)
def test_rules_1_listed_codes_are_proven_rejections(op: Op, code: int) -> None:
    """A parsed body with a code of the closed list proves the refusal."""
    result = classify(op, answer(400, code, "text"), NOW_MS)
    assert (result.outcome, result.code, result.status) == (Outcome.REJECTED, code, 400)


def test_rules_1_the_closed_list_is_exactly_the_notes() -> None:
    """Nothing is on the list that the protocol notes or RULES do not name."""
    assert sorted(codes.PROVEN_REJECTIONS) == sorted(PROVEN)
    assert all(proof.source and proof.meaning for proof in codes.PROVEN_REJECTIONS.values())


@pytest.mark.parametrize("op", WRITES)
@pytest.mark.parametrize("code", [*UNKNOWN, *STATE_OR_UNLISTED])
@pytest.mark.parametrize("status", [400, 408, 500, 503])
def test_rules_1_other_codes_are_unknown_for_writes(op: Op, code: int, status: int) -> None:
    """A code that proves nothing, or one nobody has listed, is no failure."""
    assert classify(op, answer(status, code, "text"), NOW_MS).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("op", WRITES)
@pytest.mark.parametrize("text", UNKNOWN_503)
@pytest.mark.parametrize("code", [0, -1000, -1001, -1003, -1008, -2019])
def test_rules_1_other_503_texts_are_unknown(op: Op, text: str, code: int) -> None:
    """Only the exact text of 503 B proves anything; a code that comes along changes nothing."""
    assert classify(op, answer(503, code, text), NOW_MS).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("op", WRITES)
@pytest.mark.parametrize("code", [0, -1003])
def test_rules_1_service_unavailable_is_rejected(op: Op, code: int) -> None:
    """503 with exactly `Service Unavailable.`; the code is dropped so that the core sees the proof itself."""
    result = classify(op, answer(503, code, "Service Unavailable."), NOW_MS)
    assert (result.outcome, result.code, result.status) == (Outcome.REJECTED, 0, 503)


def test_rules_1_service_unavailable_proves_nothing_under_another_status() -> None:
    """The text belongs to 503."""
    assert classify(Op.PLACE_ONCE, answer(500, 0, "Service Unavailable."), NOW_MS).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("op", WRITES)
@pytest.mark.parametrize("status", [0, 200, 400, 401, 403, 404, 408, 418, 429, 500, 502, 503, 504])
def test_rules_1_unparsed_answers_are_unknown(op: Op, status: int) -> None:
    """HTML, an empty or a truncated body, no answer: none of them says what happened."""
    assert classify(op, answer(status, parsed=False), NOW_MS).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("op", WRITES)
def test_rules_1_a_text_of_doubt_beats_a_listed_code(op: Op) -> None:
    """`Unknown error` has been seen under −1003: the text decides."""
    text = "Unknown error, please check your request or try again later."
    assert classify(op, answer(429, -1003, text), NOW_MS).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("op", WRITES)
@pytest.mark.parametrize("code", [-1003, -1015])
def test_rules_1_throttled_needs_a_parsed_body(op: Op, code: int) -> None:
    """The code makes it throttled; the bare page of the same status is unknown."""
    assert classify(op, answer(429, code, "Too many requests."), NOW_MS).outcome is Outcome.THROTTLED
    assert classify(op, answer(429, parsed=False), NOW_MS).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("op", [Op.CANCEL, Op.READ, *PLACES])
@pytest.mark.parametrize("code", [-2011, -2013])
def test_rules_1_missing_order_is_evidence_not_a_rejection(op: Op, code: int) -> None:
    """−2011 and −2013 keep their code for the core to look into, and reject nothing."""
    result = classify(op, answer(400, code, "Unknown order sent."), NOW_MS)
    assert (result.outcome, result.code) == (Outcome.UNKNOWN, code)


@pytest.mark.parametrize("op", PLACES)
@pytest.mark.parametrize("code", [-4116, -4115, -4130])
def test_rules_1_something_exists(op: Op, code: int) -> None:
    """This request made nothing; the code tells the core to read what is there."""
    result = classify(op, answer(400, code, "duplicated"), NOW_MS)
    assert (result.outcome, result.code) == (Outcome.REJECTED, code)


@pytest.mark.parametrize("code", [-4046, -4059, -4171])
def test_rules_1_a_setting_that_is_already_so_is_done(code: int) -> None:
    """No need to change is success for a setting, and unknown anywhere else."""
    assert classify(Op.SETTING, answer(400, code, "No need to change."), NOW_MS).outcome is Outcome.CONFIRMED
    assert classify(Op.PLACE_AGAIN, answer(400, code, "No need to change."), NOW_MS).outcome is Outcome.UNKNOWN


def test_rules_1_nothing_sent_is_refused_only_where_it_may_not_go_again() -> None:
    """Zero bytes left: an entry is refused; a stop is told as unknown, whose reaction is to send it again."""
    nothing = Answer(0, message="connection refused", sent=False)
    once, again = (classify(op, nothing, NOW_MS) for op in PLACES)
    assert (once.outcome, once.local) == (Outcome.REJECTED, "unsent")
    assert (again.outcome, again.local) == (Outcome.UNKNOWN, "unsent")


@given(
    op=st.sampled_from(list(Op)),
    status=st.integers(-1, 700),
    code=st.integers(-30_000, 500),
    message=st.text(max_size=400),
    parsed=st.booleans(),
    sent=st.booleans(),
)
def test_rules_1_the_function_is_total(op: Op, status: int, code: int, message: str, parsed: bool, sent: bool) -> None:
    """Every answer has an outcome, and only a listed proof ever rejects what was sent."""
    given_answer = Answer(status, code, message, parsed, sent)
    result = classify(op, given_answer, NOW_MS)
    if result.outcome is Outcome.REJECTED and sent:
        listed = code in codes.PROVEN_REJECTIONS or code in codes.EXISTS
        assert parsed
        assert listed or (status == 503 and message == "Service Unavailable.")


@pytest.mark.parametrize(
    ("status", "code", "message", "retry_after_ms", "until_ms"),
    [
        (418, -1003, "Way too many requests; IP banned until 1790000300000. Please use", 0, 1_790_000_300_000),
        (418, -1003, "IP banned until 9999999999999.", 0, NOW_MS + 3 * 86_400_000),
        (429, -1003, "Too many requests.", 0, 1_790_000_040_000),
        (429, -1003, "Too many requests.", 7_000, NOW_MS + 7_000),
        (429, -1015, "Too many new orders.", 0, 1_790_000_010_000),
        (429, -1015, "Too many new orders; current limit is 300 orders per 10 SECOND.", 0, 1_790_000_010_000),
        (429, -1015, "Too many new orders; current limit is 1200 orders per MINUTE.", 0, 1_790_000_040_000),
    ],
)
def test_a_throttled_request_knows_when_it_may_go(
    status: int, code: int, message: str, retry_after_ms: int, until_ms: int
) -> None:
    """Ban text, Retry-After, or the turn of the named window (UTC-aligned)."""
    assert throttled_until(Answer(status, code, message, True, True, retry_after_ms), NOW_MS) == until_ms


def test_a_ban_is_told_apart_from_a_full_window() -> None:
    """418, or the ban text, stops everything; 429 does not."""
    assert is_ban(answer(418, -1003, "x"))
    assert is_ban(answer(429, -1003, "IP banned until 1790000300000"))
    assert not is_ban(answer(429, -1003, "Too many requests."))
    assert not is_ban(answer(429, -1015, "Too many new orders."))


def test_a_code_nobody_has_listed_is_told_apart() -> None:
    """A new code deserves a look; one that is known to prove nothing does not."""
    assert not codes.is_listed(-7777)
    assert all(codes.is_listed(code) for code in (-2019, -1003, -1007, -4116, -4046, -2011))
