"""A small network that finds the people of the street footage, as an ONNX file in the layout of YOLO version 8.

Its weights (tests/data/street-network.npz, half precision) were trained on the first half of the film only: see
docs/vision.md. What it looks at is the whole picture in 384x288.
"""

from pathlib import Path
from typing import Final

import numpy as np
from fakes.onnx_file import Attribute, Node, onnx_file
from numpy.typing import NDArray

WEIGHTS = Path(__file__).parents[1] / "data" / "street-network.npz"
WIDTH, HEIGHT, CELL = 384, 288, 8
ACROSS, DOWN = WIDTH // CELL, HEIGHT // CELL
_MIDDLE_GREY: Final = 0.45


def write_network(path: Path) -> Path:
    """Writes the ONNX file there."""
    path.write_bytes(_Builder(dict(np.load(WEIGHTS))).file())
    return path


class _Builder:
    def __init__(self, weights: dict[str, NDArray[np.float16]]) -> None:
        self._constants: dict[str, NDArray[np.generic]] = {}
        self._nodes: list[Node] = []
        self._weights = weights

    def file(self) -> bytes:
        """The whole model."""
        here = self._add("Sub", "images", self._constant("grey", np.array([_MIDDLE_GREY])))
        for name in ("c1", "c2"):
            here = self._relu(self._convolution(name, here, 2))
        here = self._residual("c3", here)
        here = self._residual("c5", self._relu(self._convolution("c4", here, 2)))
        wide = self._relu(self._convolution("d1", here, 2))
        wide = self._residual("d3", self._residual("d2", wide))
        wide = self._convolution("u", wide)
        here = self._relu(self._add("Add", here, self._doubled(wide)))
        here = self._convolution("h", self._residual("e2", self._residual("e1", here)))
        self._answer(here)
        return onnx_file(self._nodes, self._constants, [1, 3, HEIGHT, WIDTH], {"output0": [1, 5, ACROSS * DOWN]})

    def _answer(self, head: str) -> None:
        """Centre x, centre y, width, height in pixels and the score, for every cell."""
        flat = self._add("Reshape", head, self._constant("flat", np.array([1, 5, -1])))
        x, y = np.meshgrid(np.arange(ACROSS) + 0.5, np.arange(DOWN) + 0.5)
        cells = self._constant("cells", np.stack([x.ravel(), y.ravel()])[None])
        pixels = self._constant("pixels", np.array([float(CELL)]))
        centre = self._add("Mul", self._add("Add", self._slice(flat, 0, 2), cells), pixels)
        size = self._add("Mul", self._add("Exp", self._slice(flat, 2, 4)), pixels)
        score = self._add("Sigmoid", self._slice(flat, 4, 5))
        self._nodes.append(Node("Concat", [centre, size, score], "output0", {"axis": 1}))

    def _slice(self, name: str, first: int, end: int) -> str:
        edges = [self._constant(f"at{edge}", np.array([edge])) for edge in (first, end)]
        return self._add("Slice", name, *edges, self._constant("axis", np.array([1])))

    def _residual(self, name: str, here: str) -> str:
        return self._relu(self._add("Add", here, self._convolution(name, here)))

    def _relu(self, name: str) -> str:
        return self._add("Relu", name)

    def _doubled(self, name: str) -> str:
        scales = self._constant("scales", np.array([1.0, 1.0, 2.0, 2.0]))
        attributes: dict[str, Attribute] = {
            "mode": "nearest",
            "nearest_mode": "floor",
            "coordinate_transformation_mode": "asymmetric",
        }
        return self._add("Resize", name, "", scales, **attributes)

    def _convolution(self, name: str, here: str, stride: int = 1) -> str:
        kernel = self._weights[f"{name}.w"]
        around = kernel.shape[2] // 2
        attributes: dict[str, Attribute] = {
            "kernel_shape": kernel.shape[2:],
            "strides": [stride] * 2,
            "pads": [around] * 4,
        }
        weights = self._constant(f"{name}.w", kernel.astype(np.float32))
        bias = self._constant(f"{name}.b", self._weights[f"{name}.b"].astype(np.float32))
        return self._add("Conv", here, weights, bias, **attributes)

    def _constant(self, name: str, values: NDArray[np.generic]) -> str:
        self._constants[name] = values
        return name

    def _add(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        output = f"{operator}{len(self._nodes)}"
        self._nodes.append(Node(operator, inputs, output, attributes))
        return output
