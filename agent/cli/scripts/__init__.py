"""`cuelight script ...`, `channel ...` and `analytics ...`"""

import typer

from agent.cli.scripts import analytics, channels
from agent.cli.scripts.commands import delete, disable, enable, events, list_scripts, show
from agent.cli.scripts.explaining import explain, why
from agent.cli.scripts.making import create
from agent.cli.scripts.trying import try_out

app = typer.Typer(help="Scripts: when something happens, a reaction, for the right people.", no_args_is_help=True)
app.command("create")(create)
app.command("list")(list_scripts)
app.command("show")(show)
app.command("enable")(enable)
app.command("disable")(disable)
app.command("delete")(delete)
app.command("explain")(explain)
app.command("why")(why)
app.command("test")(try_out)
app.command("events")(events)

channel_app = typer.Typer(help="Channels: where users are told.", no_args_is_help=True)
channel_app.command("add")(channels.add)
channel_app.command("list")(channels.list_channels)
channel_app.command("test")(channels.try_out)
channel_app.command("remove")(channels.remove)

analytics_app = typer.Typer(help="Analytics: what is looked for in the pictures of cameras.", no_args_is_help=True)
analytics_app.command("add")(analytics.add)
analytics_app.command("list")(analytics.list_cases)
analytics_app.command("show")(analytics.show)
analytics_app.command("remove")(analytics.remove)
analytics_app.command("kinds")(analytics.kinds)
