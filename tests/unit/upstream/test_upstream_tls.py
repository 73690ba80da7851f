"""TLS to the upstream, against real servers on loopback: whom it trusts, and when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.certificates import DAY, FROM, NOW, UNTIL, Authority, Certificate
from fakes.clock import ManualClock
from fakes.far_server import FarServer, HearingClock, connect_proxy, dated, far_server, server_tls

from agent.errors import TlsUnusable, UpstreamUnreachable
from agent.settings import Settings, UpstreamSettings
from agent.upstream.client import SignedClient
from agent.upstream.credentials import Credentials
from agent.upstream.tls import TlsFiles
from agent.upstream.transport import Transport
from presets_store.clock import Clock, ClockQuality
from presets_store.process.errors import SettingsInvalid
from presets_store.process.settings import checked

EPOCH = NOW.timestamp()
LATER = NOW + 400 * DAY


@asynccontextmanager
async def served(folder: Path, certificate: Certificate, date: datetime = NOW, **tls: Any) -> AsyncIterator[FarServer]:
    async def answer(_: web.Request) -> web.Response:
        return dated(date.timestamp())

    context = server_tls(certificate.pem(folder, "server"), **tls)
    async with far_server(answer, context) as server:
        yield server


@asynccontextmanager
async def calling(server: FarServer, clock: Clock, proxy: str = "", **files: Any) -> AsyncIterator[SignedClient]:
    transport = Transport(server.url, clock, TlsFiles(**files), proxy)
    client = SignedClient(server.url, Credentials("key", "secret"), clock, transport=transport)
    try:
        yield client
    finally:
        await client.close()
        await asyncio.sleep(0)


async def ask(server: FarServer, clock: Clock | None = None, **files: Any) -> None:
    """A request that must succeed."""
    async with calling(server, clock or ManualClock(EPOCH), **files) as client:
        assert (await client.request("GET", "/v1/test")).status == 200


async def why_not(server: FarServer, clock: Clock | None = None, **files: Any) -> str:
    """The reason for which nothing is believed."""
    async with calling(server, clock or ManualClock(EPOCH), **files) as client:
        with pytest.raises(UpstreamUnreachable) as refused:
            await client.request("GET", "/v1/test")
    return str(refused.value.fields["reason"])


async def test_a_server_of_the_named_authority_is_trusted_and_of_no_other(tmp_path: Path) -> None:
    house, other = Authority.root(), Authority.root("Other house")
    named = str(house.public_pem(tmp_path, "house"))
    async with served(tmp_path, house.issue()) as server:
        async with calling(server, ManualClock(EPOCH), ca_file=named) as client:
            assert (await client.request("GET", "/v1/test")).status == 200
            assert (await client.request("GET", "/v1/test")).status == 200
        assert "issuer certificate" in await why_not(server), "the machine's authorities do not know it"
        assert "issuer certificate" in await why_not(server, ca_file=str(other.public_pem(tmp_path, "other")))
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("since", "until", "host", "reason"),
    [
        (FROM, NOW - DAY, "127.0.0.1", "holds from 2026-10-24 to 2026-11-22, and now is 2026-11-23"),
        (NOW + DAY, UNTIL, "127.0.0.1", "holds from 2026-11-24"),
        (FROM, UNTIL, "hub.example", "IP address mismatch"),
    ],
)
async def test_what_openssl_would_refuse_is_refused(
    tmp_path: Path, since: datetime, until: datetime, host: str, reason: str
) -> None:
    house = Authority.root()
    async with served(tmp_path, house.issue(host, since, until)) as server:
        assert reason in await why_not(server, ca_file=str(house.public_pem(tmp_path, "house")))
        assert server.requests == [], "nothing was sent"


async def test_the_dates_of_every_certificate_of_the_chain_count(tmp_path: Path) -> None:
    house = Authority.root()
    named = str(house.public_pem(tmp_path, "house"))
    async with served(tmp_path, house.intermediate().issue()) as server:
        await ask(server, ca_file=named)
    async with served(tmp_path, house.intermediate(until=NOW - DAY).issue()) as server:
        assert "CN=Wing holds from" in await why_not(server, ca_file=named)


async def test_the_agents_clock_counts_and_not_the_machines(tmp_path: Path) -> None:
    house = Authority.root()
    named = str(house.public_pem(tmp_path, "house"))
    async with served(tmp_path, house.issue(since=LATER - DAY, until=LATER + DAY)) as server:
        await ask(server, ManualClock(LATER.timestamp(), ClockQuality.UPSTREAM), ca_file=named)


@pytest.mark.parametrize("quality", [ClockQuality.UNSET, ClockQuality.FLOOR])
async def test_before_the_time_is_known_it_comes_from_the_answer(tmp_path: Path, quality: ClockQuality) -> None:
    house = Authority.root()
    named = str(house.public_pem(tmp_path, "house"))
    clock = HearingClock(100.0, quality)
    async with served(tmp_path, house.issue(), date=NOW) as server:
        await ask(server, clock, ca_file=named)
    assert (clock.dates, clock.now()) == ([EPOCH], EPOCH)


@pytest.mark.parametrize("off", [timedelta(days=-31), timedelta(days=31)])
async def test_an_answer_whose_date_its_own_certificate_does_not_allow_is_not_believed(
    tmp_path: Path, off: timedelta
) -> None:
    house = Authority.root()
    named = str(house.public_pem(tmp_path, "house"))
    clock = HearingClock(100.0, ClockQuality.UNSET)
    served_then = served(tmp_path, house.issue(), date=NOW + off)
    async with served_then as server, calling(server, clock, ca_file=named) as client:
        for _ in range(2):
            with pytest.raises(UpstreamUnreachable, match="its certificate holds from"):
                await client.request("GET", "/v1/test")
    assert clock.dates == []


async def test_without_any_date_nothing_is_believed_before_the_time_is_known(tmp_path: Path) -> None:
    house = Authority.root()

    async def answer(_: web.Request) -> web.Response:
        return web.Response(headers={"Date": "today"})

    async with far_server(answer, server_tls(house.issue().pem(tmp_path, "server"))) as server:
        clock = HearingClock(100.0, ClockQuality.FLOOR)
        reason = await why_not(server, clock, ca_file=str(house.public_pem(tmp_path, "house")))
        assert "has no Date" in reason
        assert clock.dates == []


async def test_chain_and_host_name_count_before_the_time_is_known(tmp_path: Path) -> None:
    house, other = Authority.root(), Authority.root("Other house")
    named = str(house.public_pem(tmp_path, "house"))
    for certificate, reason in ((house.issue("hub.example"), "mismatch"), (other.issue(), "issuer certificate")):
        async with served(tmp_path, certificate) as server:
            assert reason in await why_not(server, HearingClock(100.0, ClockQuality.UNSET), ca_file=named)
            assert server.requests == []


async def test_one_of_the_pins_has_to_fit(tmp_path: Path) -> None:
    house = Authority.root()
    named, certificate = str(house.public_pem(tmp_path, "house")), house.issue()
    async with served(tmp_path, certificate) as server:
        pins = frozenset({"00" * 32, certificate.pin})
        await ask(server, ca_file=named, pins=pins)
        assert "upstream.pin" in await why_not(server, ca_file=named, pins=frozenset({house.pin}))
        assert len(server.requests) == 1


async def test_a_client_certificate_is_shown_and_files_that_are_renewed_are_read_again(tmp_path: Path) -> None:
    house = Authority.root()
    named = house.public_pem(tmp_path, "house")
    client_file = Authority.root("Other house").issue("box").pem(tmp_path, "client")
    async with served(tmp_path, house.issue(), clients_of=named) as server:
        assert await why_not(server, ca_file=str(named))
        async with calling(server, ManualClock(EPOCH), ca_file=str(named), certificate=str(client_file)) as client:
            with pytest.raises(UpstreamUnreachable):
                await client.request("GET", "/v1/test")
            house.issue("box").pem(tmp_path, "client")
            assert (await client.request("GET", "/v1/test")).status == 200
        assert len(server.requests) == 1


async def test_files_that_cannot_be_used_are_named_with_their_setting(tmp_path: Path) -> None:
    house = Authority.root()
    (tmp_path / "empty.pem").touch()
    public, own = str(house.public_pem(tmp_path, "house")), str(house.issue("box").pem(tmp_path, "own"))
    wrong: dict[str, dict[str, str]] = {
        "upstream.ca_file: /none.pem: No such file": {"ca_file": "/none.pem"},
        "upstream.ca_file: .*empty.pem: no PEM file": {"ca_file": str(tmp_path / "empty.pem")},
        "upstream.client_certificate: /none.pem: No such file": {"certificate": "/none.pem"},
        "upstream.client_key: /none.pem: No such file": {"certificate": own, "key": "/none.pem"},
        "upstream.client_certificate: .*house-public.pem: no PEM file with a certificate and its own": {
            "certificate": public
        },
        "upstream.client_certificate: .*own.pem: no PEM file": {"certificate": own, "key": public},
    }
    for reason, files in wrong.items():
        async with calling(FarServer("https://127.0.0.1:9"), ManualClock(EPOCH), **files) as client:
            with pytest.raises(TlsUnusable, match=reason):
                await client.request("GET", "/v1/test")


async def test_another_host_than_the_upstream_is_not_trusted_before_the_time_is_known(tmp_path: Path) -> None:
    clock = HearingClock(100.0, ClockQuality.UNSET)
    transport = Transport("https://hub.example", clock, TlsFiles(ca_file=str(tmp_path / "none.pem")))
    context = await transport.tls("https://bucket.example:8443/file")
    assert context is await transport.tls("https://other.example/")
    assert getattr(context, "strict", False)
    with pytest.raises(TlsUnusable):
        await transport.tls("https://hub.example:443/v1/file")


class TestProxy:
    async def test_a_named_proxy_is_used_and_its_password_is_never_told(self, tmp_path: Path) -> None:
        house = Authority.root()
        named = str(house.public_pem(tmp_path, "house"))
        async with served(tmp_path, house.issue()) as server, connect_proxy() as proxy:
            through = f"http://me:hidden@127.0.0.1:{proxy.port}/"
            async with calling(server, ManualClock(EPOCH), through, ca_file=named) as client:
                await client.request("GET", "/v1/test")
            assert proxy.asked == [f"CONNECT {server.url.removeprefix('https://')} HTTP/1.1"]
            wrong = f"http://me:wrong@127.0.0.1:{proxy.port}/"
            assert await why_not(server, proxy=wrong, ca_file=named) == "the proxy refused with 407"
        reason = await why_not(server, proxy=through, ca_file=named)
        assert reason == "the proxy: Connection refused"

    async def test_behind_a_proxy_dates_count_as_without(self, tmp_path: Path) -> None:
        house = Authority.root()
        named = str(house.public_pem(tmp_path, "house"))
        async with served(tmp_path, house.issue(), date=NOW + 31 * DAY) as server, connect_proxy() as proxy:
            through = f"http://me:hidden@127.0.0.1:{proxy.port}/"
            clock = HearingClock(100.0, ClockQuality.UNSET)
            assert "holds from" in await why_not(server, clock, proxy=through, ca_file=named)
            assert (len(server.requests), clock.dates) == (1, [])
            assert "holds from" in await why_not(server, ManualClock(LATER.timestamp()), proxy=through, ca_file=named)
            assert len(server.requests) == 1

    async def test_the_proxies_of_the_environment_are_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def answer(_: web.Request) -> web.Response:
            return web.Response()

        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
        async with far_server(answer) as server, calling(server, ManualClock(EPOCH)) as client:
            assert (await client.request("GET", "/v1/test")).status == 200


class TestSettings:
    @pytest.mark.parametrize("pin", ["AB" * 32, ":".join(["ab"] * 32), "sha256//" + "q6ur" * 10 + "q6s="])
    def test_a_pin_may_be_written_as_others_write_it(self, pin: str) -> None:
        assert UpstreamSettings(pin=(pin,)).pin == ("ab" * 32,)

    @pytest.mark.parametrize("pin", ["ab", "sha256//###", "sha256//q6ur", "zz" * 32])
    def test_what_is_no_pin_is_refused(self, pin: str) -> None:
        with pytest.raises(ValueError, match="SHA-256 of a public key"):
            UpstreamSettings(pin=(pin,))

    @pytest.mark.parametrize("proxy", ["https://p:1", "p:3128", "http://p:0", "http://p/path", "http://me:hidden@p:x"])
    def test_what_is_no_proxy_is_refused_without_telling_its_password(self, proxy: str) -> None:
        with pytest.raises(SettingsInvalid, match=r"upstream\.proxy") as refused:
            checked(Settings, {"upstream": {"proxy": proxy}})
        assert "hidden" not in str(refused.value)
        assert "hidden" not in repr(UpstreamSettings.model_validate({"proxy": "http://me:hidden@p:3128"}))

    def test_a_key_needs_its_certificate(self) -> None:
        with pytest.raises(ValueError, match="client_certificate"):
            UpstreamSettings(client_key="key.pem")
