"""Users with other rights than the tests' own key, who is an administrator, and their clients."""

import uuid

from fakes.served_store import ServedStore, SigningClient
from sqlalchemy import Connection

from presets_store.rules.permissions import Role, ScopeKind
from presets_store.services.caller import INSIDE
from presets_store.storage.people.records import User
from presets_store.storage.people.users import insert_user


async def client_of(
    store: ServedStore, role: Role, scope: ScopeKind = ScopeKind.ALL, scope_key: int = 0
) -> SigningClient:
    """A client that signs with a new key of a new user."""
    wanted = User(name=f"{role}-{uuid.uuid4()}", role=role, scope=scope, scope_key=scope_key)

    def insert(connection: Connection) -> User:
        return insert_user(connection, wanted)

    user = await store.services.database.write(insert)
    key = await store.services.keys.create(INSIDE, wanted.name, user.key)
    return SigningClient(store.root, key, store.clock, store.client.session)
