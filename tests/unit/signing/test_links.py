"""Tokens of links: what they open, and for how long."""

import pytest
from fakes.clock import ManualClock
from hypothesis import given
from hypothesis import strategies as st

from presets_store.api.errors import LinkRefused
from presets_store.api.links import Links


def test_a_token_opens_its_camera_until_its_time_is_over() -> None:
    clock = ManualClock()
    links = Links(clock)
    token = links.token("front", 60)
    assert links.check("front", token) == 60
    clock.advance(59)
    assert links.check("front", token) == 1
    clock.advance(1)
    with pytest.raises(LinkRefused):
        links.check("front", token)


def test_a_step_of_wall_time_makes_no_link_longer_or_shorter() -> None:
    clock = ManualClock()
    links = Links(clock)
    token = links.token("front", 60)
    clock.wall -= 3600
    assert links.check("front", token) == 60


def test_a_token_opens_no_other_camera_and_no_other_agent() -> None:
    clock = ManualClock()
    links = Links(clock)
    token = links.token("front", 60)
    for other, camera in ((links, "front2"), (links, "back"), (links, ""), (Links(clock), "front")):
        with pytest.raises(LinkRefused):
            other.check(camera, token)


@given(st.text(max_size=90) | st.from_regex(r"[0-9]{1,6}\.[0-9a-f]{64}", fullmatch=True))
def test_no_guess_opens_anything(guess: str) -> None:
    with pytest.raises(LinkRefused):
        Links(ManualClock()).check("front", guess)


def test_a_token_cannot_be_made_longer() -> None:
    links = Links(ManualClock())
    end, _, code = links.token("front", 60).partition(".")
    for forged in (f"{int(end) + 1}.{code}", f"{end}0.{code}", f"0{end}.{code}", f"{end}.{code[:-1]}", f"{end}."):
        with pytest.raises(LinkRefused):
            links.check("front", forged)
