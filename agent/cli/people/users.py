"""`cuelight user create`, `list`, `disable`, `enable`, `password`."""

import getpass
import sys
from typing import Annotated, Any

import typer

from agent.cli.errors import BadParameters, NothingNamed
from agent.cli.options import YesOption
from agent.cli.records import USERS
from agent.cli.session import Session, session_of

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="Name or ID.")]


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and . _ @ + -")],
    role: Annotated[str, typer.Option("--role", metavar="ROLE", help="reader, operator, admin or device.")],
    scope: Annotated[
        str, typer.Option("--scope", metavar="SCOPE", help="all, device:DEVICE or group:GROUP, each by name or ID.")
    ] = "all",
    email: Annotated[str, typer.Option("--email", help="For people to know; nothing is sent there.")] = "",
    with_password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, or read it from standard input.")
    ] = False,
) -> None:
    """Make a user. Without a password the user asks by access keys: cuelight key create --user."""
    session = session_of(context)
    body = {"userName": name, "role": role, "email": email, **_scope(session, scope)}
    if with_password:
        body["password"] = _read_password()
    user = session.client.post("/v1/user", body)
    session.output.answer(user, f"user {user['key']} ({user['userName']}) is {user['role']} of {_reach(user)}")


def list_users(context: typer.Context) -> None:
    """List the users."""
    session = session_of(context)
    session.output.table(_users(session), USERS, empty="no users yet; make one with: cuelight user create")


def disable(context: typer.Context, user: UserArgument, yes: YesOption = False) -> None:
    """Disable a user: signed out at once, and keys open nothing."""
    session = session_of(context)
    record = user_named(session, user)
    session.confirm(f"Disable user {record['userName']}?", yes=yes)
    _set_status(session, record, "disabled")


def enable(context: typer.Context, user: UserArgument) -> None:
    """Enable a user that was disabled."""
    session = session_of(context)
    _set_status(session, user_named(session, user), "active")


def password(context: typer.Context, user: UserArgument) -> None:
    """Give a user another password. It is asked for, or read from standard input; sessions end."""
    session = session_of(context)
    record = user_named(session, user)
    session.client.request("PUT", f"/v1/user/{record['key']}/password", {"password": _read_password()})
    answer = {"key": record["key"], "passwordSet": True}
    session.output.answer(answer, f"user {record['userName']} has a new password, and is signed out everywhere")


def user_named(session: Session, named: str) -> dict[str, Any]:
    """The user with this name or ID. Raises NothingNamed."""
    for record in _users(session):
        if named in (str(record["key"]), record["userName"]):
            return record
    raise NothingNamed(what="user", name=named, hint="they are in: cuelight user list")


def _users(session: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.client.get("/v1/user/list")
    return found


def _set_status(session: Session, record: dict[str, Any], status: str) -> None:
    answer = session.client.request("PUT", f"/v1/user/{record['key']}", {"status": status})
    session.output.answer(answer, f"user {record['userName']} is {status}")


def _scope(session: Session, given: str) -> dict[str, Any]:
    """Members of the request. Raises BadParameters."""
    kind, _, named = given.partition(":")
    if given == "all":
        return {"scope": "all"}
    if kind == "device" and named:
        return {"scope": kind, "scopeID": session.device(named)["key"]}
    if kind == "group" and named:
        found = (
            int(named) if named.isdecimal() else session.client.post("/v1/devicegroup/name", {"value": named})["key"]
        )
        return {"scope": kind, "scopeID": found}
    raise BadParameters(given=f"--scope {given}", problem="is not all, device:DEVICE or group:GROUP")


def _reach(user: dict[str, Any]) -> str:
    return "all devices" if user["scope"] == "all" else f"{user['scope']} {user['scopeID']}"


def _read_password() -> str:
    """One line; without an echo, and twice, where somebody sits at a terminal. Raises BadParameters."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    given = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != given:
        raise BadParameters(given="the password", problem="was not the same twice")
    return given
