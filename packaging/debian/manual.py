"""Writes the manual pages from what the command says of itself: `manual.py CONFIG_FOLDER MANUAL_FOLDER`.

`cuelight.1` has the commands without a group, `cuelight-GROUP.1` those of a group; `cuelight.toml.5` and
`cuelight-hub.toml.5` show the settings files, whose comments say all there is to say.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from agent.cli.main import app
from presets_store import __version__

Command = Any
"""A command of the library that typer carries within itself."""

FILES = {
    "cuelight.toml": ("cuelight.toml", "settings of a camera agent"),
    "hub.toml": ("cuelight-hub.toml", "settings of a hub"),
}


def escaped(text: str) -> str:
    """Text as troff shows it unchanged."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line[:1] in {".", "'"} else line for line in plain.splitlines())


def title(name: str, section: int) -> str:
    made = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    return f'.TH "{escaped(name.upper())}" {section} {made} "cuelight {__version__}" "cuelight"'


def prose(text: str) -> Iterator[str]:
    """Paragraphs; one that begins with a backspace is shown as it stands, as in the help."""
    for paragraph in (part for part in text.split("\n\n") if part.strip()):
        head, _, rest = paragraph.partition("\n")
        verbatim = head.strip() == "\b"
        yield ".PP"
        yield f".nf\n{escaped(rest)}\n.fi" if verbatim else escaped(" ".join(paragraph.split()))


def terms(records: list[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in records:
        explained = escaped(" ".join(meaning.split())) or "\\&"
        yield f".TP\n\\fB{escaped(term)}\\fR\n{explained}"


def records_of(command: Command, context: Any) -> list[tuple[str, str]]:
    """What a command takes: arguments first, then options."""
    kinds = sorted(command.get_params(context), key=lambda parameter: parameter.param_type_name != "argument")
    return [record for record in (parameter.get_help_record(context) for parameter in kinds) if record]


def command_part(path: str, command: Command) -> Iterator[str]:
    context = command.make_context(path, [], resilient_parsing=True)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield f".SS {escaped(path)} {escaped(pieces)}"
    yield from prose(command.help or "")
    yield from terms([record for record in records_of(command, context) if "--help" not in record[0]])
    yield from prose(command.epilog or "")


def page(name: str, path: str, group: Command, others: list[tuple[str, int]]) -> Iterator[str]:
    """One page: a group, its options, and those of its commands that are no groups themselves."""
    context = group.make_context(path, [], resilient_parsing=True)
    yield title(name, 1)
    yield f".SH NAME\n{escaped(name)} \\- {escaped(first_sentence(group))}"
    yield f".SH SYNOPSIS\n\\fB{escaped(path)}\\fR {escaped(' '.join(group.collect_usage_pieces(context)))}"
    yield ".SH DESCRIPTION"
    yield from prose(group.help or "")
    yield ".SH OPTIONS"
    yield from terms(records_of(group, context))
    yield ".SH COMMANDS"
    for each, command in group.commands.items():
        if not hasattr(command, "commands"):
            yield from command_part(f"{path} {each}", command)
    if group.epilog:
        yield ".SH EXIT STATUS"
        yield from prose(group.epilog)
    yield ".SH SEE ALSO\n" + ", ".join(f"\\fB{escaped(other)}\\fR({section})" for other, section in sorted(others))


def first_sentence(group: Command) -> str:
    return " ".join(str(group.help).split()).split(". ")[0].rstrip(".")


def settings_page(name: str, summary: str, text: str) -> str:
    return "\n".join(
        [
            title(name, 5),
            f".SH NAME\n{escaped(name)} \\- {summary}",
            ".SH DESCRIPTION\nThe file as the package installs it. Lines that are commented out show the defaults.",
            f".PP\n.nf\n{escaped(text)}\n.fi",
            ".SH SEE ALSO\n\\fBcuelight\\fR(1)",
        ]
    )


def pages(configuration: Path) -> Iterator[tuple[str, str]]:
    """Each page: its file below the manual's folder, and its text."""
    root: Command = typer.main.get_command(app)
    root.load()
    groups = {f"cuelight-{each}": command for each, command in root.commands.items() if hasattr(command, "commands")}
    known = [("cuelight", 1), *((name, 1) for name in groups), *((name, 5) for name, _ in FILES.values())]
    for name, group in {"cuelight": root, **groups}.items():
        others = [other for other in known if other[0] != name]
        yield f"man1/{name}.1", "\n".join(page(name, name.replace("-", " ", 1), group, others))
    for file, (name, summary) in FILES.items():
        yield f"man5/{name}.5", settings_page(name, summary, (configuration / file).read_text(encoding="utf-8"))


def main() -> int:
    configuration, manual = map(Path, sys.argv[1:])
    for file, text in pages(configuration):
        (manual / file).parent.mkdir(parents=True, exist_ok=True)
        (manual / file).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
