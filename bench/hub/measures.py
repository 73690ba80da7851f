"""One measure per question: our figure on each database, the bare framework's in the same run, and the aim."""

from bench.hub.cycles import CyclingDevice, cycles
from bench.hub.hubs import DATABASES, BenchHub, bench_hub
from bench.hub.peers import bare_aiohttp, bare_requests, bare_rows
from bench.hub.polls import Held, held_by_hub, held_by_nothing
from bench.hub.sizes import Size, polls_within_limits
from bench.results import Result

FLAT = 1.25
"""Times that a cycle may take with the most ended events, against the fewest: a shared machine is no steadier."""


async def waiting(size: Size) -> list[Result]:
    """(a)"""
    polls, events = polls_within_limits(size.polls), (size.rate, size.seconds)
    async with bare_aiohttp() as (url, pid):
        bare = await held_by_nothing(url, pid, polls, events)
    results = []
    for kind in DATABASES:
        async with bench_hub(kind) as hub:
            results += _held(f"{polls:,} polls on {kind}", size.rate, await held_by_hub(hub, polls, events), bare)
    return results


def _held(what: str, rate: int, our: Held, bare: Held) -> list[Result]:
    woken = f"{what}, {rate} events a second: asked for until told"
    against = "aiohttp, waiting for a future"
    return [
        Result(f"{what}: memory of each", our.kib, "KiB", f"{against}, {bare.kib:.1f}", our.kib / bare.kib, None, None),
        *(
            Result(f"{woken}, {name}", 1000 * ours, "ms", f"{against}, {1000 * theirs:.2f}", ours / theirs, None, None)
            for name, ours, theirs in (("p50", our.p50, bare.p50), ("p99", our.p99, bare.p99))
        ),
    ]


async def cycling(size: Size) -> list[Result]:
    """(b)"""
    bare = await bare_requests(size.devices, size.seconds)
    results = []
    for kind in DATABASES:
        rows = await bare_rows(kind, size.devices, size.seconds)
        async with bench_hub(kind) as hub:
            our = await cycles(hub, await hub.new_devices(size.devices), size.seconds)
        name = f"event cycles on {kind}, {size.devices} devices"
        empty = f"as many requests to an empty aiohttp handler, {bare:.0f}"
        driver = "asyncpg" if kind == "PostgreSQL" else "sqlite3"
        bare_driver = f"the rows alone by bare {driver}, {rows.per_second:.0f}"
        results += [
            Result(name, our.per_second, "1/s", empty, our.per_second / bare, None, None),
            Result(name, our.per_second, "1/s", bare_driver, our.per_second / rows.per_second, None, None),
            Result(f"{name}: one cycle, p99", 1000 * our.p99, "ms", "", None, None, None),
        ]
    return results


async def growing(size: Size) -> list[Result]:
    """(c)"""
    results = []
    for kind in DATABASES:
        async with bench_hub(kind) as hub:
            results += await _growing(size, kind, hub)
    return results


async def _growing(size: Size, kind: str, hub: BenchHub) -> list[Result]:
    keys = await hub.new_devices(size.devices)
    device = await CyclingDevice.on(hub, keys[0])
    pattern = await device.cycle()
    device.close()
    results: list[Result] = []
    there, fewest = 0, 0.0
    for ended in size.ended:
        await hub.copy_ended(pattern, ended - there)
        there = ended
        took = 1000 * (await cycles(hub, keys, size.seconds)).p50
        fewest = fewest or took
        last = ended == size.ended[-1]
        name, ratio = f"one cycle on {kind} of {size.devices} at once, {ended:,} ended events, p50", took / fewest
        against = f"{size.ended[0]:,} ended events, {fewest:.1f} ms"
        met = ratio <= FLAT if last else None
        results.append(Result(name, took, "ms", against, ratio, f"at most {FLAT:g} times" if last else None, met))
    return results


MEASURES = {"waiting": waiting, "cycling": cycling, "growing": growing}
