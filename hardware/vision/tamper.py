"""Sees that a camera was covered, put out of focus or turned away. Loads numpy and cv2."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.vision import Sighting, Task
from hardware.vision.grey import Grey
from hardware.vision.structure import changed, detail_of

_SMALL_WIDTH, _OUTLINE_SIZE = 80, (20, 15)
"""Pixels across that things are recognised in, and size of what is left of a picture out of focus."""

_FOLLOW_SECONDS, _LEARN_SECONDS = 60.0, 5.0
"""Time constant of the scene as it should be, and how long it is looked at before anything is told."""

_ACCEPT_SECONDS = 600.0
"""What lasts for so long is the scene as it should be from then on."""

_SAME_OUTLINE, _UNMOVED = 0.7, 0.9
"""Correlations of the outlines: with the scene out of focus, and with the scene itself in another light."""

_SOFT, _FEATURELESS, _OTHER = 0.4, 0.4, 0.6
"""Shares of fine detail and of detail that are left; share that shows something else."""

_LEAST_DETAIL = 1.0
"""Mean steps of brightness below which a scene has nothing to be recognised by."""

_NS = 1_000_000_000


class Impression(NamedTuple):
    """What is compared: small and tiny pictures, their mean detail, and the mean fine detail."""

    small: NDArray[np.float32]
    outline: NDArray[np.float32]
    detail: float
    fine: float


def impression(picture: Grey) -> Impression:
    """Of a picture of any size."""
    width = min(_SMALL_WIDTH, picture.shape[1])
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    outline = cv2.resize(small, _OUTLINE_SIZE, interpolation=cv2.INTER_AREA)
    steady = cv2.blur(picture, (3, 3))
    fine = cv2.absdiff(steady, cv2.blur(steady, (5, 5)))
    return Impression(
        small, np.asarray(outline, np.float32), float(np.abs(detail_of(small)).mean()), float(fine.mean())
    )


def compare(now: Impression, usual: Impression) -> tuple[str, float]:
    """What has happened to the camera ("": nothing), and the share of the picture that shows something else."""
    other, textured = changed(now.small, usual.small)
    share = float(np.count_nonzero(other)) / max(1, int(np.count_nonzero(textured)))
    contrast = float(np.std(now.outline)) / (float(np.std(usual.outline)) + 1e-3)
    outline = _correlation(now.outline, usual.outline)
    if outline >= _SAME_OUTLINE:
        if now.fine < _SOFT * usual.fine * min(1.0, contrast):
            return "defocused", share
    elif now.detail < _FEATURELESS * usual.detail:
        return "covered", share
    return ("moved" if outline < _UNMOVED and share >= _OTHER else ""), share


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    first, second = one - one.mean(), other - other.mean()
    size = math.sqrt(float((first * first).sum()) * float((second * second).sum()))
    return float((first * second).sum()) / size if size > 1.0 else 0.0


class Tamper:
    """The analyser `tamper`. The attribute `cause` is `covered`, `defocused` or `moved`.

    A scene in which nothing can be seen any more is covered, also when it is the light that went out.
    """

    def __init__(self, task: Task) -> None:
        self._causes = {cause for cause in ("covered", "defocused", "moved") if task.options[cause]}
        self._least_ns = round(task.number("minimum_seconds") * _NS)
        self._usual: Impression | None = None
        self._size = (0, 0)
        self._learnt_ns = self._newest_ns = 0
        self._cause = self._told = ""
        self._since_ns = 0

    def look(self, picture: Grey, mono_ns: int) -> Sequence[Sighting]:
        """See `Analyser`."""
        now = impression(picture)
        if self._usual is None or self._size != picture.shape:
            self._size = picture.shape
            self._accept(now, mono_ns)
        cause, share = compare(now, self._usual or now)
        cause = cause if cause in self._causes and self._knows(mono_ns) else ""
        self._judge(cause, mono_ns)
        if self._told and mono_ns - self._since_ns >= _ACCEPT_SECONDS * _NS:
            self._accept(now, mono_ns)
        elif not (cause or self._told):
            self._follow(now, mono_ns)
        self._newest_ns = mono_ns
        attributes = {"cause": self._told} if self._told else {}
        return [Sighting("tamper", bool(self._told), share, attributes=attributes)]

    def _knows(self, mono_ns: int) -> bool:
        """Whether there is a scene to compare with."""
        rich = self._usual is not None and self._usual.detail >= _LEAST_DETAIL
        return rich and mono_ns - self._learnt_ns >= _LEARN_SECONDS * _NS

    def _judge(self, cause: str, mono_ns: int) -> None:
        """A change is told when it has lasted; what it is may become clear later."""
        if bool(cause) != bool(self._cause):
            self._since_ns = mono_ns
        self._cause = cause
        if mono_ns - self._since_ns >= self._least_ns:
            self._told = cause

    def _accept(self, now: Impression, mono_ns: int) -> None:
        self._usual = now
        self._learnt_ns = self._newest_ns = self._since_ns = mono_ns
        self._cause = self._told = ""

    def _follow(self, now: Impression, mono_ns: int) -> None:
        """At first the mean of all pictures, later of the last ones."""
        if self._usual is None:
            return
        gap, age = (mono_ns - self._newest_ns) / _NS, (mono_ns - self._learnt_ns) / _NS
        rate = 1 - math.exp(-min(gap, 1.0) / min(_FOLLOW_SECONDS, max(age, 1.0)))
        old = self._usual
        self._usual = Impression(
            old.small + (now.small - old.small) * np.float32(rate),
            old.outline + (now.outline - old.outline) * np.float32(rate),
            old.detail + (now.detail - old.detail) * rate,
            old.fine + (now.fine - old.fine) * rate,
        )
