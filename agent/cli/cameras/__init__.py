"""`cuelight camera ...`"""

import typer

from agent.cli.cameras.finding import controls, find
from agent.cli.cameras.listing import list_cameras
from agent.cli.cameras.secret import secret
from agent.cli.cameras.view import snapshot, view

app = typer.Typer(help="Cameras of a device.", no_args_is_help=True)

app.command("list")(list_cameras)
app.command("find")(find)
app.command("controls")(controls)
app.command("secret")(secret)
app.command("snapshot")(snapshot)
app.command("view")(view)
