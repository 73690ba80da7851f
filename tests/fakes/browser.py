"""Debian's Chromium without a window, and its pages by the DevTools protocol."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

_OPTIONS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-sync",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
)
_STARTED_WITHIN = 30.0


class Chromium:
    """A process with a profile of its own in `folder`."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("chromium")
        assert program, "chromium is not installed: make setup"
        profile = folder / "profile"
        as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        with (folder / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                [program, *_OPTIONS, *as_root, f"--user-data-dir={profile}", "about:blank"],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.url = f"http://127.0.0.1:{self._port(profile / 'DevToolsActivePort')}"

    def _port(self, file: Path) -> str:
        deadline = time.monotonic() + _STARTED_WITHIN
        while time.monotonic() < deadline:
            if file.exists() and (lines := file.read_text().splitlines()):
                return lines[0]
            assert self._process.poll() is None, "chromium ended"
            time.sleep(0.02)
        raise AssertionError("chromium did not start")

    def close(self) -> None:
        """Kills it with its children: its whole session."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @asynccontextmanager
    async def page(self, address: str = "about:blank") -> AsyncIterator["Page"]:
        """A new tab at `address`, closed at the end."""
        async with aiohttp.ClientSession() as session:
            async with session.put(f"{self.url}/json/new?about:blank") as answer:
                target = json.loads(await answer.text())
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                await page.go(address)
                yield page
                await page.call("Page.close")


class Page:
    """A tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and its answer; events meanwhile are left out."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=20.0)
            if message.get("id") == number:
                assert "error" not in message, (method, message["error"])
                answer: dict[str, Any] = message["result"]
                return answer

    async def go(self, address: str) -> None:
        """Opens `address` and waits until its page is loaded."""
        answer = await self.call("Page.navigate", url=address)
        assert not answer.get("errorText"), (address, answer)
        await self.until("document.readyState === 'complete'")

    async def run(self, script: str) -> Any:
        """The value of an expression; one that is a promise is awaited."""
        answer = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, condition: str, seconds: float = 10.0) -> Any:
        """Waits for the expression to be true; answers its value."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := await self.run(condition):
                return value
            await self.run("new Promise(done => setTimeout(done, 20))")
        raise AssertionError(f"it did not come to be: {condition}")
