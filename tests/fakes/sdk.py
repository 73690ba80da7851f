"""The unmodified third-party client, called as its users do: from another thread, with its configuration first."""

import asyncio
import contextlib
import io
from collections.abc import Callable
from typing import Any

from actionstreamer.Config import WebServiceConfig

from presets_store.services.people.keys import NewKey


class SdkClient:
    """`printed` is what the last call wrote to standard output; `config` what its functions take first."""

    def __init__(self, root: str, key: NewKey) -> None:
        self.config = WebServiceConfig(key.access_key, key.secret, base_url=f"{root}/", timeout=10)
        self.printed = ""

    async def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a call that must succeed."""
        result = await self.plain(function, self.config, *arguments)
        assert result.code == 200, (result.code, result.description, self.printed)
        return result

    async def refused(self, status: int, function: Callable[..., Any], *arguments: Any) -> str:
        """The text that the package hands to its user."""
        result = await self.plain(function, self.config, *arguments)
        assert result.code == status, (result.code, result.description)
        return str(result.description)

    async def plain(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """A function that needs no configuration."""
        printed = io.StringIO()

        def call() -> Any:
            with contextlib.redirect_stdout(printed):
                return function(*arguments)

        result = await asyncio.to_thread(call)
        self.printed = printed.getvalue()
        return result

    def moved(self, root: str) -> None:
        """The server listens somewhere else now."""
        self.config.base_url = f"{root}/"

    def close(self) -> None:
        self.config.requests_session.close()
