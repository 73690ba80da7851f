"""What the client of an upstream makes of answers: whom it believes, what it repeats, and when it leaves it alone."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate

import pytest
from aiohttp import web
from fakes.clock import ManualClock
from fakes.far_server import FarServer, HearingClock, dated, far_server
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.upstream.backoff import REFUSED_KEY_SECONDS, Gate, wait_after
from agent.upstream.client import MAX_ANSWER, SignedClient
from agent.upstream.credentials import Credentials, KeyPair
from agent.upstream.peer import Peer
from agent.upstream.responses import LONGEST_WAIT, date_of, wait_of
from presets_store.clock import RELEASE_EPOCH, ClockQuality
from presets_store.errors import PROBLEM_TYPE, CuelightError

NOW = RELEASE_EPOCH + 3600
YEARS = 3 * 365 * 86400.0


@asynccontextmanager
async def answered(
    answer: Callable[[web.Request], web.Response], clock: ManualClock | None = None
) -> AsyncIterator[tuple[FarServer, SignedClient, Gate]]:
    async def answering(request: web.Request) -> web.Response:
        return answer(request)

    clock = clock or ManualClock(NOW)
    async with far_server(answering) as server:
        gate, credentials = Gate(clock), Credentials("key", "secret")
        credentials.on_change.append(gate.open)
        client = SignedClient(server.url, credentials, clock, gate=gate)
        try:
            yield server, client, gate
        finally:
            await client.close()


async def refusal(client: SignedClient) -> UpstreamRefused:
    with pytest.raises(UpstreamRefused) as refused:
        await client.request("POST", "/v1/test", {"a": 1})
    return refused.value


def window_of(now: float) -> Callable[[web.Request], web.Response]:
    """A server that takes what was signed at its own time."""

    def answer(request: web.Request) -> web.Response:
        return dated(now, 200 if abs(int(request.headers["X-Timestamp"]) - now) < 300 else 401)

    return answer


class TestTime:
    @pytest.mark.parametrize("off", [YEARS, -YEARS])
    async def test_a_clock_that_is_not_trusted_is_corrected_by_the_answer(self, off: float) -> None:
        for clock in (HearingClock(NOW - off, ClockQuality.FLOOR), ManualClock(NOW - off, ClockQuality.UNSET)):
            async with answered(window_of(NOW), clock) as (server, client, _):
                assert (await client.request("POST", "/v1/test", {"a": 1})).status == 200
                assert len(server.requests) == 2
                assert len({request.headers["X-Nonce"] for request in server.requests}) == 2

    async def test_without_a_date_the_text_says_by_how_much(self) -> None:
        def answer(request: web.Request) -> web.Response:
            off = int(request.headers["X-Timestamp"]) - int(NOW)
            direction = "ahead of" if off > 0 else "behind"
            text = f"X-Timestamp is {abs(off)} s {direction} the server's clock, at most 300 s are allowed"
            return web.Response(status=401 if off else 200, text=text, headers={"Date": ""})

        for wrong in (NOW + YEARS, NOW - YEARS):
            async with answered(answer, ManualClock(wrong, ClockQuality.UNSET)) as (server, client, _):
                await client.request("GET", "/v1/test")
                assert len(server.requests) == 2

    async def test_a_trusted_clock_is_not_bent(self) -> None:
        async with answered(window_of(NOW - YEARS)) as (server, client, _):
            assert (await refusal(client)).fields["status"] == 401
            assert len(server.requests) == 1

    async def test_every_believed_answer_tells_the_clock_its_date(self) -> None:
        clock = HearingClock(NOW, ClockQuality.SYNCHRONISED)
        async with answered(lambda _: dated(NOW + 1, 404), clock) as (_, client, _):
            await refusal(client)
        assert clock.dates == [NOW + 1]


class TestKey:
    @pytest.mark.parametrize("status", [401, 419])
    async def test_after_a_refusal_of_the_key_nothing_is_sent_for_long(self, status: int) -> None:
        clock = ManualClock(NOW)
        async with answered(lambda _: dated(NOW, status, "unknown key"), clock) as (server, client, _):
            first = await refusal(client)
            assert first.pause == REFUSED_KEY_SECONDS
            clock.advance(100)
            again = await refusal(client)
            assert (again.pause, again.message) == (REFUSED_KEY_SECONDS - 100, first.message)
            assert len(server.requests) == 1
            clock.advance(again.pause)
            await refusal(client)
            assert len(server.requests) == 2

    async def test_a_new_key_is_tried_at_once(self) -> None:
        def answer(request: web.Request) -> web.Response:
            return dated(NOW, 200 if request.headers["X-AccessKey"] == "new" else 401)

        async with answered(answer) as (_, client, _):
            await refusal(client)
            client.credentials.current = KeyPair("new", "secret")
            assert (await client.request("GET", "/v1/test")).status == 200

    async def test_a_request_that_was_signed_with_the_old_key_is_signed_anew(self) -> None:
        credentials: list[Credentials] = []

        def answer(request: web.Request) -> web.Response:
            credentials[0].current = KeyPair("new", "secret")
            return dated(NOW, 200 if request.headers["X-AccessKey"] == "new" else 401)

        async with answered(answer) as (server, client, _):
            credentials.append(client.credentials)
            assert (await client.request("POST", "/v1/test", {"a": 1})).status == 200
            assert [request.headers["X-AccessKey"] for request in server.requests] == ["key", "new"]

    async def test_a_request_that_the_network_doubled_is_signed_anew_and_no_reason_to_keep_silent(self) -> None:
        clock, used = ManualClock(NOW), json.dumps({"type": f"{PROBLEM_TYPE}nonce_used", "detail": "used before"})
        doubled = [True, False, True, True]
        async with answered(lambda _: dated(NOW, *((401, used) if doubled.pop(0) else ())), clock) as (
            server,
            client,
            _,
        ):
            assert (await client.request("PUT", "/v1/test", {})).status == 200
            assert (await refusal(client)).pause == 0
        assert len({request.headers["X-Nonce"] for request in server.requests}) == 4

    def test_the_secret_is_in_no_text(self) -> None:
        assert "hidden" not in repr(Credentials("key", "hidden").current)


class TestPauses:
    @pytest.mark.parametrize("status", [429, 503])
    @pytest.mark.parametrize("asked", ["90", formatdate(NOW + 90, usegmt=True)])
    async def test_an_upstream_that_asks_for_a_pause_gets_it(self, status: int, asked: str) -> None:
        clock = ManualClock(NOW + 7)  # the pause counts by the server's own clock
        async with answered(lambda _: dated(NOW, status, Retry_After=asked), clock) as (server, client, _):
            refused = await refusal(client)
            assert refused.pause == 90
            assert wait_after(refused, 5) > 90
            await refusal(client)
            assert len(server.requests) == 1
            clock.advance(90)
            await refusal(client)
            assert len(server.requests) == 2

    async def test_other_refusals_ask_for_nothing(self) -> None:
        for status in (400, 404, 408, 409, 500, 502):
            async with answered(lambda _, status=status: dated(NOW, status)) as (server, client, _):  # type: ignore[misc]
                assert (await refusal(client)).pause == 0
                await refusal(client)
                assert len(server.requests) == 2

    def test_a_number_is_one_between_spaces_of_any_kind(self) -> None:
        assert wait_of(" 30\x1f", None, NOW) == 30

    def test_no_pause_is_longer_than_an_hour(self) -> None:
        assert wait_of("999999999", None, NOW) == LONGEST_WAIT
        assert wait_of(formatdate(NOW + YEARS, usegmt=True), NOW, 0) == LONGEST_WAIT
        assert wait_of(formatdate(NOW - YEARS, usegmt=True), NOW, 0) == 0

    @given(
        st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,9}( [A-Z+0-9-]{1,6})?")
    )
    def test_headers_may_be_anything(self, header: str) -> None:
        date = date_of(header)
        assert date is None or isinstance(date, float)
        assert 0 <= wait_of(header, date, NOW) <= LONGEST_WAIT


class TestStrangers:
    @pytest.mark.parametrize(
        ("response", "reason"),
        [
            (lambda: web.Response(text="<html>", content_type="text/html"), "a web page came"),
            (
                lambda: web.Response(status=302, headers={"Location": "http://me:pw@login.example/a?b"}),
                "login.example,",
            ),
            (lambda: web.Response(status=307, headers={"Location": "/elsewhere"}), "another path"),
            (lambda: web.Response(status=511), "wants somebody to sign in"),
        ],
    )
    async def test_a_sign_in_page_is_not_the_upstream(self, response: Callable[[], web.Response], reason: str) -> None:
        clock = HearingClock(100.0, ClockQuality.UNSET)
        async with answered(lambda _: response(), clock) as (_, client, _):
            with pytest.raises(UpstreamUnreachable, match=reason) as met:
                await client.request("GET", "/v1/test")
            assert "pw" not in met.value.message
        assert clock.dates == []

    async def test_an_endless_answer_is_cut(self) -> None:
        async with answered(lambda _: web.Response(body=b"x" * (MAX_ANSWER + 1))) as (_, client, _):
            with pytest.raises(UpstreamUnreachable, match="larger than"):
                await client.request("GET", "/v1/test")

    @pytest.mark.parametrize("status", [200, 201, 204])
    async def test_every_success_is_one(self, status: int) -> None:
        async with answered(lambda _: dated(NOW, status)) as (_, client, _):
            answer = await client.request("POST", "/v1/test", {})
            assert (answer.status, answer.json(), answer.date) == (status, None, NOW)

    async def test_no_cookie_is_kept(self) -> None:
        async with answered(lambda _: dated(NOW, Set_Cookie="a=b")) as (server, client, _):
            for _ in range(2):
                await client.request("GET", "/v1/test")
            assert "Cookie" not in server.requests[1].headers


class TestPeer:
    @pytest.mark.parametrize(
        ("body", "ours"),
        [
            (json.dumps({"Version": "1", "Product": "cuelight"}), True),
            (json.dumps({"Version": "1"}), False),
            ("[]", False),
            ("1.0", False),
            ("so it is", False),
            ("[" * 100_000, False),
        ],
    )
    async def test_only_a_cuelight_says_that_it_is_one(self, body: str, ours: bool) -> None:
        async with answered(lambda _: dated(NOW, body=body)) as (server, client, _):
            peer = Peer(client)
            assert [await peer.ours(), await peer.ours()] == [ours, ours]
            assert len(server.requests) == 1
            peer.forget()
            assert await peer.ours() is ours
            assert len(server.requests) == 2

    async def test_a_server_without_that_route_is_none_and_one_in_trouble_is_asked_again(self) -> None:
        statuses = [500, 404]
        async with answered(lambda _: dated(NOW, statuses.pop(0))) as (_, client, _):
            peer = Peer(client)
            with pytest.raises(CuelightError):
                await peer.ours()
            assert await peer.ours() is False


async def test_the_connection_is_probed_while_an_answer_is_awaited() -> None:
    held = asyncio.Event()

    async def answering(_: web.Request) -> web.Response:
        await held.wait()
        return web.Response()

    async with far_server(answering) as server:
        client = SignedClient(server.url, Credentials("key", "secret"), ManualClock(NOW))
        asking = asyncio.create_task(client.request("GET", "/v1/test"))
        while not server.requests:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        transport = server.requests[0].transport
        assert transport is not None
        port = transport.get_extra_info("peername")[1]
        timers = [line.split()[5][:2] for line in tcp_lines() if line.split()[1].endswith(f":{port:04X}")]
        assert timers == ["02"], "the kernel's keep-alive timer runs"
        held.set()
        await asking
        await client.close()


def tcp_lines() -> list[str]:
    with open("/proc/self/net/tcp") as table:  # noqa: PTH123
        return table.read().splitlines()[1:]


@pytest.mark.parametrize("own", [True, False])
async def test_the_dates_of_our_own_api_tell_nothing_new(own: bool) -> None:
    clock = HearingClock(NOW, ClockQuality.FLOOR)

    async def answering(_: web.Request) -> web.Response:
        return dated(NOW)

    async with far_server(answering) as server:
        client = SignedClient(server.url, Credentials("key", "secret"), clock, own=own)
        await client.request("GET", "/v1/test")
        await client.close()
    assert len(clock.dates) == (0 if own else 1)
