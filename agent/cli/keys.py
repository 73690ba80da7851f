"""`cuelight key ...`: who may sign requests, and the key that seals this device's secrets."""

from typing import Annotated, Any

import typer

from agent.cli.errors import BadParameters, NothingNamed
from agent.cli.options import YesOption
from agent.cli.output import Fact
from agent.cli.people.users import user_named
from agent.cli.records import KEYS
from agent.cli.session import Session, session_of

app = typer.Typer(help="Access keys, and the key that seals.", no_args_is_help=True)

KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="ID or access key.")]


@app.command("create")
def create(
    context: typer.Context,
    description: Annotated[str, typer.Argument(metavar="DESCRIPTION", help="What it is for.")],
    user: Annotated[
        str, typer.Option("--user", metavar="USER", help="Whose key it is: name or ID. Without: the owner's.")
    ] = "",
) -> None:
    """Make an access key. Its secret is shown only now."""
    session = session_of(context)
    whose = {"userID": user_named(session, user)["key"]} if user else {}
    _show_pair(session, session.client.post("/v1/apikey", {"aPIKeyDescription": description, **whose}))


@app.command("list")
def list_keys(context: typer.Context) -> None:
    """List the access keys."""
    session = session_of(context)
    session.output.table(_keys(session), KEYS, empty="no access keys; make one with: cuelight key create")


@app.command("revoke")
def revoke(context: typer.Context, key: KeyArgument, yes: YesOption = False) -> None:
    """Revoke an access key. What it signs is refused from now on."""
    session = session_of(context)
    record = _key(session, key)
    session.confirm(f"Revoke {_named(record)}?", yes=yes)
    session.client.request("DELETE", f"/v1/apikey/{record['key']}")
    session.output.answer({"key": record["key"], "revoked": True}, f"{_named(record)} is revoked")


@app.command("rotate")
def rotate(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="ID or access key.", show_default=False)] = "",
    seal: Annotated[
        bool, typer.Option("--seal", help="Make a new key that seals, and seal everything with it.")
    ] = False,
    yes: YesOption = False,
) -> None:
    """Replace an access key, or with --seal the key that seals.

    An access key gets a new pair with the same description; the old one stops at once.
    """
    session = session_of(context)
    if seal == bool(key):
        raise BadParameters(given="key rotate", problem="needs either a KEY, which gets a new pair, or --seal")
    if seal:
        answer = session.client.post("/v1/sealkey/rotate", {})
        text = f"the new seal key is {answer['keyID']}; {answer['resealed']} values are sealed with it anew"
        session.output.answer(answer, text)
        return
    record = _key(session, key)
    session.confirm(f"Replace {_named(record)}? The old pair stops at once.", yes=yes)
    _show_pair(session, session.client.post(f"/v1/apikey/{record['key']}/rotate", {}))


@app.command("rotate-upstream")
def rotate_upstream(context: typer.Context) -> None:
    """Change this device's key at its upstream for another: fetched, tried, then the old one is dropped."""
    session = session_of(context)
    answer = session.client.post("/v1/upstream/key/rotate", {})
    session.output.answer(answer, f"this device signs with {answer['accessKey']} now; its old key is revoked")


def _show_pair(session: Session, pair: dict[str, Any]) -> None:
    facts = [
        Fact("key", str(pair["key"])),
        Fact("description", pair.get("aPIKeyDescription") or ""),
        Fact("access key", pair["accessKey"], "bold"),
        Fact("secret", pair["secretKey"], "bold"),
    ]
    session.output.description(pair, facts)
    if not session.output.as_json:
        session.output.line("The secret is shown only now: keep it.", "yellow")


def _keys(session: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.client.get("/v1/apikey/list")
    return found


def _key(session: Session, named: str) -> dict[str, Any]:
    for record in _keys(session):
        if named in (str(record["key"]), record["accessKey"]):
            return record
    raise NothingNamed(what="access key", name=named, hint="they are in: cuelight key list")


def _named(record: dict[str, Any]) -> str:
    return f"access key {record['accessKey']} ({record['aPIKeyDescription']})"
