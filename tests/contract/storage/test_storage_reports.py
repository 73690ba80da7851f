"""Reports that may be dropped, on both databases."""

from sqlalchemy import Connection

from presets_store.storage import Database, reports
from presets_store.storage.records import Report, ReportKind
from presets_store.storage.reports import ROW_BYTES, Room

LOG, HEALTH = ReportKind.LOG, ReportKind.HEALTH


def made(kind: ReportKind, number: int, size: int = 10, destination: str = "hub") -> Report:
    return Report(destination=destination, kind=kind, body=f"{number:0{size}}", created=number)


async def filled(database: Database, *new: Report) -> None:
    await database.write(lambda c: reports.add_reports(c, new))


async def waiting(database: Database, *kinds: ReportKind) -> list[tuple[ReportKind, int]]:
    found = await database.read(lambda c: reports.oldest_reports(c, "hub", kinds or (LOG, HEALTH), 1000))
    return [(report.kind, report.created) for report in found]


async def test_they_come_oldest_first_of_the_kinds_wanted_and_go_by_key(database: Database) -> None:
    await filled(database, made(LOG, 1), made(HEALTH, 2), made(LOG, 3), made(LOG, 4, destination="cloud"))
    await filled(database)
    assert await waiting(database) == [(LOG, 1), (HEALTH, 2), (LOG, 3)]
    assert await waiting(database, HEALTH) == [(HEALTH, 2)]
    first, *_ = await database.read(lambda c: reports.oldest_reports(c, "hub", [LOG], 1))
    assert first == Report(key=first.key, destination="hub", kind=LOG, body="0000000001", created=1)
    await database.write(lambda c: reports.remove_reports(c, [first.key, 4711]))
    assert await database.read(lambda c: reports.count_reports(c, "hub")) == 2
    assert await database.read(lambda c: reports.any_others(c, "hub"))
    await database.write(lambda c: reports.forget_others(c, "hub"))
    assert not await database.read(lambda c: reports.any_others(c, "hub"))
    assert await database.write(lambda c: reports.clear_reports(c, LOG)) == 1
    assert await waiting(database) == [(HEALTH, 2)]


async def test_logs_are_dropped_before_health_and_the_oldest_of_each_first(database: Database) -> None:
    await filled(database, *(made(kind, number) for number in range(300) for kind in (HEALTH, LOG)))
    await filled(database, made(LOG, 1, destination="cloud"))

    def dropped(connection: Connection, rows: int) -> dict[ReportKind, int]:
        return reports.drop_reports(connection, "hub", Room(rows, -1))

    assert await database.write(lambda c: dropped(c, 0)) == {}
    assert await database.write(lambda c: dropped(c, 3)) == {LOG: 3}
    assert (await waiting(database, LOG))[0] == (LOG, 3)
    assert await database.write(lambda c: dropped(c, 307)) == {LOG: 297, HEALTH: 10}
    assert await waiting(database) == [(HEALTH, number) for number in range(10, 300)]
    assert await database.read(lambda c: reports.count_reports(c, "cloud")) == 1


async def test_as_many_are_dropped_as_make_the_room_that_is_asked_for(database: Database) -> None:
    small, large = 50, 5000
    await filled(database, made(HEALTH, 1, large), made(LOG, 2, large), made(LOG, 3, small), made(HEALTH, 4, small))
    taken = await database.read(lambda c: reports.taken_by(c, "hub"))
    assert taken == Room(4, 2 * large + 2 * small + 4 * ROW_BYTES)
    assert await database.write(lambda c: reports.drop_reports(c, "hub", Room(0, large))) == {LOG: 1}
    assert await waiting(database) == [(HEALTH, 1), (LOG, 3), (HEALTH, 4)]
    everything = Room(1000, 1_000_000)
    assert await database.write(lambda c: reports.drop_reports(c, "hub", everything)) == {LOG: 1, HEALTH: 2}
    assert await database.read(lambda c: reports.taken_by(c, "hub")) == Room(0, 0)
