"""The change of the key at the upstream: real stores on both sides, cut off at every point."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fakes.clock import ManualClock
from fakes.sealed_caches import SEALER
from fakes.served_store import SERIAL, ServedStore, served_store
from pydantic import SecretStr

from agent.enrolment.enrolling import Enrolling, is_old
from agent.enrolment.errors import ChangeNotOffered, EnrolmentOverruled, NewKeyRefused, NotEnrolled
from agent.enrolment.exchanging import Device
from agent.enrolment.kept import Enrolment, keep_enrolment, read_enrolment, with_enrolment
from agent.enrolment.rotating import Rotation
from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.settings import Settings, UpstreamSettings
from agent.startup.sealed import SealedState
from agent.upstream.client import Answer, SignedClient
from agent.upstream.credentials import Credentials, KeyPair
from agent.upstream.peer import Peer
from presets_store.clock import ClockQuality

DAY = 86_400.0
OTHER = KeyPair("other", "secret")


class Cut(Exception):
    """The kill."""


class Scissors:
    """Cuts at the `at`-th crossing; `crossed` counts them."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.crossed = 0

    def cross(self) -> None:
        self.crossed += 1
        if self.crossed == self.at:
            raise Cut

    def around(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def between(*arguments: Any, **options: Any) -> Any:
            self.cross()
            result = await function(*arguments, **options)
            self.cross()
            return result

        return between


@dataclass
class Box:
    """The device's side, as after a start."""

    hub: ServedStore
    sealed: SealedState
    client: SignedClient
    rotation: Rotation

    async def lets_in(self) -> bool:
        """Whether the pair that a start would take works at the hub."""
        kept = read_enrolment(self.sealed)
        assert kept is not None
        client = SignedClient(self.hub.root, Credentials(kept.pair.access_key, kept.pair.secret), self.hub.clock)
        try:
            await client.request("POST", "/v1/testauth")
        except UpstreamRefused:
            return False
        finally:
            await client.close()
        return True


@asynccontextmanager
async def started(hub: ServedStore, folder: Path, scissors: Scissors | None = None) -> AsyncIterator[Box]:
    sealed, _ = await SealedState.open(folder, SEALER)
    kept = read_enrolment(sealed)
    assert kept is not None
    client = SignedClient(hub.root, Credentials(kept.pair.access_key, kept.pair.secret), hub.clock)

    def signing(pair: KeyPair) -> SignedClient:
        trial = SignedClient(hub.root, Credentials(pair.access_key, pair.secret), hub.clock)
        if scissors is not None:
            vars(trial)["request"] = scissors.around(trial.request)
        return trial

    box = Box(hub, sealed, client, Rotation(sealed, client, Peer(client), hub.clock, signing))
    if scissors is not None:
        vars(client)["request"] = scissors.around(client.request)
        keep = sealed.keep
        vars(sealed)["keep"] = scissors.around(keep)
    try:
        yield box
    finally:
        await client.close()
        await sealed.close()


async def enrolled(hub: ServedStore, folder: Path) -> None:
    """A new device with a key pair, which is kept in `folder`."""
    token = (await hub.client.json("POST", "/v1/enrolment", {}))["token"]
    body = json.dumps({"token": token, "serialNumber": folder.name}).encode()
    made = (await hub.client.send("POST", "/v1/register/device", body)).json()
    sealed, _ = await SealedState.open(folder, SEALER)
    pair = KeyPair(made["accessKey"], made["secretKey"])
    await keep_enrolment(sealed, Enrolment(url=hub.root, pair=pair, since=hub.clock.now()))
    await sealed.close()


async def active_keys(hub: ServedStore, serial: str) -> list[str]:
    device = await hub.client.json("POST", "/v1/device/name", {"deviceName": serial})
    users = await hub.client.json("GET", "/v1/user/list")
    (user,) = (each for each in users if each["userName"] == f"device:{device['key']}")
    keys = await hub.client.json("GET", f"/v1/user/{user['key']}/apikey/list")
    return [key["accessKey"] for key in keys if key["status"] == "active"]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ServedStore]:
    (tmp_path / "hub").mkdir()
    async with served_store(tmp_path / "hub", ManualClock()) as store:
        yield store


async def test_cut_off_anywhere_one_key_works_and_the_next_change_leaves_only_one(
    hub: ServedStore, tmp_path: Path
) -> None:
    at, whole = 0, False
    while not whole:
        at += 1
        folder = tmp_path / f"box-{at}"
        await enrolled(hub, folder)
        (old,) = await active_keys(hub, folder.name)
        async with started(hub, folder, Scissors(at)) as box:
            try:
                await box.rotation.rotate()
                whole = True
            except Cut:
                pass
        async with started(hub, folder) as box:
            assert await box.lets_in(), at
            await box.rotation.finish()
            assert await box.lets_in(), at
            new = await box.rotation.rotate()
            assert await box.lets_in(), at
            assert await active_keys(hub, folder.name) == [new] != [old], at
            kept = read_enrolment(box.sealed)
            assert kept is not None
            assert (kept.pair.access_key, kept.pending, kept.others_left) == (new, None, False)
            assert box.client.credentials.current == kept.pair
    assert at > 14, "requests and writes were cut"


async def test_a_new_key_that_opens_nothing_is_let_go(hub: ServedStore, tmp_path: Path) -> None:
    folder = tmp_path / "box"
    await enrolled(hub, folder)
    async with started(hub, folder) as box:
        kept = read_enrolment(box.sealed)
        assert kept is not None
        await keep_enrolment(box.sealed, replace(kept, pending=OTHER))
        with pytest.raises(NewKeyRefused):
            await box.rotation.finish()
        assert read_enrolment(box.sealed) == kept
        assert await box.lets_in()


async def test_another_server_and_another_pair_are_let_alone(hub: ServedStore, tmp_path: Path) -> None:
    folder = tmp_path / "box"
    await enrolled(hub, folder)
    async with started(hub, folder) as box:
        box.rotation._peer._ours = False
        with pytest.raises(ChangeNotOffered):
            await box.rotation.rotate()
        assert not box.rotation.take_up(Enrolment(url="https://elsewhere", pair=OTHER)), "for the next start"
        assert await box.lets_in()
        box.client.credentials.current = OTHER
        with pytest.raises(NotEnrolled):
            await box.rotation.rotate()
        assert len(await active_keys(hub, folder.name)) == 1


async def test_a_key_is_changed_when_it_is_old(hub: ServedStore, tmp_path: Path) -> None:
    folder, clock = tmp_path / "box", hub.clock
    assert isinstance(clock, ManualClock)
    await enrolled(hub, folder)
    (first,) = await active_keys(hub, folder.name)
    async with started(hub, folder) as box:
        configured = UpstreamSettings(rotate_after_days=30)
        device = Device(serial=folder.name, name="")
        enrolling = Enrolling(configured, device, box.sealed, clock, lambda *_: box.client, box.rotation)
        await enrolling.look()
        clock.advance(29 * DAY)
        await enrolling.look()
        assert await active_keys(hub, folder.name) == [first]
        clock.advance(DAY)
        clock.declared = ClockQuality.FLOOR
        await enrolling.look()
        assert await active_keys(hub, folder.name) == [first], "who does not know the time knows no age"
        clock.declared = ClockQuality.SYNCHRONISED
        await enrolling.look()
        (second,) = await active_keys(hub, folder.name)
        assert second != first
        await enrolling.look()
        assert await active_keys(hub, folder.name) == [second]


def test_an_age_that_nobody_knows_is_none() -> None:
    kept = Enrolment(url="https://hub", pair=OTHER, since=1000.0)
    assert is_old(kept, 1000.0 + DAY, 1)
    assert not is_old(kept, 1000.0 + DAY - 1, 1)
    assert not is_old(kept, 1e12, 0)
    assert not is_old(replace(kept, since=0.0), 1e12, 1)


@pytest.fixture
async def sealed(tmp_path: Path) -> AsyncIterator[SealedState]:
    state, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    yield state
    await state.close()


async def test_what_is_kept_comes_back_and_the_settings_win(sealed: SealedState) -> None:
    assert read_enrolment(sealed) is None
    kept = Enrolment(url="https://hub", pair=OTHER, since=5.0, pending=KeyPair("a", "b"), others_left=True)
    await keep_enrolment(sealed, kept)
    assert read_enrolment(sealed) == kept
    assert "secret" not in repr(kept).replace("secret=", "")
    plain = Settings(upstream=UpstreamSettings(ca_file="ca.pem"))
    taken = with_enrolment(plain, sealed).upstream
    assert (taken.url, taken.access_key, taken.ca_file) == ("https://hub", "other", "ca.pem")
    assert taken.secret_key.get_secret_value() == "secret"
    for given in (
        UpstreamSettings(url="https://hub", access_key="mine", secret_key=SecretStr("x")),
        UpstreamSettings(url="https://elsewhere"),
    ):
        assert with_enrolment(Settings(upstream=given), sealed).upstream == given
    await keep_enrolment(sealed, None)
    assert with_enrolment(plain, sealed) is plain


@pytest.mark.parametrize("text", [b"{}", b'{"url": 5}', b"[]", b"nonsense"])
async def test_an_entry_that_is_not_ours_is_none(sealed: SealedState, text: bytes) -> None:
    await sealed.keep({"upstream.credentials": text})
    assert read_enrolment(sealed) is None


async def test_a_token_is_not_spent_where_the_settings_win(sealed: SealedState) -> None:
    def nobody(url: str, pair: KeyPair) -> SignedClient:
        raise AssertionError(f"{url} was asked")

    device = Device(serial=SERIAL, name="")
    for configured in (UpstreamSettings(access_key="mine"), UpstreamSettings(url="https://elsewhere")):
        enrolling = Enrolling(configured, device, sealed, ManualClock(), nobody, None)
        with pytest.raises(EnrolmentOverruled):
            await enrolling.enroll("https://hub", SecretStr("token"))
    with pytest.raises(NotEnrolled):
        await enrolling.rotate()
    assert await enrolling.forget() is False


@pytest.mark.parametrize("document", [{}, {"device": {}}, {"device": {}, "accessKey": "a", "secretKey": ""}, []])
async def test_an_answer_without_a_pair_takes_the_place_of_none(sealed: SealedState, document: object) -> None:
    async def answered(*_: object) -> Answer:
        return Answer(200, json.dumps(document).encode())

    kept = Enrolment(url="https://hub", pair=OTHER)
    await keep_enrolment(sealed, kept)
    client = SignedClient("https://hub", Credentials("", ""), ManualClock())
    vars(client)["request"] = answered
    device = Device(serial=SERIAL, name="")
    enrolling = Enrolling(UpstreamSettings(), device, sealed, ManualClock(), lambda *_: client, None)
    with pytest.raises(UpstreamUnreachable):
        await enrolling.enroll("https://hub", SecretStr("token"))
    assert read_enrolment(sealed) == kept
