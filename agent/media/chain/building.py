"""The linker of this device, with everything that it needs."""

from collections.abc import Sequence
from pathlib import Path

from agent.media.chain.keeper import Chain
from agent.media.chain.ledger import Ledger
from agent.media.chain.linking import Linker
from agent.startup.incidents import note_incidents
from agent.startup.sealed import SealedState
from presets_store.clock import Clock
from presets_store.services import Services
from presets_store.services.restoring.restore import Incident


def build_linker(folder: Path, sealed: SealedState, services: Services, clock: Clock, serial: str) -> Linker:
    """A linker for the media folder `folder`; its `run` is still to be started."""

    async def tell(incidents: Sequence[Incident]) -> None:
        await note_incidents(services.database, incidents)

    return Linker(Chain(Ledger(folder), sealed, clock, serial), services.clips, clock, tell)
