"""The access key of a new store, shown to its owner once."""

from pathlib import Path
from typing import TextIO

from presets_store.durable import write_durably
from presets_store.services.people.keys import NewKey

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
