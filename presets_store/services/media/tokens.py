"""Tokens by which a media server lets publishers and readers in. Nothing is stored: each replica checks all of them."""

import hashlib
import hmac
import re
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs

from sqlalchemy import Connection

from presets_store.clock import Clock, micros
from presets_store.protocol.media.tokens import MediaRequest, MediaToken, SrtCredential
from presets_store.rules.permissions import PERMISSIONS, Permission, ScopeKind
from presets_store.sealing import Seals
from presets_store.services.caller import Caller
from presets_store.services.media.errors import MediaRefused, MediaTokenMissing
from presets_store.services.reach import in_reach
from presets_store.services.unit import Units
from presets_store.storage.fleet.streams import path_is_of
from presets_store.storage.fleet.tables import streams

SECONDS: Final = 300.0
"""What a token lives: until a connection is made. One that is made goes on."""
USER: Final = "token"
"""The user name with which a token is sent as a password."""

_TOKEN: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})")
_PARAMETERS: Final = 8
"""Parameters of a query that are looked at."""


class MediaAction(StrEnum):
    """What a token allows."""

    PUBLISH = "publish"
    READ = "read"


class MediaTokensService:
    """A token is `<end>.<hex>`: the Unix second at which it ends, and HMAC-SHA256 of the action, that and the path."""

    def __init__(self, units: Units, seals: Seals, clock: Clock) -> None:
        self._units = units
        self._key = seals.derive("tokens of media servers")
        self._clock = clock

    async def token(self, caller: Caller, action: MediaAction, path: str) -> MediaToken:
        """Raises Forbidden."""
        end = await self._end(caller, action, path)
        return MediaToken.model_construct(token=self._signed(action, path, end), expires_utc=micros(end))

    async def srt_credential(self, caller: Caller, path: str) -> SrtCredential:
        """Raises Forbidden."""
        end = await self._end(caller, MediaAction.PUBLISH, path)
        return SrtCredential.model_construct(
            user=USER,
            password=self._signed(MediaAction.PUBLISH, path, end),
            stream_path=path,
            expires_utc=micros(end),
        )

    def check(self, asked: MediaRequest) -> None:
        """Raises MediaTokenMissing when nothing was sent, MediaRefused when it does not allow what is asked."""
        given = [asked.token, asked.password if asked.user in ("", USER) else "", _in_query(asked.query)]
        if not any((asked.user, *given)):
            raise MediaTokenMissing
        if asked.action not in list(MediaAction):
            raise MediaRefused
        if not any(self._allows(token, MediaAction(asked.action), asked.path) for token in given):
            raise MediaRefused

    async def _end(self, caller: Caller, action: MediaAction, path: str) -> int:
        await self._units.read(lambda connection: _require(connection, caller, action, path))
        return round(self._clock.now() + SECONDS)

    def _signed(self, action: MediaAction, path: str, end: int) -> str:
        return f"{end}.{self._code(action, path, str(end))}"

    def _allows(self, token: str, action: MediaAction, path: str) -> bool:
        parts = _TOKEN.fullmatch(token)
        if parts is None or not hmac.compare_digest(parts[2], self._code(action, path, parts[1])):
            return False
        return int(parts[1]) > self._clock.now()

    def _code(self, action: MediaAction, path: str, end: str) -> str:
        # Only the path may hold a line feed, and it comes last. Media servers tell it with or without its first slash.
        return hmac.new(self._key, f"{action}\n{end}\n{_bare(path)}".encode(), hashlib.sha256).hexdigest()


def _bare(path: str) -> str:
    return path.removeprefix("/")


def _in_query(query: str) -> str:
    try:
        return parse_qs(query.removeprefix("?"), max_num_fields=_PARAMETERS).get("token", [""])[0]
    except ValueError:
        return ""


def _require(connection: Connection, caller: Caller, action: MediaAction, path: str) -> None:
    """Raises Forbidden. Whose scope is not all devices gets tokens for paths of streams in reach, and of no others."""
    who = caller.principal
    needed = _needed(caller, action)
    who.require(needed)
    if who.scope is ScopeKind.ALL:
        return
    mine = in_reach(caller, streams.c.device_key)
    paths = (_bare(path), "/" + _bare(path))
    if not path_is_of(connection, paths, mine) or path_is_of(connection, paths, ~mine):
        raise who.refusal(needed, " for a stream path outside of its scope")


def _needed(caller: Caller, action: MediaAction) -> Permission:
    if action is MediaAction.READ:
        return Permission.READ
    reports = Permission.REPORT in PERMISSIONS[caller.principal.role]
    return Permission.REPORT if reports else Permission.EDIT
