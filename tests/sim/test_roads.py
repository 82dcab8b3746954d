"""The network's weather: what takes long, what does not arrive, and that it ends."""

from __future__ import annotations

import pytest

from holdfast.sim.roads import ROUTES, Climate, Fate, Steady, Weather, route_of

LATENCY = Climate(latency_us=500, jitter_us=0)


class Sky:
    """A weather and its time."""

    def __init__(self, climate: Climate = LATENCY, seed: int = 1) -> None:
        self.now_us = 0
        self.weather = Weather(climate, seed, lambda: self.now_us)

    def travel_us(self, route: str = "rest") -> int:
        """How long a message takes now."""
        return self.weather.travel_us(route, up=True)


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("/ws-fapi/v1?returnRateLimits=false", "ws-fapi"),
        ("/private/ws/key", "private"),
        ("/public/stream?streams=a", "public"),
        ("/market?x=/y", "market"),
        ("", ""),
    ],
)
def test_a_route_is_the_first_part_of_a_path(target: str, route: str) -> None:
    """Whatever comes after it."""
    assert route_of(target) == route


def test_steady_roads_have_no_moods() -> None:
    """The same time, and everything arrives."""
    roads = Steady(700)
    fates = [roads.request_fate("GET", 1), roads.reply_fate(1), roads.frame_fate("private", 1, up=True)]
    assert (roads.travel_us("rest", up=True), set(fates), roads.overtaking("private")) == (700, {Fate.ARRIVES}, False)


def test_nothing_arrives_before_it_was_sent() -> None:
    """A latency below 0 is refused."""
    with pytest.raises(AssertionError, match="invariant"):
        Steady(-1)


def test_a_seed_is_one_weather() -> None:
    """The same delays in the same order."""
    climate = Climate(latency_us=500, jitter_us=1_000, spike_every=10, spike_us=100_000)
    first, second = Sky(climate, 3), Sky(climate, 3)
    delays = [first.travel_us() for _ in range(100)]
    assert [second.travel_us() for _ in range(100)] == delays
    assert len(set(delays)) > 50


def test_jitter_and_spikes_stay_in_their_bounds() -> None:
    """And both happen."""
    sky = Sky(Climate(latency_us=500, jitter_us=1_000, spike_every=10, spike_us=100_000))
    delays = [sky.travel_us() for _ in range(2_000)]
    assert 500 <= min(delays) <= max(delays) <= 101_500
    assert 50 <= sum(delay > 1_500 for delay in delays) <= 350


@pytest.mark.parametrize("route", ROUTES)
def test_a_partition_holds_its_route_until_it_ends(route: str) -> None:
    """Whatever is sent meanwhile arrives after its end."""
    sky = Sky()
    sky.weather.hold((route,), 300)
    assert [sky.travel_us(other) for other in ROUTES] == [300_500 if other == route else 500 for other in ROUTES]
    sky.now_us = 299_000
    assert sky.travel_us(route) == 1_500
    sky.now_us = 300_000
    assert sky.travel_us(route) == 500


def test_a_shorter_partition_ends_no_longer_one() -> None:
    """They last as long as the last of them."""
    sky = Sky()
    sky.weather.hold(("rest",), 300)
    sky.weather.hold(("rest",), 100)
    assert sky.travel_us() == 300_500


def test_slowness_ends() -> None:
    """While it lasts, everything takes up to so much longer."""
    sky = Sky()
    sky.weather.slow(50, 1_000)
    delays = [sky.travel_us() for _ in range(200)]
    assert 500 <= min(delays) < max(delays) <= 50_500
    sky.now_us = 1_000_000
    assert sky.travel_us() == 500


@pytest.mark.parametrize("size", range(8))
def test_a_break_comes_in_the_frame_that_has_the_next_byte(size: int) -> None:
    """Frames of three bytes: those that are whole by then arrive, the one after does not, and then all is well."""
    weather = Sky().weather
    weather.break_after("private", size, up=False)
    fates = [weather.frame_fate("private", 3, up=False) for _ in range(5)]
    assert fates.index(Fate.RESET) == size // 3
    assert fates.count(Fate.RESET) == 1


def test_a_break_is_of_one_route_and_direction() -> None:
    """Bytes elsewhere do not count."""
    weather = Sky().weather
    weather.break_after("private", 0, up=False)
    others = [weather.frame_fate("private", 9, up=True), weather.frame_fate("public", 9, up=False)]
    assert others == [Fate.ARRIVES, Fate.ARRIVES]
    assert weather.frame_fate("private", 9, up=False) is Fate.RESET


@pytest.mark.parametrize("up", [True, False])
def test_a_break_of_rest_resets_a_request_or_a_reply(up: bool) -> None:
    """According to its direction."""
    weather = Sky().weather
    weather.break_after("rest", 10, up=up)
    fates = [weather.request_fate("GET", 20), weather.reply_fate(20)]
    assert fates == ([Fate.RESET, Fate.ARRIVES] if up else [Fate.ARRIVES, Fate.RESET])


def test_so_many_requests_are_swallowed() -> None:
    """And no more; replies are not touched."""
    weather = Sky().weather
    weather.lose_requests(2)
    assert [weather.request_fate("POST", 1) for _ in range(3)] == [Fate.LOST, Fate.LOST, Fate.ARRIVES]
    assert weather.reply_fate(1) is Fate.ARRIVES


def test_so_many_replies_are_swallowed() -> None:
    """And no more; requests are not touched."""
    weather = Sky().weather
    weather.lose_replies(2)
    assert weather.request_fate("POST", 1) is Fate.ARRIVES
    assert [weather.reply_fate(1) for _ in range(3)] == [Fate.LOST, Fate.LOST, Fate.ARRIVES]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_doubles_a_write(method: str) -> None:
    """Only reads arrive twice."""
    weather = Sky().weather
    weather.double_reads(1)
    assert weather.request_fate(method, 1) is Fate.ARRIVES
    assert [weather.request_fate("GET", 1) for _ in range(2)] == [Fate.DOUBLED, Fate.ARRIVES]


def test_only_user_events_overtake_and_only_for_a_while() -> None:
    """By chance."""
    sky = Sky()
    assert not any(sky.weather.overtaking("private") for _ in range(50))
    sky.weather.overtake(1_000)
    assert {sky.weather.overtaking("private") for _ in range(50)} == {True, False}
    assert not any(sky.weather.overtaking(route) for route in ROUTES if route != "private" for _ in range(50))
    sky.now_us = 1_000_000
    assert not any(sky.weather.overtaking("private") for _ in range(50))


@pytest.mark.parametrize(
    ("routes", "troubles"),
    [(ROUTES, [(5, 3_001_005)]), (("rest",), [(5, 3_001_005)]), (("ws-fapi",), []), (("private",), [])],
)
def test_rules_15_a_venue_out_of_reach_is_told(routes: tuple[str, ...], troubles: list[tuple[int, int]]) -> None:
    """Requests that act may take the way that is open; whoever has to read has one way only."""
    sky = Sky()
    sky.now_us = 5
    sky.weather.hold(routes, 3_000)
    assert sky.weather.troubles == troubles


def test_rules_15_a_time_in_which_all_is_late_is_told() -> None:
    """With the way there and back of what left in its last moment."""
    sky = Sky()
    sky.weather.slow(300, 1_000)
    assert sky.weather.troubles == [(0, 1_601_000)]


def test_rules_15_what_is_swallowed_is_told_until_its_sender_gives_up() -> None:
    """A request, or the reply to it."""
    sky = Sky()
    sky.weather.lose_requests(1)
    sky.weather.request_fate("GET", 1)
    sky.now_us = 7
    sky.weather.lose_replies(1)
    sky.weather.reply_fate(1)
    assert sky.weather.troubles == [(0, 3_000_000), (7, 3_000_007)]


def test_what_happened_is_counted() -> None:
    """What was only ordered is not."""
    weather = Sky().weather
    weather.lose_requests(1)
    weather.lose_replies(3)
    weather.break_after("private", 0, up=False)
    weather.request_fate("GET", 1)
    weather.frame_fate("private", 1, up=False)
    assert weather.counts == {"request lost": 1, "private frame reset": 1}


def test_after_calm_nothing_is_left() -> None:
    """Of all that was ordered."""
    sky = Sky(Climate(latency_us=40_000, spike_every=1, spike_us=700_000))
    weather = sky.weather
    weather.hold(ROUTES, 30_000)
    weather.slow(900, 20_000)
    weather.lose_requests(5)
    weather.lose_replies(5)
    weather.double_reads(5)
    weather.overtake(60_000)
    for route in ROUTES:
        weather.break_after(route, 0, up=True)
        weather.break_after(route, 0, up=False)
    weather.calm()
    assert max(sky.travel_us(route) for route in ROUTES) <= 700
    fates = [weather.request_fate("GET", 9), weather.reply_fate(9)]
    fates += [weather.frame_fate(route, 9, up=up) for route in ROUTES for up in (True, False)]
    assert set(fates) == {Fate.ARRIVES}
    assert not any(weather.overtaking("private") for _ in range(50))


def test_a_partition_of_user_events_is_told() -> None:
    """The checker must not take what was held up for heard."""
    weather = Weather(Climate(), 1, lambda: 5_000)
    weather.hold(("private",), 2)
    weather.hold(("market",), 9)
    assert weather.deaf == [(5_000, 7_000)]
