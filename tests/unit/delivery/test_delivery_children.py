import asyncio
import base64
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import psutil
import pytest
from aiohttp import web
from fakes.receivers import SmtpReceiver, http_receiver, picture_of, smtp_receiver, text_of
from fakes.telling import LOOPBACK, until

from presets_store.delivery import children as module
from presets_store.delivery.children import Children, Outcome, Parcel
from presets_store.delivery.guard import AddressRules
from presets_store.delivery.telegram import chat_url

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40 + b"\xff\xd9"
NOWHERE = "mailto://cam:hunter2hunter2@127.0.0.1:9?from=cam@site.example&to=x@site.example"


@pytest.fixture
async def children() -> AsyncIterator[Children]:
    made = Children(LOOPBACK)
    yield made
    await made.close()


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpReceiver]:
    async with smtp_receiver() as receiver:
        yield receiver


def own_children() -> list[psutil.Process]:
    found = []
    for each in psutil.Process().children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "presets_store.delivery.child" in each.cmdline():
                found.append(each)
    return found


async def test_mail_with_a_picture_and_then_without(children: Children, smtp: SmtpReceiver) -> None:
    assert await children.send(Parcel(smtp.url(), "Motion", "in the yard ☂", JPEG)) == Outcome(True)
    assert await children.send(Parcel(smtp.url(), "Motion", "again")) == Outcome(True)
    first, second = smtp.messages
    assert (first["Subject"], first["To"]) == ("Motion", "guard@site.example")
    assert "in the yard ☂" in text_of(first)
    assert picture_of(first) == JPEG
    assert picture_of(second) == b""


TELEGRAM = """
import sys
from apprise.plugins.telegram import NotifyTelegram
from presets_store.delivery import child
NotifyTelegram.notify_url = sys.argv[1]
child.serve(sys.stdin, sys.stdout)
"""


async def test_a_chat_gets_the_text_and_the_picture() -> None:
    """The far end stands where Telegram's servers do; all else is as in the child that the worker starts."""
    order = {"url": chat_url("123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI", "-42"), "title": "Motion"}
    order |= {"body": "in the yard", "jpeg": base64.b64encode(JPEG).decode()}
    lines = [LOOPBACK.dump(), {**order, "seconds": 20}]
    taken = web.Response(text='{"ok": true, "result": {"message_id": 1}}', content_type="application/json")
    async with http_receiver(taken) as far:
        arguments = (sys.executable, "-P", "-c", TELEGRAM, far.url.replace("/hook", "/bot"))
        program = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        said, _ = await program.communicate("".join(json.dumps(line) + "\n" for line in lines).encode())
        assert json.loads(said) == {"outcome": "sent", "reason": ""}
        bodies = b"".join(body for _, body in far.requests)
    assert b"in the yard" in bodies
    assert JPEG in bodies
    assert b"-42" in bodies


async def test_a_url_is_on_no_command_line_and_the_environment_is_bare(
    children: Children, smtp: SmtpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUELIGHT_TOKEN", "s3cr3t")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    smtp.go_on.clear()
    sending = asyncio.create_task(children.send(Parcel(smtp.url(), "t", "b")))
    await smtp.arrived.wait()
    (child,) = own_children()
    assert "hunter2" not in " ".join(child.cmdline())
    assert not {"CUELIGHT_TOKEN", "HTTP_PROXY"} & child.environ().keys()
    smtp.go_on.set()
    assert (await sending).sent


async def test_what_fails_says_why_without_the_url(children: Children, smtp: SmtpReceiver) -> None:
    smtp.refuse = "451 4.7.1 greylisted"
    refused = await children.send(Parcel(smtp.url(), "t", "b"))
    nobody = await children.send(Parcel(NOWHERE, "t", "b"))
    for outcome in (refused, nobody):
        assert (outcome.sent, outcome.final) == (False, False)
        assert outcome.reason
        assert "hunter2" not in outcome.reason
        assert "site.example" not in outcome.reason


async def test_what_a_url_must_not_do(children: Children, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    file.write_text("{}")
    urls = [
        "syslog://",
        "dbus://",
        "windows://",
        "nothing://x",
        "mailto://",
        f"msteams://token@token/{'c' * 32}/{'d' * 32}/?template={file}",
        "json://169.254.169.254/latest/meta-data",
        "mailto://u:p@224.0.0.1?from=a@b.example&to=c@d.example",
        "json://[::ffff:169.254.169.254]/x",
    ]
    for url in urls:
        outcome = await children.send(Parcel(url, "t", "b"))
        assert (outcome.sent, outcome.final) == (False, True), (url, outcome)
    assert await asyncio.to_thread(lambda: [each.name for each in tmp_path.iterdir()]) == ["card.json"]


async def test_forbidden_addresses_hear_nothing_however_they_are_named() -> None:
    strict = Children(AddressRules())
    async with http_receiver() as far, smtp_receiver() as smtp:
        port = far.url.split(":")[2].split("/")[0]
        urls: Sequence[str] = [
            f"json://127.0.0.1:{port}/x",
            f"json://localhost:{port}/x",
            f"xml://2130706433:{port}/x",
            f"form://127.1:{port}/x",
            smtp.url(),
        ]
        for url in urls:
            outcome = await strict.send(Parcel(url, "t", "b"))
            assert (outcome.sent, outcome.final) == (False, True), (url, outcome)
            assert "must not be asked" in outcome.reason or "not understood" in outcome.reason
        assert far.requests == []
        assert not smtp.arrived.is_set()
    await strict.close()


async def test_a_redirect_to_a_forbidden_address_is_not_followed(children: Children) -> None:
    there = web.Response(status=307, headers={"Location": "http://169.254.169.254/latest"})
    async with http_receiver(there) as far:
        outcome = await children.send(Parcel(far.url.replace("http", "json"), "t", "b"))
    assert not outcome.sent
    assert "169.254.169.254" in outcome.reason


async def test_to_look_asks_nobody(children: Children, smtp: SmtpReceiver) -> None:
    assert await children.look(smtp.url()) == Outcome(True)
    refused = await children.look("tgram://no-token/1")
    assert (refused.sent, refused.final) == (False, True)
    assert "no-token" not in refused.reason
    assert not smtp.arrived.is_set()


async def test_who_takes_too_long_is_killed_and_the_next_is_served(
    children: Children, smtp: SmtpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS", 1)
    smtp.go_on.clear()
    outcome = await children.send(Parcel(smtp.url(), "t", "b"))
    assert (outcome.sent, outcome.final, outcome.reason) == (False, False, "no answer in time")
    assert own_children() == []
    smtp.go_on.set()
    assert (await children.send(Parcel(smtp.url(), "t", "b"))).sent


async def test_a_child_that_was_killed_is_replaced(children: Children, smtp: SmtpReceiver) -> None:
    await children.send(Parcel(smtp.url(), "t", "b"))
    (child,) = own_children()
    child.terminate()
    outcomes = [await children.send(Parcel(smtp.url(), "t", "b")) for _ in range(2)]
    assert outcomes[-1].sent
    assert outcomes[0].sent or outcomes[0].reason == "the process that sends has ended"


async def test_it_ends_when_nothing_is_to_be_sent(smtp: SmtpReceiver) -> None:
    made = Children(LOOPBACK, idle=0.1)
    assert own_children() == []
    await made.send(Parcel(smtp.url(), "t", "b"))
    assert len(own_children()) == 1
    await until(lambda: not own_children())
    await made.close()


async def test_who_is_cancelled_leaves_no_child(children: Children, smtp: SmtpReceiver) -> None:
    smtp.go_on.clear()
    sending = asyncio.create_task(children.send(Parcel(smtp.url(), "t", "b")))
    await smtp.arrived.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert own_children() == []


def test_a_parcel_prints_no_url() -> None:
    assert repr(Parcel("tgram://1:secret/2", "t", "b", b"x")) == "Parcel(title='t')"
