"""Chats of a Telegram bot, as Apprise addresses them."""

import re
from typing import ClassVar, Final

from presets_store.errors import CuelightError, Kind

_TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,100}")
_CHAT: Final = re.compile(r"-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,40}")


class ChatUnusable(CuelightError):
    """What a script's extra says of its chat. The token is never repeated."""

    code: ClassVar[str] = "telegram_chat_unusable"
    kind: ClassVar[Kind] = Kind.UNPROCESSABLE
    template: ClassVar[str] = "{field} is {problem}"


def chat_url(bot_token: str, chat_id: str) -> str:
    """The Apprise URL. Raises ChatUnusable, which names the field."""
    if not _TOKEN.fullmatch(bot_token):
        raise ChatUnusable(
            field="extra.bot_token", problem="no token of a bot, which looks like 123456789:ABCdef_ghi-jkl"
        )
    if not _CHAT.fullmatch(chat_id):
        raise ChatUnusable(field="extra.chat_id", problem="no chat: right would be a number, or @NAME of a channel")
    return f"tgram://{bot_token}/{chat_id}/?format=text&image=no"
