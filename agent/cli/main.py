"""The root of the command line: global options, commands, and the one place where a failure becomes an exit code."""

import importlib
import io
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.completion.command import WHERE, prepare
from agent.cli.errors import Refused, exit_code
from agent.cli.exit_codes import ExitCode
from agent.cli.lazy import Later, LazyGroup
from agent.cli.output import Output
from agent.cli.session import Session, session_of
from agent.cli.text import clean_lines
from agent.setup.installed import settings_file
from presets_store import __version__
from presets_store.errors import CuelightError

EXIT_CODES = f"""\b
Exit codes:
  {ExitCode.OK}    fine
  {ExitCode.FAILED}    an event ended as Error, Cancelled or Timed_out; a file could not be
       read or written; a question was not answered with yes
  {ExitCode.USAGE}    wrong usage, or a preset file that is not one
  {ExitCode.REFUSED}    the agent refused, or has no such thing
  {ExitCode.UNREACHABLE}    no agent answers
  {ExitCode.UNHEALTHY}    doctor found something broken
  {ExitCode.SETTINGS}   the settings are invalid
  {ExitCode.INTERRUPTED}  interrupted by Ctrl-C
"""

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings (TOML). Without: the package's, or the defaults."),
]


class Root(LazyGroup):
    """`run`, `hub`, and these, which are loaded when they are asked for."""

    later = (
        Later("status", "agent.cli.status:status", "Show what the agent does, and why."),
        Later("doctor", "agent.cli.doctor:doctor", "Check everything, and say what to do about it."),
        Later(
            "setup",
            "agent.cli.setting_up:setup",
            "Say once what this device is: name, time zone, camera, upstream, network.",
        ),
        Later(
            "enroll",
            "agent.cli.enroll:enroll",
            "Enroll this device at an upstream: a token against a key pair, which is kept sealed.",
        ),
        Later("openapi", "agent.cli.main:openapi", "Print the OpenAPI document of the API. Needs no running agent."),
        Later(
            "completion", "agent.cli.completion.command:completion", "Print the completion script of a shell.", WHERE
        ),
        Later("preset", "agent.cli.presets:app", "Presets: actions that wait to be run."),
        Later("event", "agent.cli.events:app", "Events: what was asked for, and what became of it."),
        Later("camera", "agent.cli.cameras:app", "Cameras of a device."),
        Later(
            "device",
            "agent.cli.devices:app",
            "Devices that this agent's store knows: its own, and others that presets are copied to.",
        ),
        Later("clip", "agent.cli.clips:app", "Clips: what was recorded."),
        Later("key", "agent.cli.keys:app", "Access keys, and the key that seals."),
        Later("package", "agent.cli.packages:app", "Software packages: for their makers."),
        Later("user", "agent.cli.people:app", "Users: who may ask by keys and sessions, and for what."),
        Later("script", "agent.cli.scripts:app", "Scripts: when something happens, a reaction, for the right people."),
        Later(
            "analytics",
            "agent.cli.scripts:analytics_app",
            "Analytics: what is looked for in the pictures of cameras.",
        ),
        Later("channel", "agent.cli.scripts:channel_app", "Channels: where users are told."),
    )


app = typer.Typer(
    name="cuelight",
    cls=Root,
    help="Preset events become camera actions. `run` is the agent, `hub` that of a fleet; all else talks to the agent.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"cuelight {__version__}\n")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON; may stand anywhere on the line.")] = False,
    _: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    context.obj = Session(settings_file(config), Output(as_json=as_json))


@app.command("run")
def run(
    context: typer.Context,
    config: ConfigOption = None,
    first_preset: Annotated[
        bool, typer.Option("--first-preset", help="Record 10 s by a preset of its own, to see the whole path once.")
    ] = False,
) -> None:
    """Run the agent until it is told to stop."""
    file = config or session_of(context).config
    options = [*(["--config", str(file)] if file else []), *(["--first-preset"] if first_preset else [])]
    # A new program image: the agent shall not carry the command line's libraries in its memory.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "agent", "run", *options])  # noqa: S606  # our own module


@app.command("hub")
def hub(
    context: typer.Context,
    config: ConfigOption = None,
    database: Annotated[
        str, typer.Option("--database", metavar="URL", help="sqlite:///PATH or postgresql://USER@HOST/NAME")
    ] = "",
) -> None:
    """Run the hub of a fleet until it is told to stop."""
    file = config or context.find_root().params["config"]  # not the package's file: that is the agent's
    options = [*(["--config", str(file)] if file else []), *(["--database", database] if database else [])]
    os.execv(sys.executable, [sys.executable, "-P", "-m", "presets_store.hub", *options])  # noqa: S606  # our own module


def openapi(context: typer.Context) -> None:
    """Print the OpenAPI document of the API. Needs no running agent."""
    # Loaded by this command alone: the API's libraries take longer to load than all other commands take to answer.
    store, agent = (importlib.import_module(name) for name in ("presets_store.api", "agent.api.routes"))
    document = importlib.import_module("presets_store.api.openapi").document((*store.ROUTES, *agent.ROUTES))
    session_of(context).output.document(document)


def main(arguments: Sequence[str]) -> int:
    """Runs the command of `arguments`; answers its exit code, or leaves by SystemExit with it."""
    # The agent's own modules log for the agent; what they mean for a command is in the errors that they raise.
    logging.getLogger("agent").addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    prepare()
    as_json, rest = without_json(arguments)
    try:
        app(["--json", *rest] if as_json else rest, prog_name="cuelight")
    except CuelightError as error:
        sys.stderr.write(_told(error, as_json=as_json))
        return exit_code(error)
    return ExitCode.OK


def without_json(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether `--json` stands anywhere before a `--`, and the arguments without it."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    before = [argument for argument in arguments[:end] if argument != "--json"]
    return len(before) < end, [*before, *arguments[end:]]


def _told(error: CuelightError, *, as_json: bool) -> str:
    if not as_json:
        return f"cuelight: {clean_lines(error.message)}\n"
    code = error.problem if isinstance(error, Refused) else error.code
    return json.dumps({"error": code, "message": error.message}) + "\n"
