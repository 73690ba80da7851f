"""The commands about scripts, analytic cases and channels against a real store on a Unix socket."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from fakes.clock import ManualClock
from fakes.command_line import Ended, called, cuelight, on_a_terminal
from fakes.served_store import ServedStore, served_store

from presets_store.api import ApiSettings, build_app, make_runner
from presets_store.storage.records import Camera

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2027, 3, 23, 17, 0, tzinfo=BERLIN).timestamp()
"""A Tuesday; the clock goes forward on the Sunday after it."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ServedStore]:
    """Served where the commands look for the agent, with one camera."""
    async with served_store(tmp_path, ManualClock(NOW), zone=BERLIN) as served:
        door = Camera(device_key=served.device, camera_index=0, camera_id="door", name="Door")
        await served.services.cameras.declare(served.device, [door])
        runner = make_runner(build_app(served.services, served.clock, ApiSettings(version="1")))
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "api.sock")).start()
        yield served
        await runner.cleanup()


async def made(folder: Path, *arguments: str, stdin: str = "") -> Ended:
    """A command that must succeed."""
    ended = await called(folder, *arguments, stdin=stdin)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended


async def a_visitors_script(folder: Path) -> Ended:
    """It records visitors on working days, but for a holiday, and tells alice."""
    await made(folder, "user", "create", "alice", "--role", "reader")
    await made(folder, "preset", "create", "Film", "Video_Start_recording", "--param", "durationSeconds=5")
    return await made(
        folder, "script", "create", "Visitors", "--event", "person_counting", "--run", "film",
        "--param", "preRollSeconds=2", "--user", "alice", "--text", "{count} at {camera}", "--camera", "door",
        "--hours", "weekdays 08:00-18:00", "--break", "12:00-13:00", "--except", "2027-03-26..2027-03-29",
        "--cooldown", "60",
    )  # fmt: skip


async def test_a_script_is_made_shown_switched_and_deleted(store: ServedStore, tmp_path: Path) -> None:
    stored = await a_visitors_script(tmp_path)
    assert stored.out == "script 1 (Visitors) is stored; try it: cuelight script test person_counting\n"
    (line,) = (await made(tmp_path, "script", "list")).out.splitlines()[1:]
    assert line.split()[:6] == ["1", "Visitors", "person_counting", "run-preset", "alice", "active"]
    assert line.endswith("weekdays 08:00-18:00 without 12:00-13:00; not 2027-03-26..2027-03-29")
    shown = (await made(tmp_path, "script", "show", "visitors")).out
    for words in ("cameras   Door", "cooldown  60 s", '"preRollSeconds": 2', '"text": "{count} at {camera}"'):
        assert words in shown
    assert (await made(tmp_path, "script", "disable", "1")).out == "script 1 (Visitors) is disabled\n"
    after = (await made(tmp_path, "script", "enable", "visitors", "--json")).document
    assert after["status"] == "active"
    before = (await made(tmp_path, "script", "show", "1", "--json")).document
    assert (after["extra"], after["timetable"]) == (before["extra"], before["timetable"])
    assert (await made(tmp_path, "script", "delete", "Visitors", "--yes")).out == "script 1 (Visitors) is deleted\n"
    assert "no scripts yet" in (await made(tmp_path, "script", "list")).out


async def test_a_trigger_is_sent_and_what_became_of_it_is_told(store: ServedStore, tmp_path: Path) -> None:
    await a_visitors_script(tmp_path)
    picture = tmp_path / "door.jpg"
    picture.write_bytes(b"no picture")
    refused = await called(tmp_path, "script", "test", "person_counting", "--image", str(picture))
    assert (refused.code, "image" in refused.err) == (3, True), refused
    arguments = ("script", "test", "person_counting", "--attribute", "count=3")
    assert "it happened too long ago" in (await made(tmp_path, *arguments, "--at", "2027-03-23T15:30")).out
    fired = await made(tmp_path, *arguments, "--id", "a-1")
    assert fired.out.splitlines()[2].split() == ["1", "Visitors", "fired", "-"]
    repeated = (await made(tmp_path, *arguments, "--id", "a-1", "--json")).document
    assert repeated["id"] in fired.out
    assert "it fired not long before" in (await made(tmp_path, *arguments)).out
    assert "no script waits for motion" in (await made(tmp_path, "script", "test", "motion")).out
    lines = (await made(tmp_path, "script", "why", "Visitors")).out.splitlines()
    assert lines[1:4] == [
        "    1  did not fire  it fired not long before",
        "    1  fired         -",
        "    1  did not fire  it happened too long ago",
    ]
    assert [line.split()[3] for line in lines[6:]] == ["did", "fired", "did"]
    told = (await made(tmp_path, "script", "why", "1", "--count", "1", "--json")).document
    assert (len(told["decisions"]), told["counters"]["fired"]) == (1, 1)


async def test_it_is_explained_with_the_coming_days(store: ServedStore, tmp_path: Path) -> None:
    await a_visitors_script(tmp_path)
    now = (await made(tmp_path, "script", "explain", "Visitors")).out.splitlines()
    assert now[:2] == ["at     Tuesday 2027-03-23 17:00:00 (Europe/Berlin, UTC+01:00)", "fires  yes"]
    days = now[4:]
    assert len(days) == 14
    assert days[0] == "2027-03-23  tue  08:00-12:00, 13:00-18:00"
    assert days[3] == "2027-03-26  fri  -"
    assert days[5] == "2027-03-28  sun  -                         clock goes forward 1 h at 02:00"
    pause = (await made(tmp_path, "script", "explain", "1", "--at", "2027-03-24T12:30")).out
    assert pause.endswith("fires    no\nbecause  The moment is in a break.\n")
    assert "2027-03-28" not in pause
    told = (await made(tmp_path, "script", "explain", "1", "--at", "2027-03-27T18:00:00Z", "--json")).document
    assert (told["fires"], told["reason"], told["days"]) == (False, "excluded_date", [])


async def test_secrets_are_read_and_never_arguments(store: ServedStore, tmp_path: Path) -> None:
    hook = ("script", "create", "Hook", "--event", "motion", "--reaction", "webhook")
    await made(tmp_path, *hook, "--url", "https://example.org/hook", stdin="0123456789abcdef\n")
    shown = (await made(tmp_path, "script", "show", "Hook")).out
    assert '"secret": "[redacted]"' in shown
    assert "0123456789abcdef" not in shown
    await made(tmp_path, "user", "create", "alice", "--role", "reader")
    url = "mailtos://alice:hidden-word@smtp.example/?to=alice@home.example"
    added = await made(
        tmp_path, "channel", "add", "mail", "--user", "alice", "--quiet", "weekdays 22:00-07:00", "--device-may-send",
        stdin=f"{url}\n",
    )  # fmt: skip
    assert added.out == "channel 1 (mail) tells alice; try it with: cuelight channel test 1\n"
    (line,) = (await made(tmp_path, "channel", "list")).out.splitlines()[1:]
    assert " ".join(line.split()) == (
        "1 mail alice mailtos://***@smtp.example weekdays 22:00-07:00 hub or device active"
    )
    assert "hidden-word" not in (await made(tmp_path, "channel", "list", "--json")).out
    assert (await made(tmp_path, "channel", "remove", "mail", "--yes")).out == "channel 1 (mail) is removed\n"


async def test_zones_are_given_as_points(store: ServedStore, tmp_path: Path) -> None:
    lawn = ("--area", "lawn=0,0.5 1,0.5 1,1 0,1", "--area", "0,0 1,0 1,.5")
    added = await made(tmp_path, "analytics", "add", "person_counting", *lawn, "--option", "count=2")
    assert added.out == "analytic case 1 (person_counting) looks at Door\n"
    await made(tmp_path, "analytics", "add", "line_crossing", "--line", "0.1,0.5 0.9,0.5", "--name", "Gate")
    lines = [line.split() for line in (await made(tmp_path, "analytics", "list")).out.splitlines()[1:]]
    assert lines[0] == ["1", "person_counting", "person_counting", "Door", "lawn,", "area", "2", "active", "count=2"]
    assert lines[1] == ["2", "Gate", "line_crossing", "Door", "line", "1", "active", "-"]
    shown = (await made(tmp_path, "analytics", "show", "1")).out
    assert "area lawn: 0,0.5 1,0.5 1,1 0,1\n" in shown
    assert "count = 2\n" in shown
    assert (await made(tmp_path, "analytics", "remove", "gate")).out == "analytic case 2 (Gate) is removed\n"
    assert [case["id"] for case in (await made(tmp_path, "analytics", "list", "--json")).document] == [1]
    assert "direction" in (await made(tmp_path, "analytics", "kinds", "line_crossing")).out


async def test_what_cannot_be_is_told(store: ServedStore, tmp_path: Path) -> None:
    await made(tmp_path, "user", "create", "alice", "--role", "reader")
    motion = ("script", "create", "x", "--event", "motion")
    for arguments, stdin, code, text in (
        (("script", "create", "x", "--event", "dog"), "", 3, "no event is named 'dog'; there are: person_counting"),
        ((*motion, "--hours", "mondays 08:00-09:00"), "", 2, "names no days; right is one of same_every_day"),
        ((*motion, "--hours", "8-9"), "", 2, "is not of the form [DAYS ]FROM-TO"),
        ((*motion, "--hours", "monday 08:00-26:00"), "", 3, "timetable.days.0.to: is no time"),
        ((*motion, "--except", "tomorrow"), "", 2, "is not of the form DATE or DATE..DATE"),
        ((*motion, "--param", "a=1"), "", 2, "--param needs --run"),
        ((*motion, "--run", "1", "--reaction", "sound"), "", 2, "are two reactions; make two scripts"),
        ((*motion, "--reaction", "run-preset"), "", 2, "needs --run PRESET"),
        ((*motion, "--reaction", "webhook"), "short\n", 3, "several things do not fit:\n  extra.url: is missing"),
        ((*motion, "--reaction", "telegram"), "", 2, "Bot token is empty"),
        ((*motion, "--camera", "cellar"), "", 3, "no camera is named 'cellar'"),
        ((*motion, "--user", "eve"), "", 3, "no user is named 'eve'"),
        (("script", "explain", "x"), "", 3, "no script is named 'x'; they are in: cuelight script list"),
        (("script", "test", "motion", "--at", "noon"), "", 2, "is no time such as 2026-12-24T18:00"),
        (("script", "test", "motion", "--image", "/none.jpg"), "", 1, "/none.jpg cannot be read"),
        (("script", "test", "dog"), "", 3, "event: is not in the catalogue"),
        (("analytics", "add", "line_crossing", "--line", "0.1,0.5 0.9,1.5"), "", 2, "shares of width and height"),
        (("analytics", "add", "line_crossing", "--option", "speed=3"), "", 3, "is no option of line_crossing"),
        (("analytics", "kinds", "dogs"), "", 3, "no kind is named 'dogs'; there are: motion"),
        (("channel", "add", "x", "--user", "alice"), "\n", 2, "URL is empty"),
        (("channel", "add", "x", "--user", "alice"), "file:///etc/passwd\n", 3, "would act on this machine"),
        (("channel", "test", "x"), "", 3, "no channel is named 'x'"),
    ):
        ended = await called(tmp_path, *arguments, stdin=stdin)
        assert (ended.code, text in ended.err) == (code, True), ended


async def test_an_event_of_an_integration_is_added(store: ServedStore, tmp_path: Path) -> None:
    added = await made(tmp_path, "script", "events", "--add", "doorbell", "--description", "Somebody rings")
    assert added.out == "event 1001 (doorbell) is in the catalogue\n"
    await made(tmp_path, "script", "create", "Ring", "--event", "doorbell")
    assert "fired" in (await made(tmp_path, "script", "test", "doorbell")).out


async def test_a_terminal_gets_a_table_with_colours_that_fits(store: ServedStore, tmp_path: Path) -> None:
    await a_visitors_script(tmp_path)
    code, written = await asyncio.to_thread(on_a_terminal, tmp_path, "script", "list", columns=90)
    assert code == 0
    assert "\x1b[32mactive" in written
    assert "…" in written


async def test_titles_are_completed(store: ServedStore, tmp_path: Path) -> None:
    for title in ("Visitors", "At the gate"):
        await made(tmp_path, "script", "create", title, "--event", "motion")
    words = {"COMP_CWORD": "3", "_CUELIGHT_COMPLETE": "complete_bash"}
    asked = await cuelight(tmp_path, COMP_WORDS="cuelight\nscript\nshow\n", **words)
    assert asked.out.split() == ["Visitors", "2"]
    asked = await cuelight(tmp_path, COMP_WORDS="cuelight\nscript\ntest\nline", **words)
    assert asked.out.split() == ["line_crossing"]
