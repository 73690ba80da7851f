"""Packets of any codec to H.264 packets. Loads av when it is first made."""

import os
from fractions import Fraction
from typing import TYPE_CHECKING

from hardware.models import Codec, Packet
from hardware.pipeline.decoding import MICROS, UnderWay, coded_packet, create_decoder
from hardware.pipeline.plan import Recipe

if TYPE_CHECKING:
    import av
    from av.filter import Graph
    from av.packet import Packet as CodedPacket
    from av.stream import Stream
    from av.video.codeccontext import VideoCodecContext

_TURNS = {0: (), 90: ("clock",), 180: ("clock", "clock"), 270: ("cclock",)}
_THREADS = min(2, os.cpu_count() or 1)
_CRF = "23"
_LONGEST_GOP, _HIGHEST_BITRATE = 10_000, 1_000_000_000
"""What a request may ask of the encoder, in pictures and bit/s: its own numbers are 32 bits wide."""


class Transcoder:
    """Decodes, turns and encodes by one recipe. Use a new one after any change of the stream.

    What comes out is Annex B with the parameter sets before each key frame, one packet for one, with the time stamp and
    sequence number of the picture it shows. Raises av.FFmpegError for a packet that cannot be decoded.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._decoder = create_decoder(recipe.source)
        self._encoder = _create_encoder(recipe)
        self._graph: Graph | None = None
        self._shape: tuple[int, int, str] | None = None
        self._under_way = UnderWay()

    def convert(self, packet: Packet) -> list[Packet]:
        """The H.264 packets that `packet` completes."""
        coded = coded_packet(packet.data, self._under_way.enter(packet))
        return [
            self._finish(result)
            for frame in self._decoder.decode(coded)
            for result in self._encoder.encode(self._turn(frame))
        ]

    def _turn(self, frame: "av.VideoFrame") -> "av.VideoFrame":
        """The picture as the encoder wants it: turned, planar 4:2:0, limited range."""
        shape = (frame.width, frame.height, frame.format.name)
        if self._graph is None or shape != self._shape:
            self._graph = _create_graph(self._recipe, frame)
            self._shape = shape
        frame.time_base = MICROS
        self._graph.vpush(frame)
        turned = self._graph.vpull()
        turned.pict_type = 0  # a decoded JPEG says I: x264 would make every frame a key frame
        return turned

    def _finish(self, coded: "CodedPacket[Stream]") -> Packet:
        source = self._under_way.leave(coded.pts or 0)
        result = self._recipe.result
        return Packet(
            data=bytes(coded),
            codec=Codec.H264,
            width=result.width,
            height=result.height,
            mono_ns=source.mono_ns,
            sequence=source.sequence,
            key=coded.is_keyframe,
        )


def _create_encoder(recipe: Recipe) -> "VideoCodecContext":
    import av

    result = recipe.result
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = result.width, result.height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = MICROS
    encoder.framerate = Fraction(result.rate).limit_denominator(1001)
    encoder.gop_size = min(recipe.gop, _LONGEST_GOP)
    encoder.max_b_frames = 0
    encoder.thread_count = _THREADS
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
    if recipe.bitrate:
        encoder.bit_rate = min(recipe.bitrate, _HIGHEST_BITRATE)
    else:
        encoder.options = {**encoder.options, "crf": _CRF}
    return encoder


def _create_graph(recipe: Recipe, frame: "av.VideoFrame") -> "Graph":
    from av.filter import Graph

    graph = Graph()
    chain = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=MICROS)]
    chain += [graph.add("transpose", f"dir={direction}") for direction in _TURNS[recipe.rotation]]
    chain += [graph.add(name) for name, asked in (("hflip", recipe.hflip), ("vflip", recipe.vflip)) if asked]
    result = recipe.result
    chain.append(graph.add("scale", f"{result.width}:{result.height}:out_range=tv"))
    chain.append(graph.add("format", "pix_fmts=yuv420p"))
    chain.append(graph.add("buffersink"))
    graph.link_nodes(*chain).configure()
    return graph
