"""Requests about scripts and what belongs to them, in their order, on a store whose first camera is named `desk`."""

from typing import Any

from fakes.scripts import SCHEDULE, TIMETABLE

ID = "0190b5c2-7a3b-4c4d-8e5f-0123456789ab"
SCRIPT = {"title": "Queue", "event_id": 41, "reaction_id": 5, "users": [], "status": "active", "cameras": None,
          "timetable": TIMETABLE}  # fmt: skip

CASE: dict[str, Any] = {
    "camera_id": 1, "analytic_type": "line_crossing", "name": "Door", "options": {"direction": "a_to_b"},
    "zones": [{"name": "sill", "kind": "line", "points": [[0.5, 0.1], [0.5, 0.9]]}],
}  # fmt: skip
FIRED: dict[str, Any] = {
    "triggerUUID": ID, "eventName": "motion", "cameraID": "desk", "occurredDate": "2026-11-23T10:00:00Z",
    "scripts": [{"scriptUUID": ID, "decidedDate": "2026-11-23T10:00:01Z", "carriedOut": 1, "told": []}],
}  # fmt: skip
QUIET = {"from": "22:00:00", "to": "06:59:59", "days": ["weekdays"], "zone": "Europe/Berlin"}

SCRIPTS: list[tuple[str, str, Any]] = [
    ("POST", "/api/v1/scripts", SCRIPT),
    ("PUT", "/api/v1/scripts/1", {**SCRIPT, "status": False, "extra": {"chat_id": -5, "bot_token": "1:a"}}),
    ("POST", "/api/admin/v1/scripts", {"event_id": 41, "reaction_id": None, "users": [1], "schedule": SCHEDULE}),
    ("PUT", "/api/admin/v1/scripts/2", {"event_id": 42, "reaction_id": 3, "users": [], "schedule": []}),
    ("POST", "/api/v1/scripts/1/simulate", {"event": 41, "camera": 0, "occurred_at": "2026-11-23T10:00:00Z"}),
    ("POST", "/api/v1/basic-configurations/events", {"name": "door.open", "color": "#00FF00"}),
    ("POST", "/api/integration/v1/events", {"event": 41, "camera": "desk", "attributes": {"count": 3}}),
    ("POST", "/api/integration/v1/events", {"event": "motion", "camera": 1, "occurred_at": "2026-11-23T00:00:00Z"}),
    ("POST", "/api/v1/analytic-cases", CASE),
    ("PUT", "/api/v1/analytic-cases/1", {**CASE, "analytic_type": "motion", "zones": [], "options": {}}),
    *(("GET", f"/api/{path}", None) for path in (
        "v1/analytic-cases", "v1/analytic-cases/1", "v1/scripts/1/decisions",
        "v1/scripts", "admin/v1/scripts", "v1/scripts/1", "admin/v1/scripts/1", "v1/scripts/users",
        "v1/scripts/1/explain", "v1/basic-configurations",
    )),
    ("POST", "/api/v1/channels", {"name": "Mail", "url": "json://far.example/hook", "quiet": QUIET, "status": True}),
    ("GET", "/api/v1/channels", None),
    ("GET", "/api/v1/channels/1", None),
    ("PUT", "/api/v1/channels/1", {"device_may_send": True, "quiet": {}, "status": "inactive"}),
    ("DELETE", "/api/v1/channels/1", None),
    ("DELETE", "/api/v1/analytic-cases/1", None),
    ("DELETE", "/api/v1/scripts/1", None),
    ("DELETE", "/api/admin/v1/scripts/2", None),
    ("POST", "/api/v1/scripts", SCRIPT),
    ("DELETE", "/api/v1/scripts", {"ids": [3]}),
    ("POST", "/v1/device/1/cameras", [{"cameraIndex": 0, "cameraID": "desk", "name": "Desk", "backend": "v4l2"}]),
    ("POST", "/v1/device/1/scripts/fired", [FIRED]),
    ("GET", "/v1/device/1/scripts", None),
]  # fmt: skip

WRONG_SCRIPTS: list[tuple[str, str, Any]] = [
    ("POST", "/v1/device/1/cameras", [{"cameraIndex": -1, "cameraID": "desk"}]),
    ("POST", "/v1/device/1/cameras", [{"cameraIndex": 0, "cameraID": ""}]),
    ("POST", "/v1/device/1/scripts/fired", [{**FIRED, "scripts": []}]),
    ("POST", "/v1/device/1/scripts/fired", [{**FIRED, "triggerUUID": "x"}]),
    ("POST", "/api/v1/scripts", {"title": "x"}),
    ("POST", "/api/v1/scripts", {**SCRIPT, "event_id": 0}),
    ("POST", "/api/v1/scripts", {**SCRIPT, "status": "perhaps"}),
    ("POST", "/api/v1/scripts", {**SCRIPT, "cameras": []}),
    ("POST", "/api/v1/scripts", {**SCRIPT, "users": [1] * 201}),
    ("POST", "/api/v1/scripts", {**SCRIPT, "timetable": []}),
    ("POST", "/api/v1/scripts", {**SCRIPT, "extra": {"bot_token": "a b"}}),
    ("POST", "/api/admin/v1/scripts", {"event_id": 41, "schedule": {}}),
    ("DELETE", "/api/v1/scripts", {"ids": []}),
    ("POST", "/api/integration/v1/events", {"event": "motion"}),
    ("POST", "/api/integration/v1/events", {"event": [41], "camera": "desk"}),
    ("POST", "/api/integration/v1/events", {"event": "motion", "camera": "desk", "attributes": [1]}),
    ("POST", "/api/v1/analytic-cases", {"analytic_type": "motion"}),
    ("POST", "/api/v1/analytic-cases", {**CASE, "zones": [{**CASE["zones"][0], "kind": "circle"}]}),
    ("POST", "/api/v1/analytic-cases", {**CASE, "zones": [{**CASE["zones"][0], "points": [[0, 0], [2, 0]]}]}),
    ("POST", "/api/v1/basic-configurations/events", {"name": "Door"}),
    ("POST", "/api/v1/channels", {"name": "no address"}),
    ("POST", "/api/v1/channels", {"url": "json://" + "x" * 2000}),
    ("POST", "/api/v1/channels", {"url": "json://far.example", "quiet": "at night"}),
    ("PUT", "/api/v1/channels/1", {"status": "perhaps"}),
]
