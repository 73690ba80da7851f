"""Moving pictures on a connection: their form, and what a viewer who is slow gets."""

import asyncio
import socket

import pytest

from agent.viewing.screen import Screen
from hardware.client import Picture


class Connection(asyncio.WriteTransport):
    """A transport on a connection that takes nothing while it is `full`."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.full = False
        self.closing = False
        self.near, self.far = socket.socketpair()
        super().__init__({"socket": self.near})

    def write(self, data: object) -> None:
        assert isinstance(data, bytes)
        self.written.append(data)

    def get_write_buffer_size(self) -> int:
        return 1000 if self.full else 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def is_closing(self) -> bool:
        return self.closing


@pytest.fixture
def connection() -> Connection:
    made = Connection()
    made.far.close()
    return made


def picture(number: int) -> Picture:
    return Picture("view", number, b"jpeg %d" % number)


async def test_what_is_sent_is_a_multipart_body_with_a_border_behind_each_picture(connection: Connection) -> None:
    screen = Screen()
    screen.show(picture(1))
    assert screen.first.done()
    screen.switch_on(connection, chunked=False)
    screen.show(picture(2))
    border = b"\r\n--cuelight\r\n"
    head = b"Content-Type: image/jpeg\r\nContent-Length: 6\r\n\r\n"
    assert connection.written == [border, head + b"jpeg 1" + border, head + b"jpeg 2" + border]
    connection.near.close()


async def test_http_1_1_gets_each_picture_as_one_chunk(connection: Connection) -> None:
    screen = Screen()
    screen.switch_on(connection, chunked=True)
    screen.show(picture(1))
    for chunk in connection.written:
        length, _, rest = chunk.partition(b"\r\n")
        assert rest[int(length, 16) :] == b"\r\n"
    connection.near.close()


async def test_before_it_is_on_only_the_newest_is_kept(connection: Connection) -> None:
    screen = Screen()
    for number in range(5):
        screen.show(picture(number))
    screen.switch_on(connection, chunked=False)
    assert b"jpeg 4" in connection.written[-1]
    assert len(connection.written) == 2
    connection.near.close()


async def test_a_slow_viewer_gets_the_newest_when_it_is_ready(connection: Connection) -> None:
    now = 100.0
    screen = Screen(lambda: now)
    screen.switch_on(connection, chunked=False)
    screen.show(picture(0))
    connection.full = True
    for number in range(1, 30):
        screen.show(picture(number))
    assert len(connection.written) == 2
    now = 107.0
    assert screen.wait() == 7.0
    connection.full = False
    assert screen.wait() == 0.0
    assert b"jpeg 29" in connection.written[-1]
    assert len(connection.written) == 3
    connection.near.close()


async def test_nothing_is_written_to_a_connection_that_closes(connection: Connection) -> None:
    screen = Screen()
    screen.switch_on(connection, chunked=False)
    connection.closing = True
    screen.show(picture(1))
    assert len(connection.written) == 1
    connection.near.close()
