"""The bad network does what it says: the trials that run behind it are only as good as that."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.acceptance.proxy import Proxy
from tests.waiting import until


class Echo:
    """Answers every byte with the same byte, and keeps what it got."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.server.getsockname()[1])
        self.got = b""
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            try:
                while data := peer.recv(1_000):
                    self.got += data
                    peer.sendall(data)
            except OSError:
                return


@pytest.fixture
def echo() -> Iterator[Echo]:
    """A server to be reached."""
    found = Echo()
    with closing(found.server):
        yield found


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    """The way to it."""
    with Proxy(echo.port) as found:
        yield found


def connect(proxy: Proxy) -> socket.socket:
    """A connection that the proxy has taken."""
    before = proxy.accepted
    client = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    until(lambda: proxy.accepted > before, what="the connection")
    return client


def said(client: socket.socket, text: bytes) -> bytes:
    """What comes back."""
    client.sendall(text)
    return client.recv(1_000)


def test_what_is_well_passes_and_is_no_trouble(proxy: Proxy) -> None:
    """Both ways, byte for byte."""
    with connect(proxy) as client:
        assert said(client, b"hello") == b"hello"
        assert [(link.carried["up"], link.carried["down"]) for link in proxy.links] == [(5, 5)]
    assert proxy.troubles() == []


def test_a_reset_is_one(proxy: Proxy) -> None:
    """The client sees RST and not an end in order."""
    with connect(proxy) as client:
        assert said(client, b"a") == b"a"
        proxy.call(lambda: proxy.cut(list(proxy.links), reset=True))
        with pytest.raises(ConnectionResetError):
            said(client, b"b")


def test_a_cut_is_an_end_in_order(proxy: Proxy) -> None:
    """FIN."""
    with connect(proxy) as client:
        assert said(client, b"a") == b"a"
        proxy.call(lambda: proxy.cut(list(proxy.links), reset=False))
        assert client.recv(10) == b""


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_so_many_bytes_of_a_request_arrive_and_no_more(proxy: Proxy, echo: Echo, count: int) -> None:
    """A request that is cut within; with the last byte it has arrived, and its answer is lost."""
    with connect(proxy) as client:
        link = proxy.links[0]
        link.conduct.break_after["up"] = count
        with pytest.raises(ConnectionResetError):
            said(client, b"hello")
        until(lambda: not link.open, what="its end")
    until(lambda: len(echo.got) == count, what="what arrived")


@pytest.mark.parametrize("count", [0, 2])
def test_so_many_bytes_of_an_answer_arrive_and_no_more(proxy: Proxy, echo: Echo, count: int) -> None:
    """The request did arrive."""
    with connect(proxy) as client:
        proxy.links[0].conduct.break_after["down"] = count
        client.sendall(b"hello")
        until(lambda: not proxy.links, what="its end")
        until(lambda: echo.got == b"hello", what="the request")


def test_the_next_connection_breaks_in_its_beginning(proxy: Proxy) -> None:
    """And the one after it is well."""
    armed = threading.Thread(target=lambda: proxy.call(lambda: proxy.reset_next("up", 2)))
    armed.start()
    until(lambda: proxy.happened, what="the trouble")
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client, pytest.raises(ConnectionError):
        said(client, b"hello")
    armed.join()
    with connect(proxy) as client:
        assert said(client, b"hello") == b"hello"


def test_what_is_swallowed_has_arrived(proxy: Proxy, echo: Echo) -> None:
    """The answer never comes; in the end the connection is reset."""
    with connect(proxy) as client:
        swallowing = threading.Thread(target=lambda: proxy.call(lambda: proxy.swallow(list(proxy.links), 0.1)))
        swallowing.start()
        until(lambda: proxy.links[0].conduct.swallows, what="the trouble")
        with pytest.raises(ConnectionResetError):
            said(client, b"hello")
        swallowing.join()
    assert echo.got == b"hello"


def test_a_stall_holds_everything_and_loses_nothing(proxy: Proxy) -> None:
    """What was sent meanwhile arrives afterwards, also over a connection that was made meanwhile."""
    with connect(proxy) as client:
        stalling = threading.Thread(target=lambda: proxy.call(lambda: proxy.stall(0.2)))
        stalling.start()
        until(lambda: not proxy.passable.is_set(), what="the stall")
        began = time.monotonic()
        with connect(proxy) as second:
            second.sendall(b"second")
            assert said(client, b"hello") == b"hello"
            assert second.recv(100) == b"second"
        assert time.monotonic() - began > 0.1
        stalling.join()


def test_only_the_connection_of_orders_is_muted(proxy: Proxy) -> None:
    """What it carries arrives afterwards; the others do not notice, and the network is not called troubled."""
    with connect(proxy) as orders, connect(proxy) as other:
        greeting = b"GET /ws-fapi/v1 HTTP/1.1"
        assert said(orders, greeting) == greeting
        muting = threading.Thread(target=lambda: proxy.call(lambda: proxy.mute_orders(0.2)))
        muting.start()
        until(lambda: not all(link.passable.is_set() for link in proxy.links), what="the silence")
        began = time.monotonic()
        assert said(other, b"hello") == b"hello"
        assert time.monotonic() - began < 0.15
        assert said(orders, b"hello") == b"hello"
        assert time.monotonic() - began > 0.1
        muting.join()
    assert proxy.troubles() == []


def test_a_refused_connection_is_refused(proxy: Proxy) -> None:
    """And those that were there stay; afterwards the same port answers again."""
    with connect(proxy) as client:
        refusing = threading.Thread(target=lambda: proxy.call(lambda: proxy.refuse(0.3)))
        refusing.start()
        until(lambda: proxy.happened, what="the trouble")
        with pytest.raises(ConnectionRefusedError):
            until(lambda: socket.create_connection(("127.0.0.1", proxy.port), timeout=5).close(), within_s=0.2)
        assert said(client, b"hello") == b"hello"
        refusing.join()
    with connect(proxy) as client:
        assert said(client, b"hello") == b"hello"


def test_delays_take_their_time(proxy: Proxy) -> None:
    """Each way its own."""
    with connect(proxy) as client:
        link = proxy.links[0]
        link.conduct.delay_s = {"up": 0.05, "down": 0.1}
        began = time.monotonic()
        assert said(client, b"hello") == b"hello"
        assert time.monotonic() - began >= 0.15


def test_every_trouble_is_on_record(proxy: Proxy) -> None:
    """From when to when: what was lost then was lost by the network."""
    with connect(proxy):
        proxy.call(lambda: proxy.delay(list(proxy.links), 0.01, 0.02, 0.05))
        proxy.call(lambda: proxy.cut(list(proxy.links), reset=True))
        proxy.call(lambda: proxy.stall(0.01))
    found = proxy.troubles()
    assert len(found) == 3
    assert all(window.start_us < window.end_us for window in found)
    assert proxy.happened == {"delay": 1, "reset": 1, "stall": 1}
