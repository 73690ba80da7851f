"""What the agent says of itself."""

from pathlib import Path

from agent.api.status import free_in


async def test_a_media_folder_that_is_gone_keeps_nobody_from_the_status(tmp_path: Path) -> None:
    assert await free_in(tmp_path) > 0
    assert await free_in(tmp_path / "unmounted") == 0
