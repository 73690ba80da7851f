"""`cuelight script explain` and `why`: would it fire, and why did it not."""

from datetime import datetime
from typing import Annotated, Any

import typer

from agent.cli.errors import BadParameters
from agent.cli.output import Fact, Record
from agent.cli.scripts.coming import COMING
from agent.cli.scripts.described import COUNTERS, DECISIONS, REASONS
from agent.cli.scripts.finding import SCRIPTS, camera_named, camera_names, cameras_of, script_named
from agent.cli.scripts.options import ScriptArgument
from agent.cli.session import session_of

FORTNIGHT = 14


def explain(
    context: typer.Context,
    script: ScriptArgument,
    at: Annotated[
        str,
        typer.Option("--at", metavar="TIME", help="ISO 8601, by this machine's clock without an offset. Without: now."),
    ] = "",
    camera: Annotated[str, typer.Option("--camera", metavar="CAMERA", help="As if this one saw it.")] = "",
    days: Annotated[
        int | None,
        typer.Option(
            "--days",
            metavar="N",
            min=1,
            max=60,
            help=f"How many days to show. Without: {FORTNIGHT}, or none with --at.",
        ),
    ] = None,
) -> None:
    """Whether a script would fire at a moment, why not, and when it works in the coming days."""
    session = session_of(context)
    key = script_named(session, script)["id"]
    query: dict[str, object] = {"days": (0 if at else FORTNIGHT) if days is None else days}
    if at:
        query["at"] = moment(at)
    if camera:
        query["camera"] = camera_named(cameras_of(session, ""), camera)["key"]
    found = session.client.get(f"{SCRIPTS}/{key}/explain", query)
    session.output.description(found, _verdict(found))
    if found["days"] and not session.output.as_json:
        session.output.line("")
        session.output.table(found["days"], COMING, empty="")


def moment(text: str) -> str:
    """ISO 8601 with an offset; one without is of this machine's zone. Raises BadParameters."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        problem = "is no time such as 2026-12-24T18:00 or 2026-12-24T18:00:00+01:00"
        raise BadParameters(given=f"--at {text}", problem=problem) from None
    return given.astimezone().isoformat()


def _verdict(found: Record) -> list[Fact]:
    at = datetime.fromisoformat(found["at"])
    fires = found["fires"]
    return [
        Fact("at", f"{at:%A %Y-%m-%d %H:%M:%S} ({found['time_zone']}, UTC{found['at'][-6:]})"),
        Fact("fires", "yes" if fires else "no", "bold green" if fires else "bold yellow"),
        *([] if fires else [Fact("because", found["explanation"])]),
    ]


def why(
    context: typer.Context,
    script: ScriptArgument,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, max=200, help="At most so many decisions.")] = 20,
) -> None:
    """How often a script fired or did not and why, and what it decided last."""
    session = session_of(context)
    record = script_named(session, script)
    found = session.client.get(f"{SCRIPTS}/{record['id']}/decisions", {"page": 1, "per_page": count})
    if session.output.as_json:
        session.output.document({"counters": found["counters"], "decisions": found["data"]})
        return
    if not found["data"]:
        session.output.line(
            f"script {record['id']} ({record['title']}) has not seen a trigger of {record['event']['name']} yet"
        )
        return
    session.output.table(_counters(found), COUNTERS, empty="")
    session.output.line("")
    names = camera_names(session)
    decisions = [each | {"camera": names.get(each["camera_id"], str(each["camera_id"]))} for each in found["data"]]
    session.output.table(decisions, DECISIONS, empty="")


def _counters(found: Record) -> list[dict[str, Any]]:
    """The most frequent first."""
    counted = sorted(found["counters"].items(), key=lambda item: (-item[1], item[0]))
    return [{"count": count, **_decided(name)} for name, count in counted]


def _decided(counter: str) -> Record:
    """A counter is named by the reason, or by the outcome where there is none. Other reasons are of what failed."""
    if counter == "fired":
        return {"outcome": "fired", "reason": ""}
    return {"outcome": "not" if counter in REASONS else "failed", "reason": counter}
