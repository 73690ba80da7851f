"""`cuelight clip ...`"""

import typer

from agent.cli.clips.commands import list_clips, show
from agent.cli.clips.export import export as export_clip
from agent.cli.clips.protecting import protect, unprotect
from agent.cli.clips.verify import verify_clips

app = typer.Typer(help="Clips: what was recorded.", no_args_is_help=True)

app.command("list")(list_clips)
app.command("show")(show)
app.command("export")(export_clip)
app.command("verify")(verify_clips)
app.command("protect")(protect)
app.command("unprotect")(unprotect)
