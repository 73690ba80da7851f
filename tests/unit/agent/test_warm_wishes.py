"""Several who want a camera warm: it is open as long as anybody does."""

from pathlib import Path

import pytest
from fakes.acting import agent_camera
from hypothesis import given
from hypothesis import strategies as st

from agent.cameras import together
from hardware.models import KeepWarm

wishes = st.builds(
    KeepWarm, on=st.booleans(), width=st.integers(0, 4000), height=st.integers(0, 4000), rate=st.floats(0, 100)
)


@given(st.lists(wishes))
def test_all_wishes_together_are_open_while_one_is_and_at_least_as_large(all_of_them: list[KeepWarm]) -> None:
    result, standing = together(all_of_them), [wish for wish in all_of_them if wish.on]
    assert result.on is bool(standing)
    assert all(result.width * result.height >= wish.width * wish.height for wish in standing)
    assert all(result.rate >= wish.rate for wish in standing)


async def test_the_end_of_one_wish_leaves_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = agent_camera(tmp_path)
    told: list[tuple[object, ...]] = []

    async def keep_warm(*wanted: object) -> None:
        told.append(wanted)

    monkeypatch.setattr(camera.client, "keep_warm", keep_warm)
    await camera.keep_warm("settings", KeepWarm(on=True))
    await camera.keep_warm("event 7", KeepWarm(on=True, width=640, height=480, rate=15))
    await camera.keep_warm("event 7", None)
    await camera.keep_warm("settings", None)
    assert told == [(True, 0, 0, 0.0), (True, 640, 480, 15.0), (True, 0, 0, 0.0), (False, 0, 0, 0.0)]
