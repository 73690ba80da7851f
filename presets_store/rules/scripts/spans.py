"""Sets of whole numbers as spans [begin, end)."""

from collections.abc import Iterable

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order; those that overlap or touch as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def common(some: list[Span], others: list[Span]) -> list[Span]:
    """What is in both; each is merged."""
    found, one, other = [], 0, 0
    while one < len(some) and other < len(others):
        begin, end = max(some[one][0], others[other][0]), min(some[one][1], others[other][1])
        if begin < end:
            found.append((begin, end))
        if some[one][1] == end:
            one += 1
        else:
            other += 1
    return found


def without(some: list[Span], others: list[Span], whole: Span) -> list[Span]:
    """What is in `some` and not in `others`; each is merged and within `whole`."""
    edges = [whole[0], *(edge for span in others for edge in span), whole[1]]
    rest = [(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True) if begin < end]
    return common(some, rest)
