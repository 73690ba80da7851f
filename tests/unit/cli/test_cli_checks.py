import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.checks import CHECKS, Finding, NoAnswer, Subject, Verdict
from agent.checks.clock import judge as judge_clock
from agent.checks.media import FULL, judge_space, judge_status
from agent.checks.outbox import MANY
from agent.checks.outbox import judge as judge_outbox
from agent.media.retention.planning import Policy
from agent.media.room import Disk
from agent.settings import Settings
from presets_store import __version__
from presets_store.clock import RELEASE_EPOCH, ClockQuality, Timer
from presets_store.protocol.statuses import EventStatus
from presets_store.sealing import load_or_create_key


def silent(path: str) -> Any:
    raise NoAnswer(f"nobody for {path}; start it")


def answering(answers: dict[str, Any]) -> Callable[[str], Any]:
    return lambda path: answers[path]


def subject(folder: Path, *, problem: str = "", ask: Callable[[str], Any] = silent, **settings: Any) -> Subject:
    return Subject(Settings(state_folder=folder, **settings), problem, ask)


def found(name: str, folder: Path, **more: Any) -> Finding:
    return CHECKS[name](subject(folder, **more))


def test_settings(tmp_path: Path) -> None:
    assert found("settings", tmp_path).verdict is Verdict.OK
    finding = found("settings", tmp_path, problem="api.port: too big")
    assert finding.verdict is Verdict.BROKEN
    assert "api.port" in finding.text


def test_agent(tmp_path: Path) -> None:
    finding = found("agent", tmp_path)
    assert (finding.verdict, finding.text) == (Verdict.BROKEN, "nobody for /v1/version; start it")
    assert found("agent", tmp_path, ask=answering({"/v1/version": {"Version": __version__}})).verdict is Verdict.OK
    finding = found("agent", tmp_path, ask=answering({"/v1/version": {"Version": "0.0.1"}}))
    assert finding.verdict is Verdict.WARNING
    assert "restart" in finding.text


def make_database(file: Path, rows: int = 0) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE outbox (key INTEGER PRIMARY KEY, attempts INTEGER, last_error TEXT)")
        connection.executemany("INSERT INTO outbox (attempts, last_error) VALUES (?, ?)", [(2, "refused")] * rows)
    connection.close()


def test_database(tmp_path: Path) -> None:
    file = tmp_path / "cuelight.db"
    assert "none yet" in found("database", tmp_path).text
    make_database(file, rows=500)
    assert found("database", tmp_path).verdict is Verdict.OK
    data = bytearray(file.read_bytes())
    data[4096 + 8 : 2 * 4096] = os.urandom(4096 - 8)
    file.write_bytes(data)
    finding = found("database", tmp_path)
    assert finding.verdict is Verdict.BROKEN
    assert str(tmp_path / "backups") in finding.text
    file.write_bytes(b"not a database" * 1000)
    assert "cannot be read" in found("database", tmp_path).text


def test_a_database_in_use_is_read_beside_its_writer(tmp_path: Path) -> None:
    make_database(tmp_path / "cuelight.db")
    with sqlite3.connect(tmp_path / "cuelight.db", isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO outbox (attempts, last_error) VALUES (0, '')")
        assert found("database", tmp_path).verdict is Verdict.OK
        assert "empty" in found("outbox", tmp_path).text
    writer.close()


def test_media(tmp_path: Path) -> None:
    assert found("media", tmp_path / "not" / "there").verdict is Verdict.OK
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "media").write_text("a file")
    finding = found("media", tmp_path)
    assert finding.verdict is Verdict.BROKEN
    assert "not a folder" in finding.text


def test_media_where_no_file_can_be_made() -> None:
    finding = found("media", Path("/proc/self"))
    assert finding.verdict is Verdict.BROKEN


def test_media_folder_that_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root, as whom tests often run, may write anywhere
    assert "chmod u+wx" in found("media", tmp_path).text
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    finding = found("media", tmp_path)
    assert (finding.verdict, "not known" in finding.text) == (Verdict.WARNING, True)


def test_media_space() -> None:
    def verdict(free: int) -> Verdict:
        return judge_space(Path("/media"), Disk(10**11, free), Policy(min_free=10**9, floor=6 * 10**7)).verdict

    assert verdict(10**9) is Verdict.OK
    assert verdict(8 * 10**8) is Verdict.WARNING
    assert verdict(2 * 10**7) is Verdict.BROKEN


def test_media_as_the_agent_keeps_them() -> None:
    def told(*incidents: dict[str, str], **media: Any) -> Finding | None:
        now = {"now": "2026-12-01T12:00:00Z"}
        quiet: dict[str, Any] = {"fullSince": None, "unmet": []}
        return judge_status({"media": quiet | media, "clock": now, "incidents": incidents})

    full = {"code": FULL, "message": "was full for 9 s"}
    assert told() is told(full | {"date": "2026-11-01T12:00:00Z"}) is None
    lately = told(full | {"date": "2026-12-01T11:00:00Z"})
    assert lately is not None
    assert (lately.verdict, "full for 9 s" in lately.text) == (Verdict.WARNING, True)
    waiting = told(fullSince="2026-12-01T11:59:00Z", unmet=["x"])
    assert waiting is not None
    assert (waiting.verdict, "2026-12-01T11:59" in waiting.text) == (Verdict.BROKEN, True)
    unmet = told(unmet=["the minimum cannot be kept"])
    assert unmet is not None
    assert (unmet.verdict, "cannot be kept" in unmet.text) == (Verdict.WARNING, True)


def test_cameras(tmp_path: Path) -> None:
    def finding(*states: str) -> Finding:
        cameras = [{"name": f"camera {number}", "state": state} for number, state in enumerate(states)]
        return found(
            "cameras", tmp_path, ask=answering({"/v1/device/list": [{"key": 3}], "/v1/device/3/cameras": cameras})
        )

    assert finding("open", "closed").verdict is Verdict.OK
    assert finding("open", "unavailable").verdict is Verdict.BROKEN
    assert "camera 1 is unavailable" in finding("open", "unavailable").text
    assert finding("dancing").verdict is Verdict.WARNING
    assert finding().verdict is Verdict.BROKEN
    assert found("cameras", tmp_path).verdict is Verdict.WARNING


def started(**more: Any) -> dict[str, Any]:
    """What `GET /v1/status` says of a start without upstream; `more` goes into `startup`."""
    startup = {"binding": "", "presetID": 0, "presetName": "", "eventID": 0, "source": "", "note": "", **more}
    return {"mode": "standalone", "reason": "no upstream is configured", "startup": startup}


def test_startup(tmp_path: Path) -> None:
    def finding(status: EventStatus | None = None, **more: Any) -> Finding:
        answers = {"/v1/status": started(**more), "/v1/event/7": {"eventStatus": status}}
        return found("start-up", tmp_path, ask=answering(answers))

    mode = "the mode is standalone: no upstream is configured; "
    assert finding(note="no preset is bound to start-up").text == f"{mode}no preset is bound to start-up"
    bound: dict[str, Any] = {"binding": "standalone", "presetID": 3, "presetName": "Porch"}
    again = finding(**bound, note="it was fired in this boot already")
    assert again.verdict is Verdict.OK
    assert again.text == f"{mode}the standalone preset 3 (Porch) was not run: it was fired in this boot already"
    runs = finding(EventStatus.PROCESSING, **bound, eventID=7)
    assert (runs.verdict, runs.text) == (Verdict.OK, f"{mode}the standalone preset 3 (Porch) is Processing")
    for status in (EventStatus.ERROR, EventStatus.TIMED_OUT, EventStatus.CANCELLED):
        failed = finding(status, **bound, eventID=7)
        assert failed.verdict is Verdict.WARNING
        assert f"ended as {status.wire_name}; look with: cuelight event show 7" in failed.text
    assert found("start-up", tmp_path).verdict is Verdict.WARNING


def test_incidents(tmp_path: Path) -> None:
    def finding(*dates: str | None) -> Finding:
        incidents = [{"date": date, "code": "x", "message": f"damaged on {(date or '?')[:10]}"} for date in dates]
        status = {"clock": {"now": "2026-08-09T12:00:00.000000Z"}, "incidents": incidents}
        return found("incidents", tmp_path, ask=answering({"/v1/status": status}))

    old, lately, today = "2026-08-02T11:00:00Z", "2026-08-02T13:00:00Z", "2026-08-09T11:00:00Z"
    assert (finding().verdict, finding().text) == (Verdict.OK, "none")
    assert (finding(old).verdict, "cuelight status" in finding(old).text) == (Verdict.OK, True)
    assert finding(old, lately).text.startswith("damaged on 2026-08-02. If damage comes back")
    assert finding(None).verdict is Verdict.WARNING, "when it was is not always known"
    both = finding(old, lately, today)
    assert both.verdict is Verdict.WARNING
    assert both.text.startswith("damaged on 2026-08-09 (2 in 7 days).")
    assert found("incidents", tmp_path).verdict is Verdict.WARNING


@pytest.mark.parametrize(
    ("code", "words"),
    [("usb_reset", "power supply"), ("new_host_failed", "power supply"), ("chain_broken", "cuelight clip verify")],
)
def test_an_incident_that_is_no_damage_is_not_told_as_one(tmp_path: Path, code: str, words: str) -> None:
    incident = {"date": "2026-08-09T11:00:00Z", "code": code, "message": "camera main gave no frame"}
    status = {"clock": {"now": "2026-08-09T12:00:00.000000Z"}, "incidents": [incident]}
    finding = found("incidents", tmp_path, ask=answering({"/v1/status": status}))
    assert finding.verdict is Verdict.WARNING
    assert words in finding.text
    assert "replace the disk" not in finding.text


class FixedClock:
    def __init__(self, now: float, quality: ClockQuality) -> None:
        self._now, self._quality = now, quality

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return 0.0

    def quality(self) -> ClockQuality:
        return self._quality

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("a check does not sleep")

    def call_later(self, seconds: float, function: object) -> Timer:
        raise AssertionError("a check does not wait")


def test_clock(tmp_path: Path) -> None:
    assert judge_clock(FixedClock(RELEASE_EPOCH + 1, ClockQuality.SYNCHRONISED)).verdict is Verdict.OK
    unset = judge_clock(FixedClock(RELEASE_EPOCH + 1, ClockQuality.UNSET))
    assert (unset.verdict, "timedatectl" in unset.text) == (Verdict.WARNING, True)
    assert "certainly wrong" in judge_clock(FixedClock(0.0, ClockQuality.SYNCHRONISED)).text
    assert found("clock", tmp_path).verdict is not Verdict.BROKEN


def test_keys(tmp_path: Path) -> None:
    key = tmp_path / "seal.key"
    assert found("keys", tmp_path).verdict is Verdict.OK
    (tmp_path / "cuelight.db").touch()
    assert "missing" in found("keys", tmp_path).text
    load_or_create_key(key)
    assert found("keys", tmp_path).verdict is Verdict.OK
    key.chmod(0o640)
    finding = found("keys", tmp_path)
    assert finding.verdict is Verdict.BROKEN
    assert f"chmod 600 {key}" in finding.text
    key.chmod(0o600)
    key.write_bytes(b"short")
    assert "5 bytes instead of 32" in found("keys", tmp_path).text
    key.unlink()
    key.mkdir()
    assert "not a regular file" in found("keys", tmp_path).text


def test_a_seal_key_that_systemd_hands_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cuelight.db").touch()
    monkeypatch.setattr("agent.checks.keys.CREDENTIALS", tmp_path)
    assert "missing" in found("keys", tmp_path).text
    (tmp_path / "cuelight.seal_key").touch()
    assert "credential" in found("keys", tmp_path).text


def test_outbox(tmp_path: Path) -> None:
    assert found("outbox", tmp_path).verdict is Verdict.OK
    make_database(tmp_path / "cuelight.db", rows=2)
    finding = found("outbox", tmp_path, upstream={"url": "https://hub.example"})
    assert finding.verdict is Verdict.WARNING
    assert "2 reports wait; the oldest was tried 2 times: refused. Check https://hub.example" in finding.text
    (tmp_path / "cuelight.db").write_bytes(b"x" * 4096)
    assert "the check named database" in found("outbox", tmp_path).text


def test_outbox_in_words() -> None:
    assert "nothing leaves the device" in judge_outbox(0, 0, "", url="").text
    assert judge_outbox(1, 0, "", url="https://hub").text == "1 report waits to be sent"
    assert judge_outbox(1, 0, "", url="").verdict is Verdict.WARNING
    assert judge_outbox(MANY + 1, 0, "", url="https://hub").verdict is Verdict.WARNING


def test_names_are_stable() -> None:
    assert list(CHECKS) == [
        "settings", "set-up", "agent", "start-up", "database", "incidents",
        "media", "cameras", "clock", "keys", "outbox",
    ]  # fmt: skip
