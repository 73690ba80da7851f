"""The V4L2 source on a driver in this process, opened and read."""

from fakes.v4l2 import FakeCamera, FakeSystem

from hardware.models import CameraSpec, Format, Packet
from hardware.sources.v4l2 import V4l2Source

NODE = "/dev/video0"


def source_of(system: FakeSystem, address: str = NODE, prefer: Format | None = None) -> V4l2Source:
    spec = CameraSpec(camera_id="front", name="Front", backend="v4l2", address=address, prefer=prefer)
    return V4l2Source(spec, system)


def opened(camera: FakeCamera, wanted: Format | None = None) -> tuple[V4l2Source, FakeSystem]:
    system = FakeSystem({NODE: camera})
    source = source_of(system)
    source.open(wanted)
    return source, system


def take(source: V4l2Source, count: int) -> list[Packet]:
    packets = [source.read(1.0) for _ in range(count)]
    assert all(packets)
    return [packet for packet in packets if packet]
