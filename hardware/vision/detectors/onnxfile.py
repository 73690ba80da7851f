"""The size of what an ONNX file's network looks at. Pure: reads the few protobuf fields on the way to it."""

from collections.abc import Iterator

_GRAPH, _INPUT, _TYPE, _TENSOR, _SHAPE, _DIMENSION, _LENGTH = 7, 11, 2, 1, 2, 1, 1
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


class NotOnnx(ValueError):
    """The bytes are no ONNX file, or none of a network that looks at pictures."""


def input_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) that its first input of shape (1, 3, height, width) has; None: it takes every size.

    Raises NotOnnx.
    """
    view = memoryview(data)
    for graph in _messages(view, _GRAPH):
        for value in _messages(graph, _INPUT):
            sizes = _shape(value)
            if len(sizes) != 4:
                continue
            if sizes[1] not in (0, 3):
                raise NotOnnx(f"it looks at pictures of {sizes[1]} colours; right is 3")
            return (sizes[3], sizes[2]) if sizes[2] and sizes[3] else None
    raise NotOnnx("it is no ONNX file of a network that looks at pictures")


def _shape(value: memoryview) -> list[int]:
    """The lengths of the input's dimensions; 0 for one that is free."""
    return [
        next((length for field, length in _fields(dimension) if field == _LENGTH and isinstance(length, int)), 0)
        for kind in _messages(value, _TYPE)
        for tensor in _messages(kind, _TENSOR)
        for shape in _messages(tensor, _SHAPE)
        for dimension in _messages(shape, _DIMENSION)
    ]


def _messages(view: memoryview, wanted: int) -> Iterator[memoryview]:
    for field, value in _fields(view):
        if field == wanted and isinstance(value, memoryview):
            yield value


def _fields(view: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Each field's number and value: an integer, or the bytes of what has a length."""
    at = 0
    while at < len(view):
        key, at = _varint(view, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(view, at)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            length, at = _varint(view, at)
        elif kind in (_FIXED_32, _FIXED_64):
            length = 4 if kind == _FIXED_32 else 8
        else:
            raise NotOnnx("it is no ONNX file")
        if at + length > len(view):
            raise NotOnnx("it is no whole ONNX file")
        yield key >> 3, view[at : at + length]
        at += length


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """The integer that begins at `at`, and where it ends."""
    number = 0
    for count, byte in enumerate(view[at : at + _LONGEST_VARINT]):
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return number, at + count + 1
    raise NotOnnx("it is no whole ONNX file")
