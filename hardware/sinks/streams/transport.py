"""MPEG-TS in memory."""

from hardware.sinks.streams.link import LinkLost, Shape, Unit
from hardware.sinks.streams.muxing import add_stream, mux

_OPTIONS = {"flush_packets": "1", "mpegts_flags": "pat_pmt_at_frames+initial_discontinuity"}


class _Collector:
    """The file that the muxer writes to."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)


class TransportStream:
    """Turns pictures into the bytes of one transport stream."""

    def __init__(self, shape: Shape) -> None:
        import av

        self._file = _Collector()
        self._container = av.open(self._file, "w", format="mpegts", options=_OPTIONS)
        self._stream = add_stream(self._container, shape.codec.value, shape.rate, shape.width, shape.height)

    def pack(self, unit: Unit) -> bytes:
        """The bytes of the next picture: whole TS packets. Raises LinkLost for a picture that cannot be packed."""
        import av

        try:
            mux(self._container, self._stream, unit.data, unit.tick, key=unit.key)
        except av.FFmpegError as error:
            raise LinkLost(f"the muxer refused a picture: {error.strerror}") from error
        data = bytes(self._file.data)
        self._file.data.clear()
        return data

    def close(self) -> None:
        """Frees the muxer."""
        self._container.close()
