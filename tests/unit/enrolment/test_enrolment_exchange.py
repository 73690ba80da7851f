"""A token against a key pair, over TLS with an authority of one's own, at a real hub."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fakes.clock import ManualClock
from fakes.sealed_caches import SEALER
from fakes.served_store import ServedStore, served_store
from fakes.tls_front import TlsFront, make_certificate
from pydantic import SecretStr

from agent.enrolment.building import build_enrolling
from agent.enrolment.enrolling import Enrolling
from agent.enrolment.exchanging import Device
from agent.enrolment.kept import read_enrolment
from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.settings import UpstreamSettings
from agent.startup.sealed import SealedState
from presets_store.clock import SystemClock

DEVICE = Device(serial="20005678", name="Back door")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ServedStore]:
    async with served_store(tmp_path, ManualClock()) as store:
        yield store


@pytest.fixture
async def sealed(tmp_path: Path) -> AsyncIterator[SealedState]:
    state, _ = await SealedState.open(tmp_path / "sealed", SEALER)
    yield state
    await state.close()


def enrolling(sealed: SealedState, configured: UpstreamSettings) -> Enrolling:
    return build_enrolling(configured, DEVICE, sealed, SystemClock(trusted=True), None)


async def token_of(hub: ServedStore) -> SecretStr:
    return SecretStr((await hub.client.json("POST", "/v1/enrolment", {}))["token"])


async def test_only_the_authority_of_the_settings_gets_the_token(
    hub: ServedStore, sealed: SealedState, tmp_path: Path
) -> None:
    certificate = await asyncio.to_thread(make_certificate, tmp_path)
    token = await token_of(hub)
    with TlsFront(certificate, urlsplit(hub.root).port or 0) as front:
        url = f"https://127.0.0.1:{front.port}"
        with pytest.raises(UpstreamUnreachable):
            await enrolling(sealed, UpstreamSettings()).enroll(url, token)
        (waiting,) = await hub.client.json("GET", "/v1/enrolment/list")
        assert waiting["usedDate"] is None
        assert read_enrolment(sealed) is None
        own = UpstreamSettings(ca_file=str(certificate.parent / "cert.pem"))
        found = await enrolling(sealed, own).enroll(url, token)
    kept = read_enrolment(sealed)
    assert kept is not None
    assert (kept.url, kept.pair.access_key, found.connected) == (url, found.access_key, False)
    device = await hub.client.json("GET", f"/v1/device/{found.device_key}")
    assert (device["serialNumber"], device["deviceName"]) == ("20005678", "Back door")


async def test_a_token_is_good_once_and_a_pair_is_not_lost_to_one_that_is_spent(
    hub: ServedStore, sealed: SealedState
) -> None:
    token, box = await token_of(hub), enrolling(sealed, UpstreamSettings())
    await box.enroll(hub.root, token)
    kept = read_enrolment(sealed)
    with pytest.raises(UpstreamRefused, match="opens nothing"):
        await box.enroll(hub.root, token)
    assert read_enrolment(sealed) == kept is not None
    assert await box.forget() is True
    assert read_enrolment(sealed) is None
