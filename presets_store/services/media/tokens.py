"""Tokens by which a media server lets publishers and readers in. Nothing is stored: each replica checks all of them."""

from enum import StrEnum
from typing import Final
from urllib.parse import parse_qs

from sqlalchemy import Connection

from presets_store.clock import Clock, micros
from presets_store.protocol.media.tokens import MediaRequest, MediaToken, SrtCredential
from presets_store.rules.permissions import Permission, ScopeKind
from presets_store.sealing import Seals
from presets_store.services.caller import Caller
from presets_store.services.media.errors import MediaRefused, MediaTokenMissing
from presets_store.services.media.expiring import ExpiringTokens
from presets_store.services.reach import in_reach, writing
from presets_store.services.unit import Units
from presets_store.storage.fleet.streams import path_is_of
from presets_store.storage.fleet.tables import streams

SECONDS: Final = 300.0
"""What a token lives: until a connection is made. One that is made goes on."""
USER: Final = "token"
"""The user name with which a token is sent as a password."""

_PARAMETERS: Final = 8
"""Parameters of a query that are looked at."""


class MediaAction(StrEnum):
    """What a token allows."""

    PUBLISH = "publish"
    READ = "read"


class MediaTokensService:
    """A token is for an action on a path; media servers tell the path with or without its first slash."""

    def __init__(self, units: Units, seals: Seals, clock: Clock) -> None:
        self._units = units
        self._tokens = ExpiringTokens(seals.derive("tokens of media servers"), clock)
        self._clock = clock

    async def token(self, caller: Caller, action: MediaAction, path: str) -> MediaToken:
        """Raises Forbidden."""
        end = await self._end(caller, action, path)
        return MediaToken.model_construct(token=self._tokens.make(action, _bare(path), end), expires_utc=micros(end))

    async def srt_credential(self, caller: Caller, path: str) -> SrtCredential:
        """Raises Forbidden."""
        end = await self._end(caller, MediaAction.PUBLISH, path)
        return SrtCredential.model_construct(
            user=USER,
            password=self._tokens.make(MediaAction.PUBLISH, _bare(path), end),
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
        if not any(self._tokens.allows(token, asked.action, _bare(asked.path)) for token in given):
            raise MediaRefused

    async def _end(self, caller: Caller, action: MediaAction, path: str) -> int:
        await self._units.read(lambda connection: _require(connection, caller, action, path))
        return round(self._clock.now() + SECONDS)


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
    return Permission.READ if action is MediaAction.READ else writing(caller)
