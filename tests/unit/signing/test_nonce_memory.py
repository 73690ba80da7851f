"""Nonces in memory: used once, bounded, and forgotten when they can harm no more."""

import pytest
from fakes.clock import ManualClock

from presets_store.api.errors import NonceMemoryFull, NonceUsed
from presets_store.api.nonces import NonceMemory


def test_a_nonce_is_spent_once_within_its_time() -> None:
    clock = ManualClock()
    memory = NonceMemory(clock)
    memory.spend(("a", "1"), 600.0)
    clock.advance(599)
    with pytest.raises(NonceUsed):
        memory.spend(("a", "1"), 600.0)
    clock.advance(2)
    memory.spend(("a", "1"), 600.0)


def test_a_full_memory_refuses_instead_of_forgetting() -> None:
    memory = NonceMemory(ManualClock(), capacity=2)
    memory.spend(("a", "1"), None)
    memory.spend(("a", "2"), 600.0)
    with pytest.raises(NonceMemoryFull):
        memory.spend(("a", "3"), 600.0)


def test_once_the_clock_can_be_trusted_nonces_of_the_time_before_pass_too() -> None:
    """Else a device that had no time for some days would refuse its readers until it is restarted."""
    clock = ManualClock()
    memory = NonceMemory(clock, capacity=2)
    memory.spend(("a", "1"), None)
    clock.advance(100_000)
    with pytest.raises(NonceUsed):
        memory.spend(("a", "1"), None)
    memory.spend(("a", "2"), 600.0)
    with pytest.raises(NonceUsed):
        memory.spend(("a", "1"), 600.0)
    clock.advance(601)
    memory.spend(("a", "3"), 600.0)
    memory.spend(("a", "4"), 600.0)
