"""`cuelight user ...`"""

import typer

from agent.cli.people.users import create, disable, enable, list_users, password

app = typer.Typer(help="Users: who may ask by keys and sessions, and for what.", no_args_is_help=True)

app.command("create")(create)
app.command("list")(list_users)
app.command("disable")(disable)
app.command("enable")(enable)
app.command("password")(password)
