"""The key pair at the upstream as the sealed cache keeps it, and as the settings take it up."""

import logging
from dataclasses import dataclass

from pydantic import SecretStr

from agent.settings import Settings
from agent.startup.sealed import SealedState, encoded
from agent.upstream.credentials import KeyPair

logger = logging.getLogger(__name__)

ENTRY = "upstream.credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """`url`: the upstream's, without a final slash. `since`: epoch s at which the pair was made, 0 if no clock knew.

    `pending`: a further pair that has not been tried. `others_left`: other keys of this device may still be good there.
    """

    url: str
    pair: KeyPair
    since: float = 0.0
    pending: KeyPair | None = None
    others_left: bool = False


def read_enrolment(sealed: SealedState) -> Enrolment | None:
    """None when the device is not enrolled, or when the entry cannot be read, which is logged."""
    kept = sealed.document(ENTRY)
    if kept is None:
        return None
    try:
        return Enrolment(
            url=str(kept["url"]),
            pair=_pair(kept["pair"]),
            since=float(kept["since"]),
            pending=_pair(kept["pending"]) if kept["pending"] else None,
            others_left=kept["others_left"] is True,
        )
    except (KeyError, TypeError, ValueError) as error:
        logger.error("the sealed credentials of the upstream cannot be read: %r", error)
        return None


async def keep_enrolment(sealed: SealedState, enrolment: Enrolment | None) -> None:
    """Returns when it is on the disk; None forgets it. Raises what the cache raises."""
    kept = None
    if enrolment is not None:
        kept = encoded(
            {
                "url": enrolment.url,
                "pair": _plain(enrolment.pair),
                "since": enrolment.since,
                "pending": _plain(enrolment.pending) if enrolment.pending else None,
                "others_left": enrolment.others_left,
            }
        )
    await sealed.keep({ENTRY: kept})


def with_enrolment(settings: Settings, sealed: SealedState) -> Settings:
    """The settings with the sealed pair as those of the upstream. An access key that is in the settings wins.

    A pair is for the upstream that gave it: settings with the address of another one do without.
    """
    kept, upstream = read_enrolment(sealed), settings.upstream
    if kept is None or upstream.access_key:
        return settings
    if upstream.url not in ("", kept.url):
        logger.error("this device is enrolled at %s; the settings name another upstream, %s", kept.url, upstream.url)
        return settings
    pair = {"access_key": kept.pair.access_key, "secret_key": SecretStr(kept.pair.secret)}
    return settings.model_copy(update={"upstream": upstream.model_copy(update={"url": kept.url, **pair})})


def _pair(document: dict[str, str]) -> KeyPair:
    return KeyPair(str(document["access_key"]), str(document["secret"]))


def _plain(pair: KeyPair) -> dict[str, str]:
    return {"access_key": pair.access_key, "secret": pair.secret}
