from typing import Any

from fakes.agent_socket import camera, event

from agent.cli.status import MANY_INCIDENTS, status_facts
from agent.cli.text import human_age

NOTHING_WAITS = {"waiting": 0, "oldestDate": None, "reports": 0, "dropped": 0}


def status(**members: Any) -> dict[str, Any]:
    """The answer of `GET /v1/status` of a device that has nothing to tell."""
    return {
        "version": "cuelight 0.2.0",
        "serial": "10001234",
        "deviceID": 1,
        "deviceName": "porch",
        "mode": "online",
        "reason": "no upstream is set",
        "bootID": "b",
        "startedDate": "2026-07-01T10:00:00.000000Z",
        "modeDate": "2026-07-01T10:00:15.000000Z",
        "startup": {"binding": "", "presetID": 0, "presetName": "", "eventID": 0, "source": "", "note": ""},
        "upstream": {"url": "", "state": "none", "reason": "", "sinceDate": "2026-07-01T11:00:00Z"},
        "outbox": NOTHING_WAITS,
        "cameras": [],
        "running": [],
        "streams": [],
        "clock": {"now": "2026-07-01T12:10:00.000000Z", "quality": "synchronised", "error": 0.0},
        "media": {
            "folder": "/media",
            "freeBytes": 12_000_000_000,
            "usedBytes": 0,
            "protectedBytes": 0,
            "limitBytes": 0,
            "removed": 0,
            "lastRemoved": None,
            "fullSince": None,
            "unmet": [],
        },
        "chain": {"links": 3, "key": "ab12"},
        "incidents": [],
    } | members


def told(started: dict[str, Any] | None = None, **members: Any) -> dict[str, str]:
    return {fact.title: fact.text for fact in status_facts(status(**members), started)}


def test_a_quiet_device() -> None:
    facts = told()
    assert facts["mode"] == "online: no upstream is set\nsince 2026-07-01 10:00:15"
    assert facts["start-up"] == "no preset is bound"
    assert facts["upstream"] == "none: nothing leaves the device"
    assert (facts["outbox"], facts["runs"], facts["incidents"]) == ("empty", "nothing", "none")
    assert facts["disk"] == "12.0 GB free in /media, media take 0 B"


def test_the_start_up_preset_and_what_became_of_it() -> None:
    started = {
        "binding": "standalone", "presetID": 3, "presetName": "Porch", "eventID": 12, "source": "sealed cache",
        "note": "the database is new",
    }  # fmt: skip
    facts = told(event(12, eventStatus=4), startup=started)
    assert facts["start-up"] == (
        "preset 3 (Porch), bound as standalone, from the sealed cache: event 12 is Complete\nthe database is new"
    )
    assert told(startup=started | {"eventID": 0, "note": ""})["start-up"].endswith("from the sealed cache")


def test_the_outbox_tells_how_long_the_oldest_waits() -> None:
    one = NOTHING_WAITS | {"waiting": 1, "oldestDate": "2026-07-01T12:09:20.000000Z"}
    assert "1 report waits since" in told(outbox=one)["outbox"]
    assert told(outbox=one)["outbox"].endswith("(40 s)")
    many = NOTHING_WAITS | {"waiting": 3, "oldestDate": "2026-07-01T09:00:00.000000Z"}
    assert told(outbox=many)["outbox"].endswith("(3 h)")
    later = NOTHING_WAITS | {"waiting": 3, "oldestDate": "2027-07-01T09:00:00.000000Z"}  # the clock was set back
    assert "(" not in told(outbox=later)["outbox"]


def test_the_outbox_tells_of_what_may_be_dropped() -> None:
    full = NOTHING_WAITS | {"reports": 50_000, "dropped": 12}
    assert told(outbox=full)["outbox"] == (
        "empty; 50000 health and log messages wait, 12 were dropped for want of room"
    )


def test_what_is_wrong_is_marked() -> None:
    record = status(
        upstream={"url": "https://hub", "state": "refused", "reason": "401", "sinceDate": "2026-07-01T11:00:00Z"},
        cameras=[camera(1), camera(2, cameraID="side", name="side", state="stalled")],
        clock={"now": "2026-07-01T12:10:00.000000Z", "quality": "floor", "error": 0.0},
        running=[event(7, eventStatus=3, percentComplete=42.0)],
    )
    facts = [(fact.title, fact.text, fact.style) for fact in status_facts(record, None)]
    assert ("upstream", "https://hub refused since 2026-07-01 11:00:00: 401", "bold red") in facts
    assert ("camera", "Main camera (main) is open", "green") in facts
    assert ("camera", "side is stalled", "bold red") in facts
    assert ("runs", "event 7, Video_Start_recording, 42 %", "bold cyan") in facts
    assert next(style for title, _, style in facts if title == "clock") == "yellow"


def test_the_newest_incidents_are_told() -> None:
    incidents = [{"date": f"2026-07-{day:02}T00:00:00Z", "code": f"c{day}", "message": "m"} for day in range(1, 9)]
    texts = [fact.text for fact in status_facts(status(incidents=incidents), None)][-MANY_INCIDENTS - 1 :]
    assert [text.split()[2] for text in texts[:-1]] == ["c8:", "c7:", "c6:", "c5:", "c4:"]
    assert texts[-1] == "and 3 more, in: cuelight status --json"


def test_ages() -> None:
    ages = [human_age(seconds) for seconds in (0, 59.9, 60, 3599, 3600, 47.9 * 3600, 48 * 3600)]
    assert ages == ["0 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 days"]


def test_a_stream_tells_where_to_and_how_it_goes() -> None:
    stream = {
        "eventID": 7, "camera": "Main", "target": "rtmp://host/live/[redacted]", "state": "live", "reason": "",
        "attempts": 1, "bitrate": 1_234_567, "dropped": 0,
    }  # fmt: skip
    assert told(streams=[stream])["stream"] == "event 7, Main to rtmp://host/live/[redacted]: live, 1,235 kbit/s"
    waits = stream | {"state": "waiting", "reason": "Connection refused", "dropped": 12}
    assert told(streams=[waits])["stream"].endswith(": waiting (Connection refused), 12 frames dropped")


def test_the_time_of_an_upstream_says_how_far_it_may_be_off() -> None:
    clock = {"now": "2026-07-01T12:10:00.000000Z", "quality": "upstream", "error": 0.62}
    assert told(clock=clock)["clock"] == "2026-07-01 12:10:00, upstream, within 0.6 s"
