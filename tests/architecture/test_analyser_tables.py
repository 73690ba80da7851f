"""What the store lets an analytic case ask for, and what the analysers take: the same."""

from collections.abc import Mapping

import pytest

from hardware import vision
from presets_store.rules.scripts import analytics

KINDS: Mapping[type, type] = {
    analytics.Number: vision.Number,
    analytics.Flag: vision.Flag,
    analytics.Choice: vision.Choice,
    analytics.ModelName: vision.ModelName,
}

MEMBERS = ("default", "lowest", "highest", "whole", "words")


def test_both_sides_know_the_same_analysers() -> None:
    assert set(analytics.ANALYSERS) == set(vision.ANALYSERS)


@pytest.mark.parametrize("name", sorted(analytics.ANALYSERS))
def test_both_sides_know_the_same_options(name: str) -> None:
    asked, taken = analytics.ANALYSERS[name].options, vision.ANALYSERS[name].options
    assert set(asked) == set(taken)
    for option in asked:
        assert KINDS[type(asked[option])] is type(taken[option]), option
        for member in MEMBERS:
            assert getattr(asked[option], member, None) == getattr(taken[option], member, None), (option, member)


@pytest.mark.parametrize("name", sorted(analytics.ANALYSERS))
def test_both_sides_know_the_same_zones(name: str) -> None:
    asked = {str(kind): least for kind, (least, _) in analytics.ANALYSERS[name].zones.items()}
    assert asked == dict(vision.ANALYSERS[name].zones)
