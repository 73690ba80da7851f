"""A hub, the agent of its one device, a hostile network between them, and an operator who only sees the hub."""

import asyncio
import json
import random
import ssl
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from fakes.agent_process import TERMINAL, AgentProcess
from fakes.hostile_plan import Plan
from fakes.hostile_proxy import HostileProxy
from fakes.hub_process import HubProcess
from fakes.served_store import SigningClient
from fakes.tls_front import make_certificate

SERIAL = "10001234"
CAMERAS = ("left", "right")
HURRIED = str(Path(__file__).with_name("hurried.py"))

RECORDING, TEST, PHOTO, STOP = (
    "Video_Start_recording",
    "Video_Test_event",
    "Image_Start_taking_photos",
    "Video_Test_stop",
)
LOOK_EVERY = 0.3
"""Seconds between two looks of the operator at an event."""
WITNESSED = (RECORDING, PHOTO)
"""Of these the camera keeps a journal."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An event as the operator asked for it."""

    kind: str
    max_attempts: int


class Operator:
    """Asks the hub directly, over its own good network, until it is answered; a repeat is the same write."""

    def __init__(self, hub: HubProcess, session: aiohttp.ClientSession, dice: random.Random) -> None:
        self._hub = hub
        self._session = session
        self._dice = dice
        self.events: dict[int, Asked] = {}
        self.done = 0
        self.progressed = asyncio.Event()

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of a hub that may be dead for a while."""
        once = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        while True:
            client: SigningClient = self._hub.client(self._session)
            try:
                answer = await client.call(method, path, body, headers=once)
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.1)
                continue
            if answer.status < 500:
                assert answer.status == 200, (path, answer)
                return answer.json() if answer.body else None
            await asyncio.sleep(0.1)

    async def have_done(self, kind: str, camera: str, turns: Iterator[int]) -> None:
        """One event after the other, as long as there are `turns`: the next when the one before has ended."""
        for _ in turns:
            attempts = self._dice.choice([1, 2, 3, 5])
            key = await self._asked(kind, camera, attempts)
            while (await self.ask("GET", f"/v1/event/{key}"))["eventStatus"] not in TERMINAL:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY)
            self.done += 1
            self.progressed.set()

    async def _asked(self, kind: str, camera: str, attempts: int) -> int:
        parameters: dict[str, Any] = {"camera": camera}
        if kind in (RECORDING, TEST):
            parameters["durationSeconds"] = round(self._dice.uniform(0.3, 0.8), 2)
        body = {"deviceSerial": SERIAL, "eventType": kind, "eventParameters": json.dumps(parameters)}
        made = await self.ask("POST", "/v1/event", body | {"maxAttempts": attempts})
        self.events[int(made["eventID"])] = Asked(kind, attempts)
        return int(made["eventID"])


class HostilePlace:
    """All of it. `struck` counts what happened besides the troubles of the network."""

    def __init__(
        self, hub: HubProcess, agent: AgentProcess, proxy: HostileProxy, operator: Operator, other: ssl.SSLContext
    ) -> None:
        self.hub = hub
        self.agent = agent
        self.proxy = proxy
        self.operator = operator
        self.struck: Counter[str] = Counter()
        self._other = other
        self._network = asyncio.Lock()
        self._agents_turn = asyncio.Lock()
        self._hubs_turn = asyncio.Lock()

    async def strike(self, what: str, seconds: float) -> None:
        """One of `STRIKES`; over when all is there again. Several may happen at once, but not to the same victim."""
        self.struck[what] += 1
        match what:
            case "agent killed":
                async with self._agents_turn:
                    await asyncio.to_thread(self.agent.kill)
                    await self.start_agent()
            case "hub killed":
                async with self._hubs_turn:
                    await asyncio.to_thread(self.hub.kill)
                    await asyncio.sleep(seconds)
                    await self.start_hub()
            case "refused":
                async with self._network:
                    await self.proxy.refuse(seconds)
            case _:
                async with self._network:
                    await self.proxy.impersonate(self._other, seconds)

    async def start_agent(self) -> None:
        await asyncio.to_thread(self.agent.start, (HURRIED,))
        assert self.agent.running, self.agent.logged()[-3000:]

    async def start_hub(self) -> None:
        await asyncio.to_thread(self.hub.start)
        self.proxy.target = int(self.hub.url.rpartition(":")[2])


STRIKES = ("agent killed", "hub killed", "refused", "other certificate")


@asynccontextmanager
async def hostile_place(folder: Path, plan: Plan, dice: random.Random) -> AsyncIterator[HostilePlace]:
    """All is up, the device enrolled; peace until `plan.rate` is raised."""
    box = folder / "box"
    box.mkdir()
    certificate, own = await asyncio.to_thread(_context, folder / "own")
    _, other = await asyncio.to_thread(_context, folder / "other")
    async with HostileProxy(plan, tls=own) as proxy, aiohttp.ClientSession() as session:
        hub = HubProcess(folder, CUELIGHT_HUB_PUBLIC_URL=proxy.url)
        hub.program = (HURRIED, "hub")
        place = HostilePlace(hub, _agent(box, proxy, certificate), proxy, Operator(hub, session, dice), other)
        try:
            await place.start_hub()
            pair = await _enrolled(hub.client(session))
            place.agent.environment |= {
                "CUELIGHT_UPSTREAM__ACCESS_KEY": pair["accessKey"],
                "CUELIGHT_UPSTREAM__SECRET_KEY": pair["secretKey"],
            }
            await place.start_agent()
            yield place
        finally:
            await asyncio.to_thread(place.agent.kill)
            await asyncio.to_thread(hub.end)


def _agent(folder: Path, proxy: HostileProxy, certificate: Path) -> AgentProcess:
    journal = {"journal": str(folder / "journal.jsonl")}
    cameras = [{"id": name, "name": name, "backend": "file", "options": journal} for name in CAMERAS]
    return AgentProcess(
        folder,
        CUELIGHT_CAMERAS=json.dumps(cameras),
        CUELIGHT_STARTUP__GRACE="1",
        CUELIGHT_UPSTREAM__URL=proxy.url,
        CUELIGHT_UPSTREAM__CA_FILE=str(certificate),
    )


def _context(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody else has, and what shows it."""
    folder.mkdir()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(folder))
    return folder / "cert.pem", context


async def _enrolled(owner: SigningClient) -> dict[str, Any]:
    """The key pair of a new device."""
    device = await owner.json("POST", "/v1/device", {"serialNumber": SERIAL, "deviceName": "Stage"})
    token = (await owner.json("POST", "/v1/enrolment", {"deviceID": device["key"]}))["token"]
    body = json.dumps({"token": token, "serialNumber": SERIAL}).encode()
    answer = await owner.send("POST", "/v1/register/device", body)
    assert answer.status == 200, answer
    return dict(answer.json())
