"""Transcoding_Extract_video: what a camera recorded from one moment to another, as one clip."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from agent.actions.files.choosing import of_time
from agent.actions.files.errors import NoFootage
from agent.actions.files.making import Part, Wanted, coding, delivery, make_clip
from agent.context import Context
from agent.errors import BadParameter
from agent.running import ActionTraits, Parameters, Result
from presets_store.storage.records import Clip

SHORTEST_GAP = 0.25
"""Seconds without a picture that are worth telling."""

LEAST = 0.001


class ExtractVideo:
    """From `startEpoch` to `endEpoch`; it begins at the key frame before, or, coded, `exact` at the picture."""

    traits: ClassVar = ActionTraits(resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: asked, clips, copied or coded (why), upload, postback, notes.

        Raises Stopped, Failed, BadParameter, NoFootage.
        """
        how, limits = coding(parameters), delivery(parameters)
        exact = bool(parameters.get("exact"))
        if exact and how["codec"] == "copy":
            raise BadParameter(field="exact", wrong=1, right="0 with codec copy, which can only begin at a key frame")
        clips = await of_time(context, parameters)
        start, end = parameters["startEpoch"], parameters["endEpoch"]
        parts = list(between(clips, start, end))
        if not parts:
            raise NoFootage(camera=clips[0].camera_id, start=_moment(start), end=_moment(end))
        asked = {key: parameters[key] for key in _ASKED if parameters.get(key)}
        notes = list(gaps(parts, start, end))
        wanted = Wanted(made="extracted", parts=parts, asked=asked, exact=exact, notes=notes, **how, **limits)
        return await make_clip(context, wanted)


_ASKED = ("startEpoch", "endEpoch", "camera", "exact", "fps", "codec")


def between(clips: Sequence[Clip], start: float, end: float) -> Iterator[Part]:
    """What of the clips lies between the moments (epoch s); of what two of them show, only the first."""
    reached = start
    for clip in clips:
        begins = clip.start / 1e6
        since, until = max(reached - begins, 0.0), min(end - begins, clip.seconds)
        if until - since >= LEAST:
            yield Part(clip, since, until if until < clip.seconds else None)
            reached = begins + until


def gaps(parts: Sequence[Part], start: float, end: float) -> Iterator[str]:
    """A sentence for each time between the moments that nothing shows."""
    reached = start
    for part in parts:
        begins = part.clip.start / 1e6
        yield from _gap(reached, begins + part.start)
        reached = begins + (part.clip.seconds if part.end is None else part.end)
    yield from _gap(reached, end)


def _gap(start: float, end: float) -> Iterator[str]:
    if end - start >= SHORTEST_GAP:
        yield f"nothing was recorded from {_moment(start)} for {end - start:.1f} s"


def _moment(epoch: float) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M:%S} UTC"
