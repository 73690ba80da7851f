"""Start-up presets of an upstream, by its own numbers: fetched whole, and the device's record there followed."""

import logging

from agent.adjustable import RIGHT_PRESET, AdjustableSettings
from agent.errors import UnknownSetting, UpstreamRefused
from agent.startup.sealed import SealedState, encoded
from agent.upstream.answers import read
from agent.upstream.client import SignedClient
from agent.upstream.own_record import own_record
from agent.upstream.peer import Peer
from presets_store.protocol.devices import DeviceRecord
from presets_store.protocol.parameters import WORKFLOW, read_workflow
from presets_store.protocol.presets import EventPresetRecord
from presets_store.protocol.startup import STANDALONE_SETTING, StandalonePreset
from presets_store.rules.startup import Order
from presets_store.services.answers import encode

logger = logging.getLogger(__name__)

PRESET_PATH = "/v1/eventpreset"
NO_SUCH_PRESET = frozenset({400, 403, 404, 410})

_ORIGIN = "startup.standalone.origin"
"""The sealed entry with the upstream whose record named the standalone preset, and its number there."""


class PresetsElsewhere:
    """Those of the upstream that `client` reaches. `serial` is this device's."""

    def __init__(self, client: SignedClient, peer: Peer, sealed: SealedState, serial: str) -> None:
        self._client = client
        self._peer = peer
        self._sealed = sealed
        self._serial = serial
        self.shown_url = client.shown_url

    async def whole(self, preset_id: int) -> StandalonePreset:
        """The preset with the members of a workflow inside it, so that it runs from itself alone.

        Raises UnknownSetting, UpstreamUnreachable, UpstreamRefused, and what the parameters of a workflow may raise.
        """
        preset = await self._find(preset_id)
        parameters = preset.event_parameters
        if preset.event_type_id == WORKFLOW:
            steps = []
            for step in read_workflow(parameters):
                member = await self._find(step.event_preset_id)
                steps.append(step.model_copy(update={"preset": _whole(member, member.event_parameters)}))
            parameters = encode(steps)
        return _whole(preset, parameters)

    async def follow(self, settings: AdjustableSettings) -> None:
        """Keeps the standalone preset that the device's record at another server names; forgets one that it named.

        Our own hub tells its devices by an event. Raises as `whole`, and what keeping may raise.
        """
        if await self._peer.ours():
            return
        named = (await self._record()).standalone_event_preset_id
        kept = self._sealed.standalone()
        if named:
            preset = await self.whole(named)
            await settings.keep_standalone(preset)
            await self._sealed.keep({_ORIGIN: encoded(self._origin(preset))})
            if preset != kept:
                logger.info("preset %d (%s) of the upstream is kept as standalone", named, preset.event_preset_name)
        elif kept is not None and self._sealed.document(_ORIGIN) == self._origin(kept):
            await settings.keep_standalone(None)
            await self._sealed.keep({_ORIGIN: None})
            logger.info("the upstream names no standalone preset any more; the one from there is forgotten")

    def _origin(self, preset: StandalonePreset) -> dict[str, str | int]:
        """Says that this upstream named the preset. One of a store of ours has a UUID, which others do not tell."""
        return {"upstream": self._client.url, "preset_id": preset.key, "uuid": preset.uuid}

    async def online(self) -> Order | None:
        """What the upstream fires when this device is ready; None when nothing is bound there. Raises as `whole`."""
        bound = (await self._record()).device_ready_event_preset_id
        if not bound:
            return None
        preset = await self._find(bound)
        return Order(preset.event_type_id, preset.event_parameters)

    async def _record(self) -> DeviceRecord:
        return await own_record(self._client, self._serial)

    async def _find(self, preset_id: int) -> EventPresetRecord:
        try:
            answer = await self._client.request("GET", f"{PRESET_PATH}/{preset_id}")
        except UpstreamRefused as refused:
            if refused.fields["status"] in NO_SUCH_PRESET:
                wrong = f"names preset {preset_id}, which {self._client.shown_url} does not have for this device"
                raise UnknownSetting(name=STANDALONE_SETTING, wrong=wrong, right=RIGHT_PRESET) from refused
            raise
        return read(self._client, EventPresetRecord, answer)


def _whole(preset: EventPresetRecord, parameters: str) -> StandalonePreset:
    return StandalonePreset(
        key=preset.key,
        event_preset_name=preset.event_preset_name,
        agent_type_id=preset.agent_type_id,
        event_type_id=preset.event_type_id,
        event_parameters=parameters or "{}",
        priority=preset.priority,
        max_attempts=preset.max_attempts,
        expiration_epoch=preset.expiration_epoch,
        tag_string=preset.tag_string,
        tag_number=preset.tag_number,
        revision=preset.last_modified_date,
    )
