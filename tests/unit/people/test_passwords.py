"""Passwords: what is kept of them, and how many are looked at together."""

import asyncio
import threading
import time
from typing import Any

import pytest

from presets_store.services.people import passwords as module
from presets_store.services.people.errors import TooManySignIns
from presets_store.services.people.passwords import AT_ONCE, COST, WAITING, Cost, Passwords

CHEAP = Cost(log_n=4, r=1, p=1)


async def test_a_hash_fits_its_password_and_no_other() -> None:
    passwords = Passwords(CHEAP)
    kept = await passwords.hashed("corr\u00e9ct horse")
    assert kept.startswith("scrypt$4$1$1$")
    assert await passwords.fits("corr\u00e9ct horse", kept)
    assert await passwords.fits("corre\u0301ct horse", kept), "typed on another keyboard"
    assert not await passwords.fits("correct horse", kept)
    assert await passwords.hashed("corr\u00e9ct horse") != kept


async def test_a_hash_tells_its_own_cost() -> None:
    kept = await Passwords(CHEAP).hashed("secret")
    assert await Passwords(Cost(log_n=5, r=1, p=1)).fits("secret", kept)


async def test_nobody_costs_as_much_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[Cost] = []

    def noted(password: str, salt: bytes, cost: Cost) -> bytes:
        costs.append(cost)
        return bytes(32)

    monkeypatch.setattr(module, "_scrypt", noted)
    passwords = Passwords()
    assert not await passwords.fits("secret", "")
    assert await passwords.fits("secret", await passwords.hashed("secret"))
    assert costs == [COST, COST, COST]


async def test_the_cost_is_what_is_recommended() -> None:
    assert (1 << COST.log_n) * COST.r * COST.p >= 3 * 2**15 * 8
    began = time.perf_counter()
    assert await Passwords().hashed("secret")
    assert time.perf_counter() - began > 0.02, "guessing is slow"


async def test_a_few_at_once_some_wait_more_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    going, running, most = threading.Event(), 0, 0
    lock = threading.Lock()

    def slow(*_: Any) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        going.wait(10)
        with lock:
            running -= 1
        return bytes(32)

    monkeypatch.setattr(module, "_scrypt", slow)
    passwords = Passwords(CHEAP)
    asking = [asyncio.ensure_future(passwords.hashed("x")) for _ in range(AT_ONCE + WAITING)]
    await asyncio.sleep(0)
    asking[0].cancel()  # its thread goes on, and so it keeps its place
    await asyncio.sleep(0)
    with pytest.raises(TooManySignIns):
        await passwords.hashed("x")
    going.set()
    done = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in done].count(str) == AT_ONCE + WAITING - 1
    assert most <= AT_ONCE
    assert await passwords.hashed("x")
