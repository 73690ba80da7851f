"""An aiohttp server that only answers: /empty at once, /wait/{key} when /wake/{key} was asked for."""

import asyncio

from aiohttp import web


async def main() -> None:
    waiting: dict[str, asyncio.Future[None]] = {}

    async def empty(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({})

    async def wait(request: web.Request) -> web.Response:
        await request.read()
        waiting[request.match_info["key"]] = woken = asyncio.get_running_loop().create_future()
        await woken
        return web.json_response([{}])

    async def wake(request: web.Request) -> web.Response:
        await request.read()
        waiting.pop(request.match_info["key"]).set_result(None)
        return web.json_response({})

    app = web.Application()
    app.add_routes([web.post("/empty", empty), web.post("/wait/{key}", wait), web.post("/wake/{key}", wake)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
