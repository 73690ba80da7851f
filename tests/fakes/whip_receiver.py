"""The program behind `WhipServer`: `whip_receiver.py PORT TOKEN` tells in lines what comes."""

import asyncio
import sys

from aiohttp import web
from aiortc import MediaStreamError, MediaStreamTrack, RTCPeerConnection, RTCSessionDescription

OFFER, PICTURE, GOODBYE = "offer ", "picture", "goodbye"


class Receiver:
    """Takes and decodes what is published with the right token."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._kept: set[object] = set()

    async def take(self, request: web.Request) -> web.Response:
        """An offer."""
        given = request.headers.get("Authorization", "")
        tell(f"{OFFER}{given}")
        if self._token and given != f"Bearer {self._token}":
            return web.Response(status=401)
        connection = RTCPeerConnection()
        connection.on("track", self._watch_track)
        self._kept.add(connection)
        await connection.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        answer = connection.localDescription.sdp
        return web.Response(status=201, headers={"Location": "cam/1"}, content_type="application/sdp", text=answer)

    async def end(self, _: web.Request) -> web.Response:
        """The publisher says goodbye."""
        tell(GOODBYE)
        return web.Response()

    def _watch_track(self, track: MediaStreamTrack) -> None:
        self._kept.add(asyncio.ensure_future(_watch(track)))


async def _watch(track: MediaStreamTrack) -> None:
    try:
        while True:
            await track.recv()
            tell(PICTURE)
    except MediaStreamError:
        return


def tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    receiver = Receiver(sys.argv[2])
    app = web.Application()
    app.router.add_post("/whip/cam", receiver.take)
    app.router.add_delete("/whip/cam/1", receiver.end)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, handle_signals=False)
