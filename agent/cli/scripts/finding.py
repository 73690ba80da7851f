"""What the commands of scripts take by name or ID, found through the API."""

from collections.abc import Iterator
from typing import Any

from agent.cli.errors import Ambiguous, NothingNamed
from agent.cli.output import Record
from agent.cli.people.users import user_named
from agent.cli.session import Session

SCRIPTS = "/api/v1/scripts"
CHANNELS = "/api/v1/channels"
CASES = "/api/v1/analytic-cases"
PAGE = 100


def pages_of(session: Session, path: str) -> Iterator[dict[str, Any]]:
    """All records of a list that comes in pages."""
    page = 1
    while True:
        answer = session.client.get(path, {"page": page, "per_page": PAGE})
        yield from answer["data"]
        if page >= answer["meta"]["last_page"]:
            return
        page += 1


def catalogue(session: Session) -> dict[str, Any]:
    """The `events` that scripts may wait for and the `reactions` that they may have."""
    found: dict[str, Any] = session.client.get("/api/v1/basic-configurations")
    return found


def entry_named(entries: list[dict[str, Any]], named: str, what: str) -> dict[str, Any]:
    """The entry of a catalogue with this name or ID. Raises NothingNamed."""
    for entry in entries:
        if named in (entry["name"], str(entry["id"])):
            return entry
    raise NothingNamed(what=what, name=named, hint=f"there are: {', '.join(entry['name'] for entry in entries)}")


def script_named(session: Session, named: str) -> dict[str, Any]:
    """The script with this ID, else with this title (case does not matter). Raises NothingNamed, Ambiguous."""
    if named.isdecimal():
        found: dict[str, Any] = session.client.get(f"{SCRIPTS}/{int(named)}")
        return found
    return _one(list(pages_of(session, SCRIPTS)), "title", named, "script", "cuelight script list")


def channel_named(session: Session, named: str) -> dict[str, Any]:
    """The channel with this ID, else with this name. Raises NothingNamed, Ambiguous."""
    return _one(list(pages_of(session, CHANNELS)), "name", named, "channel", "cuelight channel list")


def case_named(session: Session, named: str) -> dict[str, Any]:
    """The analytic case with this ID, else with this name. Raises NothingNamed, Ambiguous."""
    return _one(list(pages_of(session, CASES)), "name", named, "analytic case", "cuelight analytics list")


def _one(records: list[dict[str, Any]], member: str, named: str, what: str, where: str) -> dict[str, Any]:
    found = [record for record in records if named == str(record["id"])]
    found = found or [record for record in records if str(record[member]).casefold() == named.casefold()]
    if not found:
        raise NothingNamed(what=what, name=named, hint=f"they are in: {where}")
    if len(found) > 1:
        candidates = ", ".join(str(record["id"]) for record in found)
        raise Ambiguous(name=named, what=f"{what}s", candidates=candidates)
    return found[0]


def cameras_of(session: Session, device: str) -> list[dict[str, Any]]:
    """The cameras of a device, which is named as for `Session.device`."""
    found: list[dict[str, Any]] = session.client.get(f"/v1/device/{session.device(device)['key']}/cameras")
    return found


def camera_named(cameras: list[dict[str, Any]], named: str) -> dict[str, Any]:
    """The camera with this key, ID in the settings, or name. Raises NothingNamed, Ambiguous."""
    for member in ("key", "cameraID", "name"):
        found = [camera for camera in cameras if named.casefold() == str(camera.get(member) or "").casefold()]
        if len(found) > 1:
            raise Ambiguous(name=named, what="cameras", candidates=", ".join(str(each["key"]) for each in found))
        if found:
            return found[0]
    raise NothingNamed(what="camera", name=named, hint="they are in: cuelight camera list")


def camera_meant(session: Session, named: str) -> dict[str, Any]:
    """The camera of this device that is named, else the only one. Raises NothingNamed, Ambiguous."""
    cameras = cameras_of(session, "")
    if named or not cameras:
        return camera_named(cameras, named)
    if len(cameras) > 1:
        candidates = ", ".join(camera_name(each) for each in cameras)
        raise Ambiguous(name="no --camera", what="cameras", candidates=candidates)
    return cameras[0]


def camera_names(session: Session) -> dict[int, str]:
    """What the cameras of this device are called, by key."""
    return {camera["key"]: camera_name(camera) for camera in cameras_of(session, "")}


def camera_name(camera: Record) -> str:
    """Its name, else its ID in the settings."""
    return str(camera.get("name") or camera.get("cameraID") or camera["key"])


def user_keys(session: Session, named: list[str]) -> list[int]:
    """The keys of these users. Raises NothingNamed."""
    return [int(user_named(session, each)["key"]) for each in named]
