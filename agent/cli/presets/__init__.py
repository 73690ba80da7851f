"""`cuelight preset ...`"""

import typer

from agent.cli.presets.commands import copy, create, delete, list_presets, run, show
from agent.cli.presets.editing import update
from agent.cli.presets.exchange import export, import_
from agent.cli.presets.startup import startup

app = typer.Typer(help="Presets: actions that wait to be run.", no_args_is_help=True)

app.command("create")(create)
app.command("list")(list_presets)
app.command("show")(show)
app.command("run")(run)
app.command("startup")(startup)
app.command("update")(update)
app.command("copy")(copy)
app.command("export")(export)
app.command("import")(import_)
app.command("delete")(delete)
