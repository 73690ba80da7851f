"""Scenes with a known truth: the empty street under what cameras suffer from, and people who cross it."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import MappingProxyType

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.sources.file import FOOTAGE
from hardware.vision.grey import Grey

SIZE = (320, 240)
"""Width and height of the pictures that are looked at."""

LOOKS_A_SECOND = 5.0
Exact = NDArray[np.float32]
Disturbance = Callable[[Exact, int, np.random.Generator], Exact]
"""What becomes of a picture, by its number."""

_WALKER_FRAME, _WALKER_BOX = 100, (0.452, 0.29, 0.055, 0.185)
"""Where in the footage somebody stands out from the street: left, top, width, height as shares."""


@cache
def footage() -> tuple[Grey, ...]:
    """The bundled street at full size, grey."""
    with av.open(str(FOOTAGE)) as container:
        return tuple(np.asarray(frame.to_ndarray(format="gray"), np.uint8) for frame in container.decode(video=0))


@cache
def empty_street() -> Grey:
    """The street without the people in it, at full size: the median of the footage."""
    return np.asarray(np.median(np.stack(footage()[::4]), axis=0), np.uint8)


@cache
def walker() -> tuple[Exact, Exact]:
    """Somebody of the footage: brightness and coverage (0..1), of the same size."""
    height, width = empty_street().shape
    left, top, across, down = _WALKER_BOX
    rows = slice(round(top * height), round((top + down) * height))
    columns = slice(round(left * width), round((left + across) * width))
    person = footage()[_WALKER_FRAME][rows, columns]
    differs = cv2.absdiff(person, empty_street()[rows, columns])
    cover = cv2.morphologyEx((differs > 20).astype(np.float32), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return person.astype(np.float32), cv2.blur(np.asarray(cover, np.float32), (3, 3)).astype(np.float32)


def street() -> Exact:
    """The empty street as it is looked at."""
    return cv2.resize(empty_street(), SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)


def passed(scene: Exact, share: float, height: float, foot: float) -> Exact:
    """Somebody in the scene, `share` of the way from its left to its right edge, `height` of it tall."""
    person, cover = walker()
    tall = max(2, round(height * scene.shape[0]))
    wide = max(1, round(tall * person.shape[1] / person.shape[0]))
    small = cv2.resize(person, (wide, tall), interpolation=cv2.INTER_AREA)
    over = cv2.resize(cover, (wide, tall), interpolation=cv2.INTER_AREA)
    top, left = round(foot * scene.shape[0]) - tall, round(share * (scene.shape[1] + wide)) - wide
    first, last = max(0, left), min(scene.shape[1], left + wide)
    result = scene.copy()
    if last > first and top >= 0:
        part = slice(first - left, last - left)
        rows, columns = slice(top, top + tall), slice(first, last)
        result[rows, columns] += (small[:, part] - result[rows, columns]) * over[:, part]
    return result


def _noise(strength: float) -> Disturbance:
    return lambda scene, _, chance: scene + chance.normal(0, strength, scene.shape).astype(np.float32)


def _blotches(scene: Exact, _: int, chance: np.random.Generator) -> Exact:
    """A sensor at night behind a camera's own smoothing: dark, with noise as wide as several pixels."""
    coarse = chance.normal(0, 5, (scene.shape[0] // 4, scene.shape[1] // 4)).astype(np.float32)
    blotches = cv2.resize(coarse, (scene.shape[1], scene.shape[0]), interpolation=cv2.INTER_CUBIC)
    return scene * np.float32(0.18) + blotches.astype(np.float32) + chance.normal(0, 4, scene.shape).astype(np.float32)


def _speckle(scene: Exact, _: int, chance: np.random.Generator) -> Exact:
    return scene * (1 + chance.normal(0, 0.3, scene.shape).astype(np.float32))


def _salt_and_pepper(scene: Exact, _: int, chance: np.random.Generator) -> Exact:
    hit = chance.random(scene.shape)
    return np.where(hit < 0.01, np.float32(0), np.where(hit > 0.99, np.float32(255), scene))


def _light_steps(scene: Exact, number: int, _: np.random.Generator) -> Exact:
    """Every 8 s a lamp, or the exposure: the whole picture, from 0.55 to 1.6 times as bright."""
    return scene * np.float32((1.0, 1.3, 0.8, 1.6, 0.7, 1.2, 0.55, 1.45)[number // 40 % 8])


def _lamp(scene: Exact, number: int, _: np.random.Generator) -> Exact:
    """Every 8 s a lamp lights the right side, or goes out."""
    if number // 40 % 2:
        return scene
    across = np.linspace(0, 1, scene.shape[1], dtype=np.float32)
    return np.asarray(scene * (1 + np.float32(0.6) * np.clip(across * 3 - 1.4, 0, 1)), np.float32)


def _clouds(scene: Exact, number: int, _: np.random.Generator) -> Exact:
    """The soft shadow of a cloud darkens the street by a third, and passes in 30 s."""
    across = np.linspace(0, 1, scene.shape[1], dtype=np.float32)
    return np.asarray(scene * (1 - np.float32(0.33) * np.sin((across - number / 150) * np.pi) ** 2), np.float32)


def _shake(scene: Exact, _: int, chance: np.random.Generator) -> Exact:
    """A mast in the wind: up to 2 pixels of 320 either way."""
    return _shifted(scene, *chance.uniform(-2, 2, 2))


def _turned(scene: Exact, number: int, _: np.random.Generator) -> Exact:
    """Every 20 s somebody turns the camera by an eighth of the picture."""
    return _shifted(scene, (0, 40, -40, 20)[number // 100 % 4], (0, 10, 20, -10)[number // 100 % 4])


def _shifted(scene: Exact, right: float, down: float) -> Exact:
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    shifted = cv2.warpAffine(scene, matrix, (scene.shape[1], scene.shape[0]), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(shifted, np.float32) + np.float32(0)


def _rain(scene: Exact, _: int, chance: np.random.Generator) -> Exact:
    """Thin bright streaks, others in each picture."""
    result = scene.copy()
    for x, y in zip(chance.integers(0, scene.shape[1], 60), chance.integers(0, scene.shape[0] - 10, 60), strict=True):
        result[y : y + 10, x] += 60
    return result


DISTURBANCES: Mapping[str, Disturbance] = MappingProxyType(
    {
        "still": _noise(2),
        "noise": _noise(12),
        "strong noise": _noise(30),
        "night": _blotches,
        "speckle": _speckle,
        "salt and pepper": _salt_and_pepper,
        "rain": _rain,
        "light steps": _light_steps,
        "lamp": _lamp,
        "clouds": _clouds,
        "shaking camera": _shake,
        "turned camera": _turned,
    }
)


def disturbed(
    name: str, looks: int, seed: int, scene_at: Callable[[int], Exact] | None = None
) -> Iterator[tuple[Grey, int]]:
    """`looks` pictures under a disturbance, with their times (ns); of the empty street, or of `scene_at(number)`."""
    chance = np.random.default_rng(seed)
    empty = street()
    for number in range(looks):
        scene = scene_at(number) if scene_at else empty
        picture = DISTURBANCES[name](scene, number, chance)
        sensor = picture + chance.normal(0, 1, picture.shape).astype(np.float32)
        yield np.clip(sensor, 0, 255).astype(np.uint8), 10**12 + round(number * 1e9 / LOOKS_A_SECOND)
