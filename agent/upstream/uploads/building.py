"""Uploads and transfers of this agent, with everything that they need."""

from agent.media.library import MediaLibrary
from agent.settings import Settings
from agent.update import staging
from agent.upstream.building import UpstreamLink
from agent.upstream.transport import Transport
from agent.upstream.uploads.bucket import TokenBucket
from agent.upstream.uploads.fetching import Fetcher
from agent.upstream.uploads.policy import UploadPolicy
from agent.upstream.uploads.sending import Sender
from agent.upstream.uploads.transfers import NO_UPSTREAM, Transfers
from agent.upstream.uploads.worker import Uploads
from hardware.box.network import metered
from presets_store.clock import Clock
from presets_store.services import Services

NEVER = "uploads.policy is `never`"


def build_transfers(
    settings: Settings, services: Services, media: MediaLibrary, link: UpstreamLink | None, clock: Clock
) -> Transfers:
    """The `run` of its `uploads` is still to be started. `media` tells them of what is new."""
    transport = link.transport if link is not None else Transport("", clock)
    bucket = TokenBucket(settings.uploads.rate, clock)
    policy = UploadPolicy(settings.uploads, clock, metered)
    own, known = services.own_device, services.media.uploads
    uploads = None
    if link is not None and not policy.never:
        sender = Sender(transport, clock, bucket, link.client.shown_url)
        uploads = Uploads(
            known, link.client, sender, policy, link.watch, clock, own.key, own.serial_number, settings.media_folder
        )
        media.closed.append(uploads.wake)
        if media.taken is not None:
            media.taken.stored = uploads.wake
    return Transfers(
        known,
        settings.media_folder,
        own.key,
        clock,
        Sender(transport, clock, bucket, "the event"),
        Fetcher(transport, settings.media_folder),
        Fetcher(transport, settings.state_folder, staging.FOLDER, staging.room),
        client=link.client if link is not None else None,
        uploads=uploads,
        why_not=NEVER if policy.never else NO_UPSTREAM,
    )
