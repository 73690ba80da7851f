"""The worker of a process, built from its services and settings."""

from collections.abc import Callable

from presets_store.delivery.children import Children
from presets_store.delivery.guard import AddressRules
from presets_store.delivery.worker import DeliveryWorker, Ways
from presets_store.services import Services


def build_delivery(
    services: Services,
    rules: AddressRules,
    *,
    most: int = 1,
    may_tell_mirrored: Callable[[], bool] = lambda: True,
) -> DeliveryWorker:
    """`rules`: which addresses are never asked. `most` messages are sent at once, each by a process of some 60 MB.

    `may_tell_mirrored`: whether scripts of an upstream are told from here at this moment; asked before each.
    """
    scripts = services.scripts
    ways = Ways(Children(rules, most=most), rules, scripts.channel_secrets, scripts.secrets)
    return DeliveryWorker(
        services.database,
        services.clock,
        ways,
        scripts.zone,
        most=most,
        entered=services.wakeups.deliveries,
        may_tell_mirrored=may_tell_mirrored,
    )
