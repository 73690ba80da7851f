"""What the agent says on standard output when it is up."""

from typing import TextIO

from agent.settings import Settings
from presets_store import __version__


def announce_ready(url: str, settings: Settings, cameras: list[str], out: TextIO) -> None:
    """One paragraph: version, addresses, cameras, data."""
    lines = (
        f"cuelight {__version__} is ready.",
        f"  API      {url}  (signed requests), {settings.socket_path}  (command line)",
        f"  cameras  {', '.join(cameras)}",
        f"  data     {settings.state_folder}",
    )
    print("\n".join(lines), file=out, flush=True)
