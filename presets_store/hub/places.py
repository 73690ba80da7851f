"""Where a hub's files are, by its settings."""

from presets_store.hub.settings import BucketSettings, HubSettings
from presets_store.services.media.stores import FilePlaces
from presets_store.services.media.stores.choosing import Bucket, open_bucket
from presets_store.services.media.stores.disk import DiskStore


async def places_of(settings: HubSettings) -> FilePlaces:
    """Files that are sent here go into the bucket of the settings, else into the folder. Raises BucketUnsupported."""
    bucket = settings.media.bucket
    uploads = DiskStore(settings.files_folder) if bucket is None else await open_bucket(_bucket(bucket))
    return FilePlaces(uploads=uploads, public_url=settings.public_url)


def _bucket(settings: BucketSettings) -> Bucket:
    return Bucket(**settings.model_dump(exclude={"secret_key"}), secret_key=settings.secret_key.get_secret_value())
