"""Transcoding_Concatenate_files and Transcoding_Concatenate_files_ext: one clip of many, whole ones."""

from typing import ClassVar

from agent.actions.files.choosing import MOST_PARTS, of_list, of_time
from agent.actions.files.making import Part, Wanted, delivery, make_clip
from agent.context import Context
from agent.errors import BadParameter
from agent.running import ActionTraits, Parameters, Result
from presets_store.protocol.item_types import ItemType


class ConcatenateFiles:
    """Those in `videoClips`, in that order, else all with something of the time from `startEpoch` to `endEpoch`."""

    traits: ClassVar = ActionTraits(resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: asked, clips, copied or coded (why), upload, postback, notes.

        Raises Stopped, Failed, BadParameter, UnknownClip, NoFootage.
        """
        if parameters.get("itemTypeID", int(ItemType.VIDEO_CLIP)) != ItemType.VIDEO_CLIP:
            wrong, right = parameters["itemTypeID"], f"{int(ItemType.VIDEO_CLIP)}: only video clips are joined here"
            raise BadParameter(field="itemTypeID", wrong=wrong, right=right)
        listed = parameters.get("videoClips") or []
        if len(listed) > MOST_PARTS:
            raise BadParameter(field="videoClips", wrong=f"{len(listed)} clips", right=f"at most {MOST_PARTS}")
        limits = delivery(parameters)
        clips = await of_list(context, listed) if listed else await of_time(context, parameters)
        asked = {key: parameters[key] for key in ("startEpoch", "endEpoch", "camera") if parameters.get(key)}
        notes = ["usevrs is not known here and was passed over"] if parameters.get("usevrs") else []
        parts = [Part(clip) for clip in clips]
        return await make_clip(context, Wanted(made="joined", parts=parts, asked=asked, notes=notes, **limits))
