"""How scripts, their decisions, cases and channels read for people. Pure."""

import json
from collections.abc import Mapping

from agent.cli.output import Column, Fact, Record
from agent.cli.records import pretty_json
from agent.cli.scripts.hours import short_hours, short_quiet
from agent.cli.scripts.zones import zone_names, zone_text
from agent.cli.text import NONE, local_time
from presets_store.rules.scripts.analytics import ANALYSERS

STATUS_STYLES = {"active": "green", "inactive": "dim"}
OUTCOME_STYLES = {"fired": "green", "failed": "bold red"}

REASONS: Mapping[str, str] = {
    "inactive": "it is disabled",
    "other_event": "it waits for another event",
    "other_camera": "it is not about that camera",
    "outside_working_time": "it is outside its hours",
    "break": "it is in a break",
    "outside_intervals": "it is outside its dates",
    "excluded_date": "that date is excluded",
    "cooldown": "it fired not long before",
    "too_old": "it happened too long ago",
}
"""What the reasons of decisions mean; others are shown as they are."""


def told(reason: str) -> str:
    """A decision's reason in words."""
    return REASONS.get(reason, reason)


def reaction_name(script: Record) -> str:
    """Its reaction's name; one without only notifies."""
    reaction = script.get("reaction")
    return str(reaction["name"]) if reaction else "notify"


def user_names(script: Record) -> str:
    """Who is notified."""
    return ", ".join(str(user["name"]) for user in script["users"]) or NONE


def _status_style(record: Record) -> str:
    return STATUS_STYLES.get(record["status"], "")


SCRIPTS = (
    Column("ID", lambda script: str(script["id"]), right=True),
    Column("title", lambda script: script.get("title") or NONE, lambda _: "bold"),
    Column("event", lambda script: script["event"]["name"]),
    Column("reaction", reaction_name, lambda _: "cyan"),
    Column("notifies", user_names),
    Column("status", lambda script: script["status"], _status_style),
    Column("hours", short_hours, wide=True),
)


def script_facts(script: Record, cameras: Mapping[int, str]) -> list[Fact]:
    """A script, described; `cameras` are the names of those of this device."""
    facts = [
        Fact("script", str(script["id"]), "bold"),
        Fact("title", script.get("title") or NONE),
        Fact("status", script["status"], _status_style(script)),
        Fact("event", ": ".join(filter(None, (script["event"]["name"], script["event"]["description"])))),
        Fact("cameras", _cameras(script, cameras)),
        Fact("reaction", reaction_name(script)),
        Fact("notifies", user_names(script)),
        Fact("hours", short_hours(script).replace("; ", "\n")),
        Fact("cooldown", f"{script['cooldown_seconds']} s" if script.get("cooldown_seconds") else "none"),
        Fact("created", local_time(script.get("created_at"))),
    ]
    given = {name: value for name, value in script["extra"].items() if value is not None}
    if given:
        facts.append(Fact("extra", pretty_json(json.dumps(given))))
    return facts


def _cameras(script: Record, names: Mapping[int, str]) -> str:
    keys = script.get("cameras")
    if keys is None:
        return "every camera"
    return ", ".join(names.get(key, f"camera {key}") for key in keys) or NONE


def _decision_style(decision: Record) -> str:
    return OUTCOME_STYLES.get(decision["outcome"], "yellow")


def _outcome(decision: Record) -> str:
    return "did not fire" if decision["outcome"] == "not" else str(decision["outcome"])


DECISIONS = (
    Column("when", lambda decision: local_time(decision["decided_at"])),
    Column("camera", lambda decision: decision["camera"]),
    Column("outcome", _outcome, _decision_style),
    Column("event", lambda decision: str(decision["event_id"] or NONE), right=True),
    Column("because", lambda decision: told(decision["reason"]) or NONE, wide=True),
)

COUNTERS = (
    Column("times", lambda counter: str(counter["count"]), right=True),
    Column("outcome", _outcome, _decision_style),
    Column("because", lambda counter: told(counter["reason"]) or NONE, wide=True),
)

OUTCOMES = (
    Column("script", lambda outcome: str(outcome["id"]), right=True),
    Column("title", lambda outcome: outcome["title"] or NONE, lambda _: "bold"),
    Column("outcome", _outcome, _decision_style),
    Column("because", lambda outcome: told(outcome["reason"]) or NONE, wide=True),
)

EVENTS = (
    Column("ID", lambda event: str(event["id"]), right=True),
    Column("event", lambda event: event["name"], lambda _: "bold"),
    Column("is", lambda event: event.get("description") or NONE, wide=True),
)

REACTIONS = (
    Column("ID", lambda reaction: str(reaction["id"]), right=True),
    Column("reaction", lambda reaction: reaction["name"], lambda _: "bold"),
    Column("is", lambda reaction: reaction.get("description") or NONE, wide=True),
)

CHANNELS = (
    Column("ID", lambda channel: str(channel["id"]), right=True),
    Column("name", lambda channel: channel["name"] or NONE, lambda _: "bold"),
    Column("tells", lambda channel: channel["user_name"] or str(channel["user_id"])),
    Column("by", lambda channel: channel["url"], wide=True),
    Column("quiet", lambda channel: short_quiet(channel.get("quiet")) or NONE),
    Column("sent by", lambda channel: "hub or device" if channel["device_may_send"] else "its own store"),
    Column("status", lambda channel: channel["status"], _status_style),
)


def _set_options(case: Record) -> str:
    """Those that are not as they would be anyway."""
    known = ANALYSERS[case["analytic_type"]].options if case["analytic_type"] in ANALYSERS else {}
    changed = [
        f"{name}={value}"
        for name, value in case["options"].items()
        if name not in known or value != known[name].default
    ]
    return " ".join(changed) or NONE


CASES = (
    Column("ID", lambda case: str(case["id"]), right=True),
    Column("name", lambda case: case["name"] or NONE, lambda _: "bold"),
    Column("looks for", lambda case: case["analytic_type"], lambda _: "cyan"),
    Column("camera", lambda case: case["camera"]),
    Column("where", zone_names),
    Column("status", lambda case: case["status"], _status_style),
    Column("options", _set_options, lambda _: "dim", wide=True),
)


def case_facts(case: Record, camera: str) -> list[Fact]:
    """An analytic case, described."""
    return [
        Fact("case", str(case["id"]), "bold"),
        Fact("name", case["name"] or NONE),
        Fact("status", case["status"], _status_style(case)),
        Fact("looks for", case["analytic_type"]),
        Fact("camera", camera),
        Fact("where", "\n".join(zone_text(zone) for zone in case["zones"]) or "whole picture"),
        Fact("options", "\n".join(f"{name} = {value}" for name, value in case["options"].items()) or NONE),
        Fact("created", local_time(case["created_at"])),
    ]


KINDS = (
    Column("kind", lambda option: option["kind"], lambda _: "bold"),
    Column("option", lambda option: option["option"]),
    Column("default", lambda option: option["default"]),
    Column("can be", lambda option: option["right"]),
    Column("means", lambda option: option["meaning"], wide=True),
)
