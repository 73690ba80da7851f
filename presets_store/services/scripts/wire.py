"""Rows of scripts and users as the scripts API writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from presets_store.protocol.scripts.people import (
    AdminOwner,
    AdminUser,
    ClientOwner,
    ClientUser,
    PermissionRecord,
    Recipient,
)
from presets_store.protocol.scripts.scripts import AdminScriptRecord, ClientScriptRecord, ShownExtra
from presets_store.redaction import HIDDEN
from presets_store.rules.permissions import PERMISSIONS, Permission
from presets_store.rules.scripts.catalogue import CatalogueEvent
from presets_store.rules.scripts.working_time import WorkingTime
from presets_store.services.scripts.catalogue import event_record, reaction_record
from presets_store.storage.people.records import User
from presets_store.storage.scripts.records import Script

_ORDER: Final = tuple(Permission)
_FORGOTTEN: Final = CatalogueEvent(id=0, name="", description="", color="", analytic_type="")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a script's record shows beside its row: the events and users that it names, and the day and zone of now."""

    events: Mapping[str, CatalogueEvent]
    users: Mapping[int, User]
    zone: ZoneInfo
    today: date


def admin_script(script: Script, around: Surroundings) -> AdminScriptRecord:
    """The admin generation's form."""
    return AdminScriptRecord(
        id=script.key,
        event=event_record(around.events.get(script.event_name, _FORGOTTEN)),
        reaction=reaction_record(script.reaction),
        users=[admin_user(user) for user in _users(script, around)],
        schedule=WorkingTime.from_json(script.working_time).schedule(around.zone, around.today),
        created_at=script.created,
        updated_at=script.modified,
    )


def client_script(script: Script, secrets: Mapping[str, str], around: Surroundings) -> ClientScriptRecord:
    """The client generation's form. Of `secrets` it only shows which there are."""
    working_time = WorkingTime.from_json(script.working_time)
    as_schedule = "schedule" in json.loads(working_time.to_json() or "{}")
    return ClientScriptRecord(
        id=script.key,
        title=script.title,
        schedule=working_time.schedule(around.zone, around.today) if as_schedule else [],
        timetable=working_time.timetable(),
        status=script.status.value,
        created_at=script.created,
        updated_at=script.modified,
        users=[client_user(user) for user in _users(script, around)],
        event=event_record(around.events.get(script.event_name, _FORGOTTEN)),
        reaction=reaction_record(script.reaction),
        extra=shown_extra(json.loads(script.extra), secrets),
        cameras=json.loads(script.cameras) if script.cameras else None,
        cooldown_seconds=script.cooldown_seconds,
    )


def shown_extra(extra: Mapping[str, Any], secrets: Mapping[str, str]) -> ShownExtra:
    """Secrets that there are as HIDDEN."""
    return ShownExtra(**{**extra, **dict.fromkeys(secrets, HIDDEN)})


def recipient(user: User) -> Recipient:
    """As the list of possible recipients shows a user."""
    return Recipient(**_person(user), parent_id=None, can_update_password=bool(user.password_hash))


def client_user(user: User) -> ClientUser:
    return ClientUser(**_person(user), permissions=permissions_of(user), can_update_password=bool(user.password_hash))


def admin_user(user: User) -> AdminUser:
    return AdminUser(**_person(user))


def client_owner(user: User, token_id: str) -> ClientOwner:
    """Whose token it is."""
    return ClientOwner(
        **_person(user),
        access_token_id=token_id,
        can_update_password=bool(user.password_hash),
        permissions=permissions_of(user),
    )


def admin_owner(user: User, token_id: str) -> AdminOwner:
    """Whose token it is."""
    return AdminOwner(**_person(user), access_token_id=token_id, permissions=permissions_of(user))


def permissions_of(user: User) -> list[PermissionRecord]:
    """What the user's role may do; ids count from 1 in the order of `Permission`."""
    return [
        PermissionRecord(
            id=_ORDER.index(permission) + 1,
            name=permission.value,
            display_name=permission.value.capitalize(),
            group=user.role.value,
        )
        for permission in _ORDER
        if permission in PERMISSIONS[user.role]
    ]


def _person(user: User) -> dict[str, Any]:
    return {
        "id": user.key,
        "name": user.name,
        "login": user.name,
        "created_at": user.created,
        "updated_at": user.modified,
    }


def _users(script: Script, around: Surroundings) -> list[User]:
    """Of a mirrored script none: its users are its upstream's."""
    if script.upstream:
        return []
    return [around.users[key] for key in json.loads(script.users) if key in around.users]
