"""The hub's seal key: the same at all replicas, which a value in the database tells."""

import asyncio
from pathlib import Path

from sqlalchemy import Connection

from presets_store.hub.errors import SealKeyDiffers, SealKeyMissing
from presets_store.sealing import SealBroken, Sealer, load_or_create_key
from presets_store.storage import Database
from presets_store.storage.meta import get_meta, set_meta_if_absent

CHECK = "hub.seal_check"
"""The name in the database, and under which its value is sealed."""


async def open_seal_key(path: Path, database: Database) -> Sealer:
    """The sealer of the key file, which the first replica of a new database makes.

    Raises SealKeyMissing, SealKeyDiffers, SealKeyUnusable, OSError.
    """
    known = await database.read(lambda connection: get_meta(connection, CHECK))
    if known is not None and not await asyncio.to_thread(path.exists):
        raise SealKeyMissing(path=path)
    sealer = await asyncio.to_thread(load_or_create_key, path)
    check = await database.write(lambda connection: _check(connection, sealer))
    try:
        sealer.unseal(CHECK, bytes.fromhex(check))
    except SealBroken as broken:
        raise SealKeyDiffers(path=path, reason=broken.fields["reason"]) from broken
    return sealer


def _check(connection: Connection, sealer: Sealer) -> str:
    """The value that is there, or ours from now on: of several first replicas one is the first."""
    set_meta_if_absent(connection, CHECK, sealer.seal(CHECK, b"").hex())
    return get_meta(connection, CHECK) or ""
