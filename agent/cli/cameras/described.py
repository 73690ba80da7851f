"""How found cameras and their controls read for people. Pure."""

from collections.abc import Iterable

from agent.cli.output import Column, Record
from agent.cli.text import NONE


def best_formats(camera: Record) -> str:
    """The largest size of each codec, at its fastest: `mjpeg 1920x1080 30/s, yuyv 640x480 30/s`."""
    largest: dict[str, Record] = {}
    for picture in camera["formats"]:
        best = largest.setdefault(picture["codec"], picture)
        if _grade(picture) > _grade(best):
            largest[picture["codec"]] = picture
    told = [f"{it['codec']} {it['width']}x{it['height']} {it['rate']:g}/s" for it in largest.values()]
    return ", ".join(told) or "none that can be used"


def _grade(picture: Record) -> tuple[int, float]:
    return picture["width"] * picture["height"], picture["rate"]


def possible_values(control: Record) -> str:
    """A range, or the entries of a menu as the settings take them."""
    match control["kind"]:
        case "boolean":
            return "true, false"
        case "button":
            return "true presses it"
        case "menu" | "integer_menu":
            return ", ".join(_entries(control))
        case "string":
            return f"text of {control['minimum']} to {control['maximum']} bytes"
        case "bitmask":
            return f"bits of {control['maximum']:#x}"
    step = f" by {control['step']}" if control["step"] > 1 else ""
    return f"{control['minimum']} to {control['maximum']}{step}"


def present_value(control: Record) -> str:
    """What it is set to."""
    value = control["value"]
    if value is None:
        return NONE
    return str(value).lower() if isinstance(value, bool) else str(value)


def default_value(control: Record) -> str:
    """What the camera takes for usual."""
    match control["kind"]:
        case "button" | "string":
            return NONE
        case "boolean":
            return "true" if control["default"] else "false"
        case "menu" | "integer_menu":
            return str(control["menu"].get(str(control["default"]), control["default"]))
    return str(control["default"])


def _entries(control: Record) -> Iterable[str]:
    entries: dict[str, str] = control["menu"]
    return entries.values()


def _remark(control: Record) -> str:
    if control["read_only"]:
        return "read only"
    return "inactive: an automatic has the say" if control["inactive"] else ""


FOUND = (
    Column("name", lambda camera: camera["name"], lambda _: "bold"),
    Column("address", lambda camera: camera["address"]),
    Column("driver", lambda camera: camera["driver"], lambda _: "dim"),
    Column("controls", lambda camera: str(len(camera["controls"])), right=True),
    Column("formats", best_formats, wide=True),
)

CONTROLS = (
    Column("name", lambda control: control["name"], lambda _: "bold"),
    Column("kind", lambda control: control["kind"], lambda _: "dim"),
    Column("value", present_value, lambda control: "dim" if control["inactive"] else ""),
    Column("default", default_value, lambda _: "dim"),
    Column("can be", possible_values, wide=True),
    Column("remark", _remark, lambda _: "yellow"),
)
