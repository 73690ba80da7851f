"""`event watch` and `preset run --watch`: shows an event until its outcome."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.cli.exit_codes import ExitCode
from agent.cli.live import LiveChanges
from agent.cli.output import Output, status_name, status_style
from agent.cli.records import outcome
from agent.cli.session import Session
from agent.cli.text import percent
from agent.cli.watch import EventRecord, Watch, has_ended
from presets_store.protocol.statuses import EventStatus

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

STEP = 10
"""Percent between two lines where no terminal looks."""


class _Bar:
    """Progress on a terminal; it pulses while the agent knows no length."""

    def __init__(self, progress: "Progress", task: "TaskID") -> None:
        self._progress = progress
        self._task = task

    def __call__(self, record: EventRecord | None) -> None:
        if record is None:
            self._progress.update(self._task, status="waits for the agent", style="yellow", total=None)
            return
        done = 100.0 if has_ended(record) else float(record["percentComplete"])
        self._progress.update(
            self._task,
            status=status_name(record["eventStatus"]),
            style=status_style(record["eventStatus"]) or "default",
            completed=done,
            total=100 if done or record["eventStatus"] != EventStatus.PROCESSING else None,
            amount=percent(done) if done else "",
        )


class _Lines:
    """One line for each status and each step of progress."""

    def __init__(self, output: Output, event_id: int) -> None:
        self._output = output
        self._event_id = event_id
        self._told = ""

    def __call__(self, record: EventRecord | None) -> None:
        text = "waits for the agent"
        if record is not None:
            text = status_name(record["eventStatus"])
            if record["eventStatus"] == EventStatus.PROCESSING:
                text += f" {int(record['percentComplete']) // STEP * STEP} %"
        ended = record is not None and has_ended(record)  # told in a sentence of its own
        if text != self._told and not ended and not self._output.as_json:
            self._output.line(f"event {self._event_id}: {text}")
        self._told = text


@contextmanager
def _display(output: Output, event_id: int) -> Iterator["_Bar | _Lines"]:
    if not output.for_people:
        yield _Lines(output, event_id)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # only a terminal needs it

    columns = (
        TextColumn(f"event {event_id}", markup=False),
        TextColumn("[{task.fields[style]}]{task.fields[status]}[/]"),
        BarColumn(bar_width=40),
        TextColumn("{task.fields[amount]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=output.console, transient=True) as progress:
        yield _Bar(progress, progress.add_task("", total=None, status="", style="default", amount=""))


def followed(session: Session, event_id: int, limit: float | None = None) -> EventRecord:
    """Shows the event until it has ended; its last record. Raises TimeoutError after `limit` seconds."""
    client = session.client
    with LiveChanges(session.settings.socket_path) as changes, _display(session.output, event_id) as show:
        return Watch(event_id, lambda: client.get(f"/v1/event/{event_id}"), changes, show, limit=limit).follow()


def follow(session: Session, event_id: int) -> ExitCode:
    """Shows the event until it has ended. FAILED unless it is Complete, INTERRUPTED by Ctrl-C: then it goes on."""
    output = session.output
    try:
        record = followed(session, event_id)
    except KeyboardInterrupt:
        if not output.as_json:
            output.line(f"event {event_id} goes on; end it with: cuelight event cancel {event_id}", "yellow")
        return ExitCode.INTERRUPTED
    output.answer(record, f"event {event_id} is {ending(record)}", status_style(record["eventStatus"]))
    return ExitCode.OK if record["eventStatus"] == EventStatus.COMPLETE else ExitCode.FAILED


def ending(record: EventRecord) -> str:
    """`Complete: 1 clip, 9.9 s`."""
    words = outcome(record)
    return status_name(record["eventStatus"]) + (f": {words}" if words else "")
