"""Sessions: a user's password against a token, which is good for a while. Only the token's hash is kept."""

import hashlib
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sqlalchemy import Connection

from presets_store.clock import micros
from presets_store.protocol.people.sessions import SessionAnswer, SessionRecord
from presets_store.rules.permissions import Principal
from presets_store.services.caller import INSIDE, Caller
from presets_store.services.errors import NotFound
from presets_store.services.people.errors import SessionOver, SignInRefused, TooManySessions
from presets_store.services.people.keys import principal_of
from presets_store.services.people.passwords import Passwords
from presets_store.services.unit import Unit, Units
from presets_store.storage.people.records import Session, User, UserStatus
from presets_store.storage.people.sessions import (
    any_session_over,
    delete_session,
    delete_sessions,
    find_session,
    forget_sessions,
    insert_session,
    list_sessions,
    touch_session,
)
from presets_store.storage.people.users import find_user, get_user, get_user_for_update, update_user

MAX_SESSIONS: Final = 32
"""Of one user; with one more the oldest ends."""

_SEEN_EVERY: Final = 60_000_000
"""How old the stored date of a session's last use may become, microseconds."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Of a session, seconds: `longest` from its beginning, `idle` from its last use."""

    longest: float = 12 * 3600.0
    idle: float = 2 * 3600.0


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session it is. `name` is what the caller is called in the store."""

    key: int
    principal: Principal

    @property
    def name(self) -> str:
        return listener_of(self.key)


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session, its token, which nobody is told again, and whose it is."""

    session: Session
    token: str
    user: User


class SessionsService:
    """A session ends when its time is over, when its user ends it, is disabled, or gets another password."""

    def __init__(self, units: Units, passwords: Passwords) -> None:
        self._units = units
        self._passwords = passwords

    async def sign_in(self, name: str, password: str, lifetime: Lifetime) -> SessionAnswer:
        """A new session, as `begin`."""
        begun = await self.begin(name, password, lifetime)
        return SessionAnswer(session_guid=begun.token, browser_guid=begun.session.browser_guid)

    async def begin(self, name: str, password: str, lifetime: Lifetime, instead_of: int | None = None) -> Begun:
        """A new session. `instead_of`: the key of the session that ends for it, 0 for none; None: of too many the
        oldest. Raises SignInRefused, after the same time for all reasons, TooManySignIns, with a key TooManySessions.
        """
        user = await self._proven(name, password)
        token = str(uuid.uuid4())

        def begin(unit: Unit) -> Session:
            _still(unit.connection, user)
            self._make_room(unit, user, instead_of)
            session = Session(
                token_hash=_hashed(token),
                user_key=user.key,
                browser_guid=str(uuid.uuid4()),
                created=unit.now,
                expires=unit.now + micros(lifetime.longest),
                last_seen=unit.now,
            )
            return insert_session(unit.connection, session)

        return Begun(await self._units.write(INSIDE, begin), token, user)

    def _make_room(self, unit: Unit, user: User, instead_of: int | None) -> None:
        """For one session more. Raises TooManySessions."""
        there = list_sessions(unit.connection, user.key)
        ending = [session for session in there if session.key == instead_of]
        if instead_of is None:
            ending = there[: 1 - MAX_SESSIONS]
        elif len(there) - len(ending) >= MAX_SESSIONS:
            raise TooManySessions(limit=MAX_SESSIONS, session_id=there[0].key)
        for session in ending:
            delete_session(unit.connection, session.key)
            unit.afterwards.append(partial(self._units.let_go, listener_of(session.key)))

    async def change_password(self, name: str, password: str, new: str) -> None:
        """Of who knows the present one. Signs the user out everywhere. Raises SignInRefused, TooManySignIns."""
        user = await self._proven(name, password)
        kept = await self._passwords.hashed(new)

        def change(unit: Unit) -> None:
            before = _still(unit.connection, user)
            after = replace(before, password_hash=kept, modified=unit.now, modified_by=before.name)
            update_user(unit.connection, before, after)
            listeners = [listener_of(session.key) for session in list_sessions(unit.connection, user.key)]
            delete_sessions(unit.connection, user.key)
            unit.afterwards.extend(partial(self._units.let_go, listener) for listener in listeners)

        await self._units.write(INSIDE, change)

    async def _proven(self, name: str, password: str) -> User:
        """The active user with this name and password. Raises SignInRefused, after the same time for all reasons."""
        user = await self._units.read(lambda connection: find_user(connection, name))
        kept = user.password_hash if user and user.status is UserStatus.ACTIVE else ""
        if not await self._passwords.fits(password, kept) or user is None:
            raise SignInRefused
        return user

    async def signed_in(self, token: str, lifetime: Lifetime) -> SignedIn:
        """Whose session has this token, with the rights of now. Raises SessionOver."""
        now = self._units.now()

        def find(connection: Connection) -> tuple[Session, User] | None:
            session = find_session(connection, _hashed(token))
            user = get_user(connection, session.user_key) if session else None
            return (session, user) if session and user else None

        found = await self._units.read(find)
        if found is None or found[1].status is not UserStatus.ACTIVE or _over(found[0], now, lifetime):
            raise SessionOver
        session, user = found
        if now - session.last_seen >= _SEEN_EVERY:
            await self._units.write(INSIDE, lambda unit: touch_session(unit.connection, session.key, unit.now))
        return SignedIn(session.key, principal_of(user))

    async def get(self, caller: Caller, key: int) -> SessionRecord:
        """The caller's own session. Raises NotFound, also for 0, which is none."""
        for record in await self.list(caller):
            if record.key == key:
                return record
        raise NotFound(what="session", name="of this request")

    async def list(self, caller: Caller) -> list[SessionRecord]:
        """Those of the caller's user, oldest first."""

        def find(connection: Connection) -> list[SessionRecord]:
            user = get_user(connection, caller.principal.user_key)
            return [_record(session, user) for session in list_sessions(connection, user.key)] if user else []

        return await self._units.read(find)

    async def end(self, caller: Caller, key: int) -> None:
        """Ends the caller's own session. Raises NotFound, also for 0, which is none."""
        if not key:
            raise NotFound(what="session", name="of this request")

        def end(unit: Unit) -> None:
            delete_session(unit.connection, key)
            unit.afterwards.append(lambda: self._units.let_go(listener_of(key)))

        await self._units.write(caller, end)

    async def sweep(self) -> None:
        """Forgets sessions whose time is over, and lets go who still listens by them."""
        now = self._units.now()
        if await self._units.read(lambda connection: any_session_over(connection, now)):
            for key in await self._units.write(INSIDE, lambda unit: forget_sessions(unit.connection, now)):
                self._units.let_go(listener_of(key))


def listener_of(key: int) -> str:
    """What the caller of a session is called."""
    return f"session:{key}"


def _still(connection: Connection, proven: User) -> User:
    """The user, locked. Raises SignInRefused when it was changed while its password was checked."""
    now = get_user_for_update(connection, proven.key)
    if now is None or now.status is not UserStatus.ACTIVE or now.password_hash != proven.password_hash:
        raise SignInRefused
    return now


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _over(session: Session, now: int, lifetime: Lifetime) -> bool:
    return now >= session.expires or now - session.last_seen >= micros(lifetime.idle)


def _record(session: Session, user: User) -> SessionRecord:
    return SessionRecord(
        key=session.key,
        user_id=user.key,
        user_name=user.name,
        role=user.role.value,
        scope=user.scope.value,
        scope_id=user.scope_key,
        browser_guid=session.browser_guid,
        creation_date=session.created,
        last_seen_date=session.last_seen,
        expiration_date=session.expires,
    )
