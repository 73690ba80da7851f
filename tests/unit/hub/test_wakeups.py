import asyncio

import pytest
from fakes.clock import ManualClock

from presets_store.services.errors import TooManyPolls
from presets_store.services.wakeups import PollLimits, Signal, Wakeups, any_signalled, signalled


async def test_a_signal_ends_the_wait_and_so_does_time() -> None:
    clock, signal, other = ManualClock(), Signal(), Signal()
    waiting = asyncio.ensure_future(any_signalled((signal, other), clock, 60))
    await asyncio.sleep(0)
    assert not waiting.done()
    other.set()
    assert await waiting is True
    waiting = asyncio.ensure_future(signalled(signal, clock, 60))
    await asyncio.sleep(0)
    clock.advance(60)
    assert await waiting is False
    assert await signalled(other, clock, 60) is True  # it is set still


async def test_a_wait_needs_no_task_and_leaves_nothing_behind() -> None:
    clock, signal, before = ManualClock(), Signal(), len(asyncio.all_tasks())
    waiting = asyncio.ensure_future(signalled(signal, clock, 60))
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before + 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    signal.set()
    clock.advance(60)  # nobody is there any more to be told
    assert signal._waiters == []


async def test_long_polls_have_a_limited_number_of_places() -> None:
    wakeups = Wakeups(PollLimits(total=3, per_device=2))
    with wakeups.polling(1), wakeups.polling(1) as second:
        with pytest.raises(TooManyPolls, match="device 1"), wakeups.polling(1):
            pass
        with wakeups.polling(2):
            assert (wakeups.polls_waiting, sorted(wakeups.polled)) == (3, [1, 2])
            with pytest.raises(TooManyPolls, match="this server"), wakeups.polling(3):
                pass
        wakeups.wake(1)
        assert second.is_set()
    assert (wakeups.polls_waiting, list(wakeups.polled)) == (0, [])
