"""What finds people in one picture: how well, in which files, and which files are refused."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from fakes.onnx_file import Node, onnx_file
from fakes.street import counted
from fakes.street_network import write_network
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.errors import ModelRefused
from hardware.vision.detectors import KINDS, Detector, create_detector
from hardware.vision.detectors.onnxfile import NotOnnx, input_size
from hardware.vision.grey import Pixels

GREY = np.full((90, 160, 3), 128, np.uint8)


def fixed_answer(answer: NDArray[np.float32], shape: Sequence[int | str] = (1, 3, 64, 64)) -> bytes:
    """A network that answers always the same."""
    nodes = [
        Node("GlobalAveragePool", ["images"], "mean"),
        Node("Reshape", ["mean", "flat"], "colours"),
        Node("Slice", ["colours", "at0", "at1", "axis"], "one"),
        Node("Mul", ["one", "nothing"], "none"),
        Node("Add", ["none", "answer"], "output0"),
    ]
    constants: dict[str, NDArray[np.generic]] = {
        "flat": np.array([1, 1, 3]),
        "at0": np.array([0]),
        "at1": np.array([1]),
        "axis": np.array([2]),
        "nothing": np.zeros(answer.shape),
        "answer": answer,
    }
    return onnx_file(nodes, constants, shape, {"output0": answer.shape})


def onnx(folder: Path, content: bytes, name: str = "model.onnx") -> Detector:
    path = folder / name
    path.write_bytes(content)
    return create_detector("onnx", [str(path)])


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return create_detector("onnx", [str(write_network(tmp_path_factory.mktemp("model") / "street.onnx"))])


def test_a_network_counts_people_that_it_was_not_tuned_on(network: Detector) -> None:
    """Pictures of the second half of the film, each by itself."""
    reported = [known for known in counted() if not known.tuned]
    assert len(reported) == 32
    errors = []
    for known in reported:
        sure = [found for found in network.find(known.picture) if found.score >= 0.5]
        errors.append(abs(len(sure) - known.people))
    assert fmean(errors) <= 0.8


def test_the_built_in_detector_finds_people_and_little_else() -> None:
    """In one picture alone: what it misses is found in the next ones."""
    hog = create_detector("hog", [])
    chosen = [known for known in counted() if not known.tuned][10:13]
    sure = [sum(found.score >= 0.5 for found in hog.find(known.picture)) for known in chosen]
    people = [known.people for known in chosen]
    assert sum(people) * 0.4 <= sum(sure) <= sum(people) * 1.1
    assert hog.find(np.full((576, 768, 3), 90, np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 1), (4, 768), (4096, 64), (60, 60)])
def test_pictures_of_any_shape_are_looked_at(shape: tuple[int, int], network: Detector) -> None:
    picture = np.full((*shape, 3), 90, np.uint8)
    assert create_detector("hog", []).find(picture) == []
    network.find(picture)


def centred(picture: Pixels, *rows: Sequence[float]) -> NDArray[np.float32]:
    """Rows of an answer, and many empty ones."""
    answer = np.zeros((84, len(rows[0])), np.float32)
    answer[: len(rows)] = rows
    return answer[None]


def check_one(detector: Detector) -> None:
    """It shows 64x64; of 160x90 it sees the upper 36 rows."""
    (found,) = detector.find(GREY)
    assert found.score == pytest.approx(0.8, abs=0.01)
    assert found.box == pytest.approx((0.25, 0.5, 0.125, 0.25), abs=0.01)


ROW = (20.0, 22.5, 8.0, 9.0)
"""Centre, width and height in pixels of what is shown."""


def test_both_layouts_of_an_answer_are_understood(tmp_path: Path) -> None:
    eight = centred(GREY, (*ROW, 0.8, 0.1), (*ROW, 0.7, 0.1), (*ROW, 0.1, 0.9)).transpose(0, 2, 1)
    check_one(onnx(tmp_path, fixed_answer(np.ascontiguousarray(eight))))
    five = centred(GREY, (*ROW, 1.0, 0.8, 0.1), (*ROW, 0.1, 0.8, 0.1), (*ROW, 0.9, 0.1, 0.9))
    check_one(onnx(tmp_path, fixed_answer(five)))


def test_a_list_of_names_says_which_class_is_people(tmp_path: Path) -> None:
    names, model = tmp_path / "model.names", tmp_path / "model.onnx"
    model.write_bytes(fixed_answer(centred(GREY, (*ROW, 1.0, 0.1, 0.8), (*ROW, 1.0, 0.9, 0.1))))
    names.write_text("car\nPerson\n")
    check_one(create_detector("onnx", [str(names), str(model)]))
    names.write_text("car\ndog\nperson\n")
    with pytest.raises(ModelRefused, match="it answers 1x84x7"):
        create_detector("onnx", [str(model), str(names)])
    names.write_text("car\ndog\n")
    with pytest.raises(ModelRefused, match="none of its lines is 'person'"):
        create_detector("onnx", [str(model), str(names)])


def test_a_network_that_takes_every_size_is_shown_the_usual_one(tmp_path: Path) -> None:
    answer = centred(GREY, (200.0, 225.0, 80.0, 90.0, 0.8)).transpose(0, 2, 1)
    check_one(onnx(tmp_path, fixed_answer(np.ascontiguousarray(answer), (1, 3, "height", "width"))))


def test_numbers_that_are_none_find_nobody(tmp_path: Path) -> None:
    answer = centred(GREY, (np.nan, 1, 1, 1, 0.9), (1, 1, np.inf, 1, 0.9), (*ROW, np.nan)).transpose(0, 2, 1)
    assert onnx(tmp_path, fixed_answer(np.ascontiguousarray(answer))).find(GREY) == []


NARROW = fixed_answer(np.zeros((1, 4, 84), np.float32))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it has 0 bytes"),
        (b"hello", "it is no"),
        (NARROW[: len(NARROW) // 2], "no whole ONNX file"),
        (NARROW, "it answers 1x4x84; right is"),
        (fixed_answer(np.zeros((1, 5, 84), np.float32), (1, 1, 64, 64)), "pictures of 1 colours"),
        (fixed_answer(np.zeros((1, 5, 84), np.float32), (1, 3, 64, 4096)), "pictures of 4096x64; right is 32 to 2048"),
    ],
    ids=["empty", "text", "cut", "narrow", "grey", "large"],
)
def test_a_wrong_onnx_file_is_refused_with_the_reason(content: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match=reason) as refused:
        onnx(tmp_path, content)
    assert "'model.onnx'" in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "names", "reason"),
    [
        ("hog", ["a.onnx"], "takes no model"),
        ("onnx", [], "needs one .onnx file"),
        ("onnx", ["a.weights"], "needs one .onnx file"),
        ("onnx", ["missing.onnx"], "No such file"),
        ("onnx", ["."], "needs one .onnx file"),
        ("darknet", ["a.cfg"], "needs one .cfg and one .weights file"),
        ("darknet", ["a.cfg", "b.cfg"], "needs one .cfg and one .weights file"),
    ],
)
def test_wrong_files_are_refused(kind: str, names: list[str], reason: str, tmp_path: Path) -> None:
    for name in ("a.onnx", "a.weights", "a.cfg", "b.cfg"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ModelRefused, match=reason):
        create_detector(kind, [str(tmp_path / name) for name in names])


LAYERS = """[net]
width=64
height=64
channels=3

[convolutional]
filters=7
size=1
stride=32
pad=0
activation=linear

[yolo]
mask=0
anchors=16,18
classes=2
num=1
"""


def darknet(folder: Path, text: str = LAYERS, biases: Sequence[float] = (0.0,) * 4 + (9.0, 9.0, -9.0)) -> Detector:
    """A network whose every cell of 32 pixels finds one person in its middle."""
    weights = np.concatenate([np.array(biases, np.float32), np.zeros(3 * 7, np.float32)])
    (folder / "model.cfg").write_text(text)
    (folder / "model.weights").write_bytes(np.array([0, 2, 0, 0, 0], np.int32).tobytes() + weights.tobytes())
    return create_detector("darknet", [str(folder / "model.weights"), str(folder / "model.cfg")])


def test_a_darknet_network_finds_people(tmp_path: Path) -> None:
    found = darknet(tmp_path).find(np.zeros((64, 64, 3), np.uint8))
    boxes = sorted(detection.box for detection in found)
    cells = [(x - 0.125, y - 18 / 128, 0.25, 18 / 64) for x in (0.25, 0.75) for y in (0.25, 0.75)]
    assert np.allclose(boxes, cells, atol=0.01)
    assert all(detection.score > 0.95 for detection in found)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello", "does not say width and height"),
        (LAYERS.replace("width=64", "width=9"), "9x64; right is 32 to 2048"),
        (LAYERS.replace("convolutional", "unheard-of"), "[Uu]nknown layer"),
        (LAYERS.partition("[yolo]")[0], "right is Nx"),
    ],
    ids=["text", "small", "unknown-layer", "no-yolo"],
)
def test_a_wrong_darknet_file_is_refused_with_the_reason(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match=reason):
        darknet(tmp_path, text)


def test_every_kind_is_an_option_of_the_analysers() -> None:
    assert KINDS == ("hog", "onnx", "darknet")


@given(st.binary(max_size=64), st.integers(0, len(NARROW)), st.integers(0, len(NARROW)))
def test_no_bytes_break_the_reader_of_onnx_files(noise: bytes, at: int, end: int) -> None:
    for data in (noise, NARROW[:at] + noise + NARROW[end:]):
        try:
            size = input_size(data)
        except NotOnnx:
            continue
        assert size is None or len(size) == 2
