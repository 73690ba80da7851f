"""A token that was given without a link: spent when there is one, and not for ever."""

import asyncio
import logging
from pathlib import Path

import pytest
from fakes.clock import ManualClock
from pydantic import SecretStr

from agent.enrolment.awaited import AwaitedEnrolment, AwaitedToken, awaited_token, keep_token
from agent.enrolment.enrolling import Enrolled
from agent.enrolment.errors import EnrolmentOverruled
from agent.errors import UpstreamRefused, UpstreamUnreachable
from agent.setup.report import TOKEN
from agent.upstream.backoff import CAP_SECONDS
from presets_store.errors import CuelightError

URL = "https://hub.example"
WAITING = AwaitedToken(URL, SecretStr("s3cret token"))
SILENT = UpstreamUnreachable(url=URL, reason="no route")


class Upstream:
    """Answers in this order, and with success in the end."""

    def __init__(self, *failures: CuelightError) -> None:
        self.failures = list(failures)
        self.asked: list[tuple[str, str]] = []

    async def enroll(self, url: str, token: SecretStr) -> Enrolled:
        self.asked.append((url, token.get_secret_value()))
        if self.failures:
            raise self.failures.pop(0)
        return Enrolled(device_key=1, url=url, access_key="key", connected=True)


def refused(status: int) -> UpstreamRefused:
    return UpstreamRefused(url=URL, status=status, text="the token opens nothing")


async def left_after(folder: Path, upstream: Upstream) -> AwaitedToken | None:
    """What still waits when the agent has run for long."""
    clock = ManualClock()
    running = asyncio.create_task(AwaitedEnrolment(folder, upstream, clock).run())
    for _ in range(200):
        await asyncio.sleep(0.005)
        clock.advance(CAP_SECONDS)
        if not await asyncio.to_thread((folder / TOKEN).exists):
            break
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})
    return await asyncio.to_thread(awaited_token, folder)


async def test_it_is_spent_when_the_upstream_answers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await asyncio.to_thread(keep_token, tmp_path, WAITING)
    upstream = Upstream(SILENT, refused(503), refused(429), SILENT)
    assert await left_after(tmp_path, upstream) is None
    assert upstream.asked == [(URL, "s3cret token")] * 5
    assert caplog.text.count("the token of the set-up waits") == 1, "it is no news the second time"
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize(
    "final", [refused(401), refused(404), EnrolmentOverruled(setting="url", remedy="it is another")]
)
async def test_a_token_that_opens_nothing_is_not_tried_for_ever(
    final: CuelightError, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(keep_token, tmp_path, WAITING)
    upstream = Upstream(final, SILENT)
    assert await left_after(tmp_path, upstream) is None
    assert len(upstream.asked) == 1
    assert "the token of the set-up is of no use" in caplog.text


async def test_without_one_nothing_is_asked(tmp_path: Path) -> None:
    upstream = Upstream()
    assert await left_after(tmp_path, upstream) is None
    assert upstream.asked == []


async def test_a_file_that_makes_no_sense_is_logged_without_what_is_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for text in ("s3cret", '{"token": "s3cret"}', "[1]"):
        await asyncio.to_thread((tmp_path / TOKEN).write_text, text)
        assert await asyncio.to_thread(awaited_token, tmp_path) is None
    assert caplog.text.count("cannot be read") == 3
    assert "s3cret" not in caplog.text
