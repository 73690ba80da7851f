"""`cuelight package ...`: for whoever makes packages, on a machine of theirs. Needs no agent."""

import typer

from agent.cli.packages.signing import make_key, sign_package

app = typer.Typer(help="Software packages: for their makers.", no_args_is_help=True)

app.command("key")(make_key)
app.command("sign")(sign_package)
