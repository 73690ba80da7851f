"""What the agent says on standard output when it is up, and the access key of the first start."""

from pathlib import Path
from typing import TextIO

from agent.settings import Settings
from presets_store import __version__
from presets_store.durable import write_durably
from presets_store.services.keys import NewKey

KEY_FILE = "first-access-key.txt"


def announce_key(key: NewKey, state_folder: Path, out: TextIO) -> None:
    """Shows the key pair once: on a terminal as text, else in a file for the owner alone, because logs are kept."""
    text = f"access key: {key.access_key}\nsecret key: {key.secret}\n"
    if out.isatty():
        print(f"\nThis is the first start. Keep this key pair, it is not shown again:\n{text}", file=out)
        return
    path = state_folder / KEY_FILE
    write_durably(path, text.encode())
    print(f"first start: the access key is in {path}; keep it and delete the file", file=out, flush=True)


def announce_ready(url: str, settings: Settings, cameras: list[str], out: TextIO) -> None:
    """One paragraph: version, addresses, cameras, data."""
    lines = (
        f"cuelight {__version__} is ready.",
        f"  API      {url}  (signed requests), {settings.socket_path}  (command line)",
        f"  cameras  {', '.join(cameras)}",
        f"  data     {settings.state_folder}",
    )
    print("\n".join(lines), file=out, flush=True)
