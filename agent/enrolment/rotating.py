"""Changes the device's key at the upstream for another. Cut off at any point, one pair that is kept here works there.

| step | at the hub | here |
| --- | --- | --- |
| 1 | every key but the one that signs is revoked | |
| 2 | there is a second key | |
| 3 | | the new pair is kept, as `pending` |
| 4 | the new pair has signed a request | |
| 5 | | the new pair is the one that is used |
| 6 | every key but the new one is revoked | |
| 7 | | nothing is left to be done |

What was cut off before step 3 begins anew, and step 1 revokes the key that nobody knows; after it `finish` goes on.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from agent.enrolment.errors import ChangeNotOffered, NewKeyRefused, NotEnrolled
from agent.enrolment.kept import Enrolment, keep_enrolment, read_enrolment
from agent.errors import UpstreamRefused
from agent.startup.sealed import SealedState
from agent.upstream.answers import read
from agent.upstream.client import SignedClient
from agent.upstream.credentials import KeyPair
from agent.upstream.peer import Peer
from presets_store.clock import Clock
from presets_store.protocol.keys import ApiKeyRecord
from presets_store.services.errors import KeyUnknown

logger = logging.getLogger(__name__)

OWN_PATH = "/v1/apikey/own"
OTHERS_PATH = "/v1/apikey/own/others"
TRIAL_PATH = "/v1/testauth"


class Rotation:
    """`client` signs for the running link; `signing` makes another one of the same upstream, for another pair."""

    def __init__(
        self,
        sealed: SealedState,
        client: SignedClient,
        peer: Peer,
        clock: Clock,
        signing: Callable[[KeyPair], SignedClient],
    ) -> None:
        self._sealed = sealed
        self._client = client
        self._peer = peer
        self._clock = clock
        self._signing = signing
        self.changing = asyncio.Lock()
        """Held by whoever changes what is kept."""

    def uses(self, kept: Enrolment) -> bool:
        """Whether the link signs with what is kept, and not with a pair from the settings."""
        return kept.url == self._client.url and kept.pair == self._client.credentials.current

    def take_up(self, kept: Enrolment) -> bool:
        """Has the link sign with a pair that was just kept; False when it is another upstream's."""
        if kept.url != self._client.url:
            return False
        self._client.credentials.current = kept.pair
        return True

    async def dated(self, now: float) -> None:
        """Notes `now` (epoch s) as the age of a pair that was made while no clock knew."""
        async with self.changing:
            await keep_enrolment(self._sealed, replace(self._enrolment(), since=now))

    def _enrolment(self) -> Enrolment:
        kept = read_enrolment(self._sealed)
        if kept is None:
            raise NotEnrolled(reason="its key is in the settings, or it has none")
        if not self.uses(kept):
            raise NotEnrolled(reason="the one that is kept is taken up when the agent starts anew")
        return kept

    async def rotate(self) -> str:
        """Changes the key; the new access key.

        Raises NotEnrolled, ChangeNotOffered, NewKeyRefused, UpstreamUnreachable, UpstreamRefused, and as the cache.
        """
        async with self.changing:
            kept = await self._finish()
            if not await self._peer.ours():
                raise ChangeNotOffered(url=self._client.shown_url)
            await self._client.request("DELETE", OTHERS_PATH)
            made = read(self._client, ApiKeyRecord, await self._client.request("POST", OWN_PATH))
            await keep_enrolment(self._sealed, replace(kept, pending=KeyPair(made.access_key, made.secret_key)))
            await self._finish()
            return made.access_key

    async def finish(self) -> Enrolment:
        """Goes on with a change that was cut off, if one was; what is kept then. Raises as `rotate`."""
        async with self.changing:
            return await self._finish()

    async def _finish(self) -> Enrolment:
        kept = self._enrolment()
        if kept.pending is not None:
            kept = await self._taken_up(kept, kept.pending)
        if kept.others_left:
            await self._client.request("DELETE", OTHERS_PATH)
            kept = replace(kept, others_left=False)
            await keep_enrolment(self._sealed, kept)
            logger.info("the upstream's key of this device is %s now", kept.pair.access_key)
        return kept

    async def _taken_up(self, kept: Enrolment, new: KeyPair) -> Enrolment:
        """The enrolment with the new pair in use, which was tried first."""
        try:
            await self._try(new)
        except UpstreamRefused as refused:
            if refused.fields.get("problem") != KeyUnknown.code:
                raise
            await keep_enrolment(self._sealed, replace(kept, pending=None))
            raise NewKeyRefused(url=self._client.shown_url, text=refused.fields["text"]) from refused
        since = self._clock.now() if self._clock.quality().trusted else 0.0
        after = replace(kept, pair=new, pending=None, since=since, others_left=True)
        await keep_enrolment(self._sealed, after)
        self._client.credentials.current = new
        return after

    async def _try(self, pair: KeyPair) -> None:
        trial = self._signing(pair)
        try:
            await trial.request("POST", TRIAL_PATH)
        finally:
            await trial.close()
