"""Cooldowns. Pure; moments are Unix epoch microseconds, 0 for never."""


def cool_at(last_us: int, cooldown_us: int, now_us: int) -> int:
    """When a cooldown that runs ends; 0: none runs.

    A clock that was set back ends it: else a wrong date could silence a script for years.
    """
    return last_us + cooldown_us if last_us and 0 <= now_us - last_us < cooldown_us else 0
