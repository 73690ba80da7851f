"""A camera's JPEG as viewers need it: without padding, and with its Huffman tables. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from hardware.v4l2.pictures import JpegExtent, measure_jpeg

_SOI_BYTES = 2

USUAL_TABLES = bytes.fromhex(
    "ffc401a20000010501010101010100000000000000000102030405060708090a0b010003010101010101010101000000000000010203"
    "0405060708090a0b100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1c115"
    "52d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a636465666768696a7374"
    "75767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5"
    "d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa1100020102040403040705040400010277000102031104052131061241"
    "510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a"
    "535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4"
    "b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
)
"""The segment of the tables that a JPEG without any means (ITU-T T.81, annex K.3): no browser knows them by itself."""


class Jpeg(NamedTuple):
    """A whole JPEG file and the picture's size in pixels."""

    data: bytes
    width: int
    height: int


def as_file(data: bytes, measure: Callable[[bytes], JpegExtent] = measure_jpeg) -> Jpeg:
    """The JPEG in a camera's buffer, which `measure` measures. Raises BrokenPicture for one that is not whole."""
    extent = measure(data)
    whole = data[: extent.length]
    if not extent.has_tables:
        whole = b"".join((whole[:_SOI_BYTES], USUAL_TABLES, whole[_SOI_BYTES:]))
    return Jpeg(whole, extent.width, extent.height)
