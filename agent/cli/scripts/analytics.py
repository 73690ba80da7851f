"""`cuelight analytics add`, `list`, `show`, `remove`, `kinds`: what is looked for in the pictures of cameras."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from agent.cli.completion.candidates import analytic_types, case_names
from agent.cli.errors import NothingNamed
from agent.cli.options import YesOption
from agent.cli.parameters import event_parameters
from agent.cli.scripts.described import CASES, KINDS, case_facts
from agent.cli.scripts.finding import CASES as PATH
from agent.cli.scripts.finding import camera_meant, camera_name, camera_names, case_named, pages_of
from agent.cli.scripts.zones import right, zones_of
from agent.cli.session import session_of
from presets_store.rules.scripts.analytics import ANALYSERS, Analyser

CaseArgument = Annotated[
    str, typer.Argument(metavar="CASE", help="ID or name.", show_default=False, autocompletion=case_names)
]
_POLYGON = "[NAME=]X,Y X,Y X,Y"


def _zone_option(name: str, form: str, text: str) -> Any:
    return typer.Option(name, metavar=f"'{form}'", help=f"{text} Repeatable.")


def add(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="Such as person_counting: cuelight analytics kinds.", autocompletion=analytic_types
        ),
    ],
    camera: Annotated[
        str, typer.Option("--camera", metavar="CAMERA", help="Without: the only one of this device.")
    ] = "",
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="For people. Without: the kind.")] = "",
    area: Annotated[list[str] | None, _zone_option("--area", _POLYGON, "A part with a result of its own.")] = None,
    line: Annotated[list[str] | None, _zone_option("--line", "[NAME=]X,Y X,Y", "A line that may be crossed.")] = None,
    include: Annotated[list[str] | None, _zone_option("--include", _POLYGON, "Look only there.")] = None,
    exclude: Annotated[list[str] | None, _zone_option("--exclude", _POLYGON, "Do not look there.")] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="K=V", help="As in: cuelight analytics kinds KIND. Repeatable."),
    ] = None,
) -> None:
    """Look for something in a camera's picture. What is seen is a trigger, for which scripts may wait.

    Zones are points from 0 to 1, from the upper left corner: '0,0.5 1,0.5 1,1 0,1' is the lower half.
    """
    session = session_of(context)
    where = camera_meant(session, camera)
    given = {"area": area or [], "line": line or [], "include": include or [], "exclude": exclude or []}
    body = {
        "camera_id": where["key"],
        "analytic_type": kind,
        "name": name or kind,
        "zones": zones_of(given),
        "options": json.loads(event_parameters("", pairs or [])),
    }
    case = session.client.post(PATH, body)
    text = f"analytic case {case['id']} ({case['name']}) looks at {camera_name(where)}"
    session.output.answer(case, text)


def list_cases(context: typer.Context) -> None:
    """List what is looked for, and where."""
    session = session_of(context)
    cases = list(pages_of(session, PATH))
    if not session.output.as_json:
        names = camera_names(session)
        cases = [case | {"camera": names.get(case["camera_id"], str(case["camera_id"]))} for case in cases]
    session.output.table(cases, CASES, empty="nothing is looked for yet; begin with: cuelight analytics add")


def show(context: typer.Context, case: CaseArgument) -> None:
    """Show an analytic case, its zones and options."""
    session = session_of(context)
    record = case_named(session, case)
    camera = "" if session.output.as_json else camera_names(session).get(record["camera_id"], str(record["camera_id"]))
    session.output.description(record, case_facts(record, camera))


def remove(context: typer.Context, case: CaseArgument, yes: YesOption = False) -> None:
    """Look for it no longer."""
    session = session_of(context)
    record = case_named(session, case)
    key, name = record["id"], record["name"]
    session.confirm(f"Remove analytic case {key} ({name})?", yes=yes)
    session.client.request("DELETE", f"{PATH}/{key}")
    session.output.answer({"id": key, "removed": True}, f"analytic case {key} ({name}) is removed")


def kinds(
    context: typer.Context,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="Without: all.", show_default=False, autocompletion=analytic_types)
    ] = "",
) -> None:
    """List what can be looked for, and the options of each. Needs no running agent."""
    analysers = {kind: _analyser(kind)} if kind else ANALYSERS
    session_of(context).output.table(_options(analysers), KINDS, empty="")


def _analyser(kind: str) -> Analyser:
    if kind not in ANALYSERS:
        raise NothingNamed(what="kind", name=kind, hint=f"there are: {', '.join(ANALYSERS)}")
    return ANALYSERS[kind]


def _options(analysers: Mapping[str, Analyser]) -> list[dict[str, str]]:
    return [
        {
            "kind": kind,
            "option": name,
            "default": json.dumps(option.default),
            "right": right(option),
            "meaning": option.meaning,
        }
        for kind, analyser in analysers.items()
        for name, option in analyser.options.items()
    ]
