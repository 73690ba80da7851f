"""One measure per question: the agent's figure, the peer's in the same run, and the aim."""

from bench.hub.hubs import bench_hub
from bench.results import Result
from bench.upstream.idle import said_in
from bench.upstream.latency import begun_after
from bench.upstream.sending import Sent, sent_both_ways
from bench.upstream.sizes import MIB, Size

HUB = "SQLite"
HOUR = 3600.0
SHARE_OF_CURL = 0.9


async def acting(size: Size) -> list[Result]:
    """(a)"""
    async with bench_hub(HUB) as hub:
        ours, peer = await begun_after(hub, size.events)
    name = "event asked for at the hub until its action began"
    aims = (("p50", ours.p50, peer.p50, "no slower"), ("p99", ours.p99, peer.p99, "better"))
    return [
        Result(
            f"{name}, {which}",
            1000 * our,
            "ms",
            f"minimal loop of the third-party client, {1000 * their:.1f}",
            our / their,
            aim,
            our <= their if which == "p50" else our < their,
        )
        for which, our, their, aim in aims
    ]


async def resting(size: Size) -> list[Result]:
    """(b) Counted at a proxy for so many seconds, and reckoned for an hour."""
    async with bench_hub(HUB) as hub:
        ours, peer = await said_in(hub, size.rest)
    hours = size.rest / HOUR
    name, loop = f"said in an idle hour, from {size.rest:g} s", "minimal loop of the third-party client"
    figures = (
        ("requests", ours.requests, peer.requests, 1),
        ("connections", ours.connections, peer.connections, 1),
        ("KiB", ours.bytes, peer.bytes, 1024),
    )
    return [
        Result(
            f"{name}: {unit}",
            our / hours / each,
            unit,
            f"{loop}, {their / hours / each:.4g}",
            our / their if their else None,
            None,
            None,
        )
        for unit, our, their, each in figures
    ]


async def sending(size: Size) -> list[Result]:
    """(c)"""
    async with bench_hub(HUB) as hub:
        return [_sent(await sent_both_ways(hub, length, size.rounds)) for length in size.files]


def _sent(sent: Sent) -> Result:
    our, curl = sent.length / sent.ours / MIB, sent.length / sent.curl / MIB
    name = f"a file of {sent.length // MIB} MiB sent, median of {sent.rounds}"
    ratio = our / curl
    aim = f"at least {SHARE_OF_CURL:.0%}"
    return Result(name, our, "MiB/s", f"curl -T to the same address, {curl:.4g}", ratio, aim, ratio >= SHARE_OF_CURL)


MEASURES = {"acting": acting, "resting": resting, "sending": sending}
