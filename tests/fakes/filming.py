"""Stations in the test's own process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes.recording import Reports

from hardware.camera import Source
from hardware.models import CameraSpec
from hardware.pipeline.plan import Ask
from hardware.registry import create_source
from hardware.station import Station

Film = Callable[..., Station]


@contextmanager
def stations(run_folder: Path, reports: Reports) -> Iterator[Film]:
    """`film(source, warm=False, **spec)` starts a station whose camera is `source`; its test picture is the real one.

    Fails at the end when a station does not close.
    """
    begun: list[Station] = []

    def begin(source: Source, warm: bool = False, **spec: object) -> Station:
        named = CameraSpec.model_validate({"camera_id": "fake", "name": "Fake", "backend": "null"} | spec)

        def create(wanted: CameraSpec) -> Source:
            return create_source(wanted) if wanted.backend == "bars" else source

        station = Station(named, run_folder, create, reports.put, reports.put_picture)
        begun.append(station)
        station.start()
        reports.camera("closed")
        if warm:
            station.keep_warm(Ask())
            reports.camera("open")
        return station

    yield begin
    for station in begun:
        assert station.close(5.0)
