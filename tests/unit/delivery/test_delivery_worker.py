import asyncio
import json
import logging
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from fakes.clock import ManualClock
from fakes.receivers import http_receiver, picture_of, smtp_receiver, text_of
from fakes.served_store import empty_store
from fakes.telling import Telling, ended, running, true_clock, until, until_rows
from sqlalchemy import Connection

from presets_store.delivery.guard import AddressRules
from presets_store.delivery.outbox import Kind
from presets_store.delivery.settling import take
from presets_store.delivery.webhook import signature
from presets_store.local_zone import UTC_ZONE
from presets_store.storage import StorageUnavailable, open_database
from presets_store.storage.scripts.records import DeliveryStatus

JPEG = b"\xff\xd8\xff\xe0" + bytes(1000) + b"\xff\xd9"


@pytest.fixture
async def telling(tmp_path: Path) -> AsyncIterator[Telling]:
    await asyncio.to_thread(shutil.copy, await empty_store(), tmp_path / "store.db")
    database = await open_database(f"sqlite:///{tmp_path / 'store.db'}")
    yield Telling(database, true_clock())
    await database.close()


async def test_a_user_gets_mail_with_the_picture(telling: Telling) -> None:
    async with smtp_receiver() as smtp, running(telling.worker()):
        guard = await telling.user()
        await telling.channel(guard, smtp.url())
        await telling.tell(await telling.script(), [guard], "A person in the yard", jpeg=JPEG)
        (row,) = await ended(telling, 1)
        (message,) = smtp.messages
    assert row.status is DeliveryStatus.SENT
    assert row.sent >= row.created
    assert message["Subject"] == "A person in the yard"
    assert "was seen" in text_of(message)
    assert picture_of(message) == JPEG


async def test_a_webhook_is_signed_with_the_secret_of_its_script_and_tried_again(
    telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("presets_store.delivery.settling.pause", lambda _attempts: 1)
    async with http_receiver(web.Response(status=503), web.Response(status=200)) as far, running(telling.worker()):
        extra = json.dumps({"url": far.url})
        script = await telling.script(reaction="webhook", extra=extra, secrets={"secret": "whisper"})
        await telling.tell(script, kind=Kind.WEBHOOK)
        (row,) = await ended(telling, 1)
        first, second = far.requests
    assert (row.status, row.attempts) == (DeliveryStatus.SENT, 2)
    assert first[0]["X-Cuelight-Delivery"] == second[0]["X-Cuelight-Delivery"] == row.uuid
    for headers, body in far.requests:
        stamp = int(headers["X-Cuelight-Timestamp"])
        assert headers["X-Cuelight-Signature"] == "v1=" + signature("whisper", stamp, row.uuid, body)


async def test_one_that_hangs_does_not_keep_the_others(telling: Telling) -> None:
    async with smtp_receiver() as slow, http_receiver() as far, running(telling.worker(most=2)):
        slow.go_on.clear()
        script = await telling.script()
        for name, url in (("slow", slow.url()), ("quick", far.url.replace("http", "json"))):
            user = await telling.user(name)
            await telling.channel(user, url)
            await telling.tell(script, [user])
        await until(lambda: far.requests and slow.arrived.is_set())
        slow.go_on.set()
        assert {row.status for row in await ended(telling, 2)} == {DeliveryStatus.SENT}


async def test_what_a_killed_process_had_claimed_is_told_by_the_next(telling: Telling) -> None:
    async with smtp_receiver() as smtp:
        guard = await telling.user()
        await telling.channel(guard, smtp.url())
        await telling.tell(await telling.script(), [guard])
        claimed = await telling.database.write(lambda c: take(c, telling.now, lambda _: UTC_ZONE, mirrored=True))
        assert len(claimed) == 1
        async with running(telling.worker()):
            (row,) = await ended(telling, 1)
    assert (row.status, len(smtp.messages)) == (DeliveryStatus.SENT, 1)


async def test_what_is_entered_here_is_told_though_no_look_is_due(telling: Telling) -> None:
    telling = Telling(telling.database, ManualClock())  # nobody moves it
    async with smtp_receiver() as smtp, running(telling.worker()):
        guard = await telling.user()
        await telling.channel(guard, smtp.url())
        await asyncio.sleep(0.2)  # it has looked, and found nothing
        await telling.tell(await telling.script(), [guard])
        (row,) = await ended(telling, 1)
    assert (row.status, len(smtp.messages)) == (DeliveryStatus.SENT, 1)


async def test_a_database_that_fails_puts_it_off(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    async with smtp_receiver() as smtp:
        guard = await telling.user()
        await telling.channel(guard, smtp.url())
        await telling.tell(await telling.script(), [guard])
        write, failures = telling.database.write, ["at the start", "then"]

        async def full(function: Callable[[Connection], Any]) -> Any:
            if failures:
                raise StorageUnavailable(database="store.db", reason=failures.pop())
            return await write(function)

        monkeypatch.setattr(telling.database, "write", full)
        async with running(telling.worker()):
            (row,) = await ended(telling, 1)
    assert row.status is DeliveryStatus.SENT


async def test_secrets_are_in_no_log_and_in_no_row(
    telling: Telling, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with smtp_receiver() as smtp, http_receiver(web.Response(status=400)) as far, running(telling.worker()):
        smtp.refuse = "550 hunter2hunter2 is wrong"
        guard = await telling.user()
        await telling.channel(guard, smtp.url())
        await telling.channel(guard, "tgram://123456:topsecret_topsecret_topsecret_tops/42")
        hook = await telling.script(
            reaction="webhook", extra=json.dumps({"url": far.url}), secrets={"secret": "whisper"}
        )
        await telling.tell(hook, kind=Kind.WEBHOOK)
        chat = await telling.script(
            reaction="telegram", extra='{"chat_id": "42"}', secrets={"bot_token": "1:topsecret/topsecret"}
        )
        await telling.tell(chat, kind=Kind.TELEGRAM)
        await telling.tell(await telling.script(), [guard])
        rows = await until_rows(telling, lambda rows: all(row.result for row in rows))
    assert len(rows) == 4
    await asyncio.to_thread(shutil.copytree, tmp_path, tmp_path / "copy", dirs_exist_ok=False)
    kept = b"".join(file.read_bytes() for file in (tmp_path / "copy").iterdir())
    for secret in ("hunter2", "topsecret", "whisper"):
        assert secret not in caplog.text
        assert secret.encode() not in kept


async def test_addresses_that_the_settings_forbid_hear_nothing(telling: Telling) -> None:
    async with smtp_receiver() as smtp, http_receiver() as far, running(telling.worker(AddressRules())):
        guard = await telling.user()
        await telling.channel(guard, smtp.url())
        script = await telling.script(reaction="webhook", extra=json.dumps({"url": far.url}))
        await telling.tell(script, kind=Kind.WEBHOOK)
        await telling.tell(script, [guard])
        rows = await ended(telling, 2)
        assert [row.status for row in rows] == [DeliveryStatus.FAILED] * 2
        assert all("must not be asked" in row.result for row in rows)
        assert far.requests == []
        assert not smtp.arrived.is_set()
