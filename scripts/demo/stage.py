"""The demo's transcript: numbered steps, commands with their real output, and the facts that were verified."""

import contextlib
import fcntl
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from scripts.demo.machines import Machine

INDENT = 2
WIDEST = 100
"""Characters of a line of our own; commands use the whole terminal."""


class StepFailed(Exception):
    """A step was not verified; the story ends there."""


@dataclass
class Step:
    """One step of the story. It is ok when it has facts and all of them hold."""

    number: int
    title: str
    facts: list[tuple[bool, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return bool(self.facts) and all(holds for holds, _ in self.facts)


@dataclass(frozen=True)
class Told:
    """What a command wrote, and its exit code."""

    text: str
    code: int


class Stage:
    """Writes the transcript: coloured and with moving progress on a terminal, plain everywhere else."""

    def __init__(self) -> None:
        self.console = Console(markup=False, highlight=False, emoji=False)
        self.width = min(self.console.width, WIDEST)
        self.steps: list[Step] = []

    def say(self, text: str = "", style: str = "") -> None:
        """A paragraph of our own."""
        self._print(textwrap.fill(text, self.width, break_long_words=False, break_on_hyphens=False), style)

    @contextlib.contextmanager
    def step(self, title: str, proves: str) -> Iterator[None]:
        """One step: its heading, what happens in it, its verdict. Raises StepFailed unless it was verified."""
        step = Step(len(self.steps) + 1, title)
        self.steps.append(step)
        self._print()
        heading = f"── {step.number} · {title} "
        self._print(heading + "─" * (self.width - len(heading)), "bold cyan")
        self.say(proves, "italic")
        self._print()
        started = time.monotonic()
        try:
            yield
        except Exception as error:  # noqa: BLE001  # boundary: whatever goes wrong in a step fails that step
            self.fact(False, f"{type(error).__name__}: {error}")
        step.seconds = time.monotonic() - started
        self._verdict(step)
        if not step.ok:
            raise StepFailed(f"step {step.number} ({title})")

    def fact(self, holds: bool, text: str) -> None:
        """Something that was looked at, and whether it is so."""
        self.steps[-1].facts.append((holds, text))
        mark, style = ("✓", "green") if holds else ("✗", "bold red")
        lines = textwrap.wrap(text, self.width - INDENT - 2) or [""]
        for index, line in enumerate(lines):
            self.console.print(Text.assemble(" " * INDENT, (mark if index == 0 else " ", style), " ", line))

    def same(self, what: str, seen: object, wanted: object) -> None:
        """The fact that two things which were found on different ways are the same."""
        if seen == wanted:
            self.fact(True, f"{what}: {seen}")
        else:
            self.fact(False, f"{what}: {seen}, but it must be {wanted}")

    def prompt(self, machine: Machine, line: str) -> None:
        """A command as a person on that machine types it."""
        self._line(machine, line)

    def output(self, line: str) -> None:
        """One line of a command's output."""
        self._print(" " * INDENT + line)

    def cuelight(self, machine: Machine, *arguments: str, code: int = 0) -> str:
        """Runs a command of the command line on `machine`; what it wrote. Its exit code must be `code`."""
        return self._run(machine, shlex.join(["cuelight", *arguments]), machine.command(*arguments), code)

    def shell(self, machine: Machine, line: str) -> str:
        """Runs a line of shell in the state folder of `machine`; what it wrote. It must succeed."""
        return self._run(machine, line, ["sh", "-euc", line], 0)

    def ledger(self) -> None:
        """All steps with their verdicts."""
        self._print()
        self._print("─" * self.width, "cyan")
        for step in self.steps:
            facts = "1 fact" if len(step.facts) == 1 else f"{len(step.facts)} facts"
            line = f"{step.number:>3}  {step.title:<44} {facts:>8} {step.seconds:6.1f} s  "
            self.console.print(Text.assemble(line, _mark(step)), soft_wrap=True)

    def _run(self, machine: Machine, line: str, command: Sequence[str], code: int) -> str:
        self.prompt(machine, line)
        told = self._relayed(command, machine.environment, machine.state)
        if told.code != code:
            self.fact(False, f"exit code {told.code} instead of {code}")
        return told.text

    def _relayed(self, command: Sequence[str], environment: dict[str, str], folder: Path) -> Told:
        """Runs it on a terminal if we have one, else on a pipe, and passes on what it writes while it does."""
        ours, theirs = pty.openpty() if self.console.is_terminal else os.pipe()
        if self.console.is_terminal:
            size = struct.pack("4H", self.console.height, self.console.width - INDENT, 0, 0)
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        relay = _Indented()
        try:
            with contextlib.suppress(OSError):  # how a pseudo-terminal says that nobody writes any more
                while chunk := os.read(ours, 65536):
                    relay.write(chunk)
            code = process.wait()
        finally:
            process.kill()  # no command outlives the demo
            os.close(ours)
        relay.end()
        return Told(relay.text, code)

    def _line(self, machine: Machine, line: str) -> None:
        self.console.print(Text.assemble((f"{machine.name} $ ", "bold blue"), (line, "bold")), soft_wrap=True)

    def _verdict(self, step: Step) -> None:
        self.console.print(Text.assemble(f"step {step.number} ", _mark(step)))

    def _print(self, text: str = "", style: str = "") -> None:
        self.console.print(Text(text, style=style), soft_wrap=True)


class _Indented:
    """Passes bytes on to standard output, each line set in a little."""

    def __init__(self) -> None:
        self._seen = bytearray()
        self._at_start = True

    def write(self, data: bytes) -> None:
        self._seen += data
        out = bytearray()
        for byte in data:
            if byte in b"\r\n":
                self._at_start = True
            elif self._at_start:
                out += b" " * INDENT
                self._at_start = False
            out.append(byte)
        sys.stdout.buffer.write(out)
        sys.stdout.buffer.flush()

    def end(self) -> None:
        """The next output starts on a line of its own."""
        if not self._at_start:
            self.write(b"\n")

    @property
    def text(self) -> str:
        return self._seen.decode(errors="replace")


def _mark(step: Step) -> tuple[str, str]:
    return ("ok", "bold green") if step.ok else ("FAILED", "bold red")
