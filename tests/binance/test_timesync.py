"""The venue's clock from midpoints."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.binance.timesync import Sample, anchor_of


def sample(sent_ms: int, round_trip_ms: int, server_ms: int) -> Sample:
    """An exchange in milliseconds."""
    return Sample(sent_ms * 1_000, (sent_ms + round_trip_ms) * 1_000, server_ms)


def test_the_quickest_sample_counts() -> None:
    """Delays are one-sided: the shortest round trip is the most exact."""
    anchor = anchor_of([sample(0, 100, 5_000), sample(200, 10, 5_105), sample(300, 80, 5_240)])
    assert anchor is not None
    assert anchor.error_us == 5_500
    assert anchor.venue_at(205_000) == 5_105_500


def test_three_samples_are_needed() -> None:
    """P41: at least three."""
    assert anchor_of([sample(0, 10, 5_000), sample(20, 10, 5_020)]) is None


def test_slow_samples_say_nothing() -> None:
    """More than a second of doubt is no measurement."""
    assert anchor_of([sample(0, 3_000, 5_000)] * 3) is None


@given(
    st.integers(0, 10**9),
    st.integers(-(10**9), 10**9),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=3, max_size=9),
)
def test_the_truth_lies_within_the_error(start_us: int, offset_us: int, delays_ms: list[tuple[int, int]]) -> None:
    """Whatever the two directions take, the venue's time is within the stated error."""
    samples, mono_us = [], start_us
    for there_ms, back_ms in delays_ms:
        server_us = mono_us + there_ms * 1_000 + offset_us + 10**15
        received_us = mono_us + (there_ms + back_ms) * 1_000
        samples.append(Sample(mono_us, received_us, server_us // 1_000))
        mono_us = received_us + 7
    anchor = anchor_of(samples)
    assert anchor is not None
    assert abs(anchor.venue_at(mono_us) - (mono_us + offset_us + 10**15)) <= anchor.error_us
