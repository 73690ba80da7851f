"""What of an analyser's sightings is told, and with which picture."""

from hardware.vision import Sighting
from hardware.vision.telling import Teller

NS = 1_000_000_000


def see(teller: Teller, at: float, *sightings: Sighting) -> list[tuple[str, bool, bool]]:
    """Zone, whether active, whether pictured, of what is told at `at` seconds."""
    return [(n.sighting.zone, n.sighting.active, n.pictured) for n in teller.news(sightings, round((100 + at) * NS))]


def there(zone: str = "", active: bool = True, instant: bool = False, **attributes: int) -> Sighting:
    return Sighting("people", active, 1.0, zone=zone, attributes=attributes, instant=instant)


def test_a_begin_and_an_end_are_told_and_once_a_second_that_it_lasts() -> None:
    teller = Teller()
    assert see(teller, 0, there(active=False)) == []
    told = [see(teller, 0.2 * number, there()) for number in range(1, 13)]
    assert [number for number, news in enumerate(told) if news] == [0, 5, 10]
    assert told[0] == [("", True, True)]
    assert told[5] == [("", True, False)]
    assert see(teller, 2.6, there(active=False)) == [("", False, False)]
    assert see(teller, 2.8, there(active=False)) == []


def test_another_attribute_is_news_and_another_value_is_not() -> None:
    teller = Teller()
    assert see(teller, 0, there(count=2)) == [("", True, True)]
    assert see(teller, 0.2, there(count=2)) == []
    assert see(teller, 0.4, there(count=3)) == [("", True, False)], "at most one picture a second"
    assert see(teller, 1.0, there(count=4)) == [("", True, True)]


def test_zones_are_told_apart_and_share_a_picture() -> None:
    teller = Teller()
    assert see(teller, 0, there("door"), there("path", active=False)) == [("door", True, True)]
    assert see(teller, 2, there("door"), there("path")) == [("door", True, False), ("path", True, True)]
    assert see(teller, 4, there("yard"), there("shed")) == [("yard", True, True), ("shed", True, True)]


def test_what_has_no_duration_is_told_each_time() -> None:
    teller = Teller()
    for number in range(3):
        assert see(teller, 0.2 * number, there("kerb", instant=True)) == [("kerb", True, number == 0)]
    assert see(teller, 1.0) == []
