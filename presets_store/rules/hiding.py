"""Which parameters hold secrets, and how they are shown. Pure."""

import json
from collections.abc import Callable
from typing import Any

from presets_store.protocol.parameters import WORKFLOW
from presets_store.redaction import HIDDEN, names_a_secret

_NETWORKS = frozenset({17, 19})
"""Device_Add_network, Device_Update_networks: passwords of networks."""
WITH_SECRETS = _NETWORKS | {WORKFLOW}
"""The types whose parameters are looked into: the steps of a workflow may hold whole presets, of those types too."""


def hidden(event_type_id: int, text: str) -> str:
    """The parameters as they are shown."""
    return with_secrets(event_type_id, text, lambda _: HIDDEN)


def unchanged(event_type_id: int, before: str, given: str) -> bool:
    """Whether a peer gives back what it was shown of `before`: then its secrets are meant to stay."""
    return event_type_id in WITH_SECRETS and bool(_parsed(given) == _parsed(hidden(event_type_id, before)))


def with_secrets(event_type_id: int, text: str, change: Callable[[str], str]) -> str:
    """The parameters with `change` done to each secret in them; as they are when nothing changes."""
    if event_type_id not in WITH_SECRETS:
        return text
    before = _parsed(text)
    after = _steps(before, change) if event_type_id == WORKFLOW else _walked(before, change)
    return text if after == before else json.dumps(after, ensure_ascii=False)


def holds_secrets(event_type_id: int, text: str) -> bool:
    """Whether there is a secret in the parameters, in plain text, sealed or hidden."""
    found: list[str] = []

    def note(secret: str) -> str:
        found.append(secret)
        return secret

    with_secrets(event_type_id, text, note)
    return bool(found)


def _steps(steps: Any, change: Callable[[str], str]) -> Any:
    """The steps of a workflow, with `change` done to the secrets of the presets that they hold."""
    if not isinstance(steps, list):
        return steps
    return [{name: _preset(value, change) for name, value in step.items()} if isinstance(step, dict) else step
            for step in steps]  # fmt: skip


def _preset(value: Any, change: Callable[[str], str]) -> Any:
    if not isinstance(value, dict):
        return value
    kind = next((member for name, member in value.items() if name.casefold() == "eventtypeid"), 0)
    if kind not in _NETWORKS:
        return value
    return {
        name: with_secrets(kind, member, change)
        if name.casefold() == "eventparameters" and isinstance(member, str)
        else member
        for name, member in value.items()
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # a row of old; its event will end as Error
        return None


def _walked(value: Any, change: Callable[[str], str], *, secret: bool = False) -> Any:
    """`secret`: it is, or is inside, a member with a secret's name."""
    if isinstance(value, dict):
        return {name: _walked(member, change, secret=secret or names_a_secret(name)) for name, member in value.items()}
    if isinstance(value, list):
        return [_walked(member, change, secret=secret) for member in value]
    return change(str(value)) if secret and value not in (None, "", True, False) else value
