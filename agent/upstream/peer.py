"""Who is at the other end: another cuelight, which has more routes than the contract, or any other server."""

from agent.errors import UpstreamRefused
from agent.upstream.client import Answer, SignedClient

VERSION_PATH = "/v1/version"
PRODUCT = "cuelight"
NO_SUCH_ROUTE = frozenset({400, 404, 405, 410, 501})
NOT_A_ROUTE = "no_such_route"
"""The problem that a cuelight tells of a path that its release does not know."""


class Peer:
    """The upstream of `client`. It is asked once; `forget`, after a loss, has it asked again."""

    def __init__(self, client: SignedClient) -> None:
        self._client = client
        self._ours: bool | None = None
        self._waits = True

    async def ours(self) -> bool:
        """Whether the extension routes may be used. Raises UpstreamUnreachable, UpstreamRefused."""
        if self._ours is None:
            self._ours = await self._ask()
        return self._ours

    async def waits(self) -> bool:
        """Whether a dequeue may wait there. Raises what `ours` does."""
        return await self.ours() and self._waits

    def cannot_wait(self) -> None:
        """It has no such route: an older release."""
        self._waits = False

    def forget(self) -> None:
        """The link was lost: somebody else may answer when it is back."""
        self._ours = None
        self._waits = True

    async def _ask(self) -> bool:
        try:
            answer = await self._client.request("GET", VERSION_PATH)
        except UpstreamRefused as refused:
            if refused.fields["status"] in NO_SUCH_ROUTE:
                return False
            raise
        return _product(answer) == PRODUCT


def _product(answer: Answer) -> object:
    """What the answer says that it is; None for one that says nothing, whatever it is."""
    try:
        document = answer.json()
    except (ValueError, RecursionError):
        return None
    return document.get("Product") if isinstance(document, dict) else None
