"""The documentation as its reader meets it: blocks in their order, typed into a shell, compared with what is shown."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fakes.agent_process import ROOT

_BLOCK = re.compile(
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$|^<!-- test: (?P<event>.+?) -->$", re.DOTALL | re.MULTILINE
)
_REFUSED = re.compile(r"^# refused: (.+)\n(?=.)", re.MULTILINE)

EVENT = "what happens"
"""`language` of a line such as `<!-- test: the agent is killed -->`: no text for readers, an event between blocks."""

_PRELUDE = r"""
refused() {
  expected=$1
  shift
  if told=$("$@" 2>&1); then
    echo "the page says that this is refused: $*" >&2
    exit 97
  fi
  printf '%s\n' "$told"
  case $told in
    *"$expected"*) ;;
    *) echo "the page says that this is refused with: $expected" >&2; exit 98 ;;
  esac
}
"""


@dataclass(frozen=True)
class Block:
    """`line` is that of its text in the page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks of the page, and the events between them."""
    text = page.read_text()
    assert text.count("\n```") % 2 == 0, f"{page.name}: a block is not closed"
    found = []
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + (1 if match["event"] else 2)
        language = EVENT if match["event"] else match["language"]
        found.append(Block(page.name, line, language, match["event"] or match["text"]))
    fences = text.count("\n```") // 2
    assert sum(block.language != EVENT for block in found) == fences, f"{page.name}: a block was not understood"
    return found


def missing_line(shown: str, output: str) -> str:
    """The first line of what a page shows that the output lacks, "" when it has all of them in this order.

    Spaces count as one, `...` stands for anything.
    """
    lines = iter(output.splitlines())
    for wanted in filter(str.strip, shown.splitlines()):
        parts = (r"\s+".join(map(re.escape, part.split())) for part in wanted.split("..."))
        pattern = re.compile(r"\s*" + ".*".join(f"{part}\\s*" for part in parts))
        if not any(pattern.fullmatch(re.sub(r"\s+", " ", line)) for line in lines):
            return wanted
    return ""


class Reader:
    """Somebody at a shell of the device, in an empty folder; the agent's state is where it is by default.

    Types what the pages say; `own` are the words of the pages for which a reader puts in something else.
    """

    def __init__(self, folder: Path, state: Path, own: Mapping[str, str], **environment: str) -> None:
        self._own = own
        self._home = folder / "h"
        self._desk = folder / "desk"
        programs = self._desk / ".venv" / "bin"
        programs.mkdir(parents=True)
        (self._home / ".local/state").mkdir(parents=True)
        (self._home / ".local/state/cuelight").symlink_to(state)
        command = programs / "cuelight"
        python, root = shlex.quote(sys.executable), shlex.quote(str(ROOT))
        command.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {python} -P -m agent "$@"\n')
        command.chmod(0o755)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CUELIGHT_", "XDG_"))},
            "HOME": str(self._home),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "COLUMNS": "200",
            "TZ": "UTC",
            **environment,
        }

    def end_what_it_left(self) -> None:
        """Ends what a page started in the background and did not come to end."""
        for file in self._desk.glob("*.pid"):
            with suppress(ProcessLookupError):
                os.kill(int(file.read_text()), signal.SIGKILL)

    def type(self, block: Block) -> str:
        """The output. Each command must succeed, or be refused with the words of a line `# refused: ...` above it."""
        script = _REFUSED.sub(lambda line: f"refused {shlex.quote(line[1])} \\\n", block.text)
        for shown, own in self._own.items():
            script = script.replace(shown, own)
        done = subprocess.run(
            ["sh", "-eu"],
            cwd=self._desk,
            env=self._environment,
            input=_PRELUDE + script,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{block}: exit code {done.returncode}\n{done.stdout}"
        return done.stdout
