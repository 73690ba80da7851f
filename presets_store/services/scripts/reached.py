"""Which scripts a caller's permissions reach: all, or those whose cameras are all of devices in his scope."""

import json

from sqlalchemy import Connection

from presets_store.rules.permissions import Permission, ScopeKind
from presets_store.services.caller import Caller
from presets_store.services.errors import NotFound
from presets_store.services.reach import in_reach
from presets_store.storage.scripts.records import Script
from presets_store.storage.scripts.scripts import get_script, known_cameras, list_script_cameras
from presets_store.storage.tables import cameras

_OUTSIDE = " for a script outside of its scope"
"""The same of a foreign script as of none."""


def reached_script(
    connection: Connection, caller: Caller, permission: Permission, key: int, *, locked: bool = False
) -> Script:
    """The script with this key; `locked` until the transaction ends. Raises NotFound; Forbidden, also for none, unless
    the scope is `all`.
    """
    caller.principal.require(permission)
    script = get_script(connection, key, locked=locked)
    if caller.principal.scope is not ScopeKind.ALL and (
        script is None or not _within(connection, caller, [script.cameras])[0]
    ):
        raise caller.principal.refusal(permission, _OUTSIDE)
    if script is None:
        raise NotFound(what="script", name=key)
    return script


def keys_in_reach(connection: Connection, caller: Caller) -> list[int]:
    """The keys of the scripts that the caller may look at, in their order. Raises Forbidden."""
    caller.principal.require(Permission.READ)
    rows = list_script_cameras(connection)
    within = _within(connection, caller, [cameras for _, cameras in rows])
    return [key for (key, _), reached in zip(rows, within, strict=True) if reached]


def _within(connection: Connection, caller: Caller, given: list[str]) -> list[bool]:
    """Of each list of cameras, as scripts keep it, whether the caller reaches all of it; "" is every camera."""
    if caller.principal.scope is ScopeKind.ALL:
        return [True] * len(given)
    wanted = [set(json.loads(each)) if each else None for each in given]
    named: set[int] = set().union(*(keys for keys in wanted if keys))
    known = known_cameras(connection, in_reach(caller, cameras.c.device_key), named)
    return [bool(keys) and keys is not None and keys <= known for keys in wanted]
