"""The services about users, built together."""

from dataclasses import dataclass

from presets_store.services.people.enrolment import EnrolmentService
from presets_store.services.people.keys import KeysService
from presets_store.services.people.own_keys import OwnKeysService
from presets_store.services.people.passwords import Passwords
from presets_store.services.people.sessions import SessionsService
from presets_store.services.people.users import UsersService
from presets_store.services.unit import Units


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleServices:
    users: UsersService
    sessions: SessionsService
    enrolments: EnrolmentService
    own_keys: OwnKeysService

    async def sweep(self) -> None:
        """Forgets sessions and enrolment tokens whose time is over."""
        await self.sessions.sweep()
        await self.enrolments.sweep()


def build_people(units: Units, keys: KeysService) -> PeopleServices:
    """Builds them on the keys that they make and revoke."""
    passwords = Passwords()
    return PeopleServices(
        users=UsersService(units, keys, passwords),
        sessions=SessionsService(units, passwords),
        enrolments=EnrolmentService(units, keys),
        own_keys=OwnKeysService(units, keys),
    )
