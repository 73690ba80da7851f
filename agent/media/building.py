"""The media library of this device, with the index of what is in it."""

from agent.media.library import MediaLibrary
from agent.media.removing import Removing
from agent.media.taken import TakenIndex
from agent.settings import Settings
from presets_store.clock import Clock
from presets_store.services import Services


def build_library(settings: Settings, services: Services, clock: Clock) -> tuple[MediaLibrary, TakenIndex]:
    """The `run` of the index of photos and sounds is still to be started. The store removes files by the library."""
    media, own = services.media, services.own_device.key
    taken = TakenIndex(settings.media_folder, media.own_images, media.own_sounds, own, clock)
    library = MediaLibrary(settings.media_folder, services.clips, own, clock, taken=taken)
    media.files.remover = Removing(library)
    return library, taken
