"""Transcoding_Transcode_file: a clip as a plain MP4, coded anew where that is asked for."""

import re
from typing import ClassVar

from agent.actions.files.choosing import named
from agent.actions.files.making import Part, Wanted, coding, make_clip
from agent.context import Context
from agent.errors import BadParameter
from agent.running import ActionTraits, Parameters, Result

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}")


class TranscodeFile:
    """The new clip lies beside the one that it is made of."""

    traits: ClassVar = ActionTraits(resumable=True)

    async def run(self, context: Context, parameters: Parameters) -> Result:
        """Result: asked, clips, copied or coded (why), notes. Raises Stopped, Failed, BadParameter, UnknownClip."""
        how, name = coding(parameters), target_name(parameters.get("targetFile", ""))
        clip = await named(context, parameters)
        asked = {key: parameters[key] for key in _ASKED if parameters.get(key)}
        wanted = Wanted(made="transcoded", parts=[Part(clip)], asked=asked, name=name, **how)
        return await make_clip(context, wanted)


_ASKED = ("fileID", "source", "sourceFile", "targetFile", "fps", "codec")


def target_name(given: str) -> str:
    """The file's name with its ending; "" when none was given. Raises BadParameter."""
    if not given:
        return ""
    if _NAME.fullmatch(given) is None:
        raise BadParameter(
            field="targetFile", wrong=given, right="a name without folders: letters, digits, and . _ - inside it"
        )
    return given if given.endswith(".mp4") else f"{given}.mp4"
