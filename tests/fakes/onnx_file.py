"""Writes ONNX files: the few protobuf messages of a graph of standard operators."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_IR_VERSION, _OPSET = 8, 13
_FLOAT, _INT64 = 1, 7
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_STRING, _ATTRIBUTE_INTS = 1, 2, 3, 7

Attribute = int | float | str | Sequence[int]


class Node(NamedTuple):
    """One operator: what it reads, the one thing it makes, and its attributes."""

    operator: str
    inputs: Sequence[str]
    output: str
    attributes: Mapping[str, Attribute] = {}


def onnx_file(
    nodes: Iterable[Node],
    constants: Mapping[str, NDArray[np.generic]],
    input_shape: Sequence[int | str],
    outputs: Mapping[str, Sequence[int]],
) -> bytes:
    """A model whose input is `images`. A text in `input_shape` is a dimension that is free."""
    graph = b"".join(_message(1, _node(node)) for node in nodes) + _text(2, "graph")
    graph += b"".join(_message(5, _tensor(name, values)) for name, values in constants.items())
    graph += _message(11, _value("images", input_shape))
    graph += b"".join(_message(12, _value(name, shape)) for name, shape in outputs.items())
    return _number(1, _IR_VERSION) + _message(7, graph) + _message(8, _text(1, "") + _number(2, _OPSET))


def _node(node: Node) -> bytes:
    body = b"".join(_text(1, name) for name in node.inputs) + _text(2, node.output) + _text(3, node.output)
    body += _text(4, node.operator)
    return body + b"".join(_message(5, _attribute(name, value)) for name, value in node.attributes.items())


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, _ATTRIBUTE_STRING)
    if isinstance(value, float):
        return _text(1, name) + _key(2, 5) + np.float32(value).tobytes() + _number(20, _ATTRIBUTE_FLOAT)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    return _text(1, name) + b"".join(_number(8, item) for item in value) + _number(20, _ATTRIBUTE_INTS)


def _tensor(name: str, values: NDArray[np.generic]) -> bytes:
    kind, raw = (_INT64, "<i8") if values.dtype.kind == "i" else (_FLOAT, "<f4")
    body = b"".join(_number(1, length) for length in values.shape)
    return body + _number(2, kind) + _text(8, name) + _message(9, values.astype(raw).tobytes())


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    lengths = (_text(2, length) if isinstance(length, str) else _number(1, length) for length in shape)
    dimensions = b"".join(_message(1, length) for length in lengths)
    tensor = _number(1, _FLOAT) + _message(2, dimensions)
    return _text(1, name) + _message(2, _message(1, tensor))


def _message(field: int, body: bytes) -> bytes:
    return _key(field, 2) + _varint(len(body)) + body


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _number(field: int, number: int) -> bytes:
    return _key(field, 0) + _varint(number & (1 << 64) - 1)


def _key(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])
