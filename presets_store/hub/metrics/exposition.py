"""Counters, histograms and gauges, and the text format in which Prometheus reads them (version 0.0.4)."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Protocol

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metric(Protocol):
    """One family of figures."""

    def lines(self) -> Iterator[str]: ...


class Counter:
    """Counts per combination of labels; of an unlabelled one the sample is there from the start."""

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        self._head = _head(name, text, "counter")
        self._name = name
        self._labels = tuple(labels)
        self._counts: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}

    def add(self, *values: str, by: float = 1.0) -> None:
        """`values` in the order of the labels."""
        self._counts[values] = self._counts.get(values, 0.0) + by

    def lines(self) -> Iterator[str]:
        yield self._head
        for values, count in sorted(self._counts.items()):
            yield _sample(self._name, zip(self._labels, values, strict=True), count)


class Histogram:
    """How values spread over buckets, whose upper bounds rise."""

    def __init__(self, name: str, text: str, bounds: Sequence[float], labels: Sequence[str] = ()) -> None:
        self._head = _head(name, text, "histogram")
        self._name = name
        self._labels = tuple(labels)
        self._bounds = (*bounds, float("inf"))
        self._seen: dict[tuple[str, ...], list[int]] = {} if labels else {(): [0] * len(self._bounds)}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, value: float, *values: str) -> None:
        """`values` in the order of the labels."""
        counts = self._seen.setdefault(values, [0] * len(self._bounds))
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[values] = self._sums.get(values, 0.0) + value

    def lines(self) -> Iterator[str]:
        yield self._head
        for values, counts in sorted(self._seen.items()):
            labels = list(zip(self._labels, values, strict=True))
            *_, total = accumulate(counts)
            for bound, count in zip(self._bounds, accumulate(counts), strict=True):
                yield _sample(f"{self._name}_bucket", [*labels, ("le", _number(bound))], count)
            yield _sample(f"{self._name}_sum", labels, self._sums.get(values, 0.0))
            yield _sample(f"{self._name}_count", labels, total)


class Gauge:
    """A figure as it is when it is asked for."""

    def __init__(self, name: str, text: str, value: float) -> None:
        self._lines = (_head(name, text, "gauge"), _sample(name, (), value))

    def lines(self) -> Iterator[str]:
        return iter(self._lines)


def exposed(metrics: Iterable[Metric]) -> str:
    """The body of an answer to Prometheus."""
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines())


def _head(name: str, text: str, kind: str) -> str:
    return f"# HELP {name} {text}\n# TYPE {name} {kind}"


def _sample(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return f"{name}{{{inner}}} {_number(value)}" if inner else f"{name} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))
