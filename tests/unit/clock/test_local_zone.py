"""The zone of a computer: what TZ names, else the link /etc/localtime, else UTC."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from presets_store.hub.settings import HubSettings
from presets_store.local_zone import UTC_ZONE, local_zone, zone_named, zone_of
from presets_store.process.errors import SettingsInvalid
from presets_store.process.settings import checked


@pytest.fixture(autouse=True)
def _no_zone_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)


def test_the_link_names_the_zone(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert local_zone(link).key == "Europe/Berlin"


def test_the_environment_counts_before_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Asia/Kathmandu")
    assert local_zone(tmp_path / "none").key == "Asia/Kathmandu"


@pytest.mark.parametrize("named", ["", "Nowhere/Else", "../../etc/passwd", "CET-1CEST,M3.5.0,M10.5.0/3"])
def test_without_a_name_it_is_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("TZ", named)
    (tmp_path / "copied").write_bytes(b"TZif")
    assert local_zone(tmp_path / "copied") is UTC_ZONE


def test_utc_needs_no_file() -> None:
    assert UTC_ZONE.key == "UTC"
    assert datetime(2026, 7, 1, tzinfo=UTC_ZONE).utcoffset() == timedelta(0)


def test_a_setting_names_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    assert zone_of("Europe/Berlin").key == "Europe/Berlin"
    assert zone_of("").key == "Asia/Kathmandu"
    assert zone_named("x" * 5000) is None


def test_a_setting_with_a_wrong_zone_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match=r'clock\.zone: .*such as "Europe/Berlin"'):
        checked(HubSettings, {"clock": {"zone": "Middle-earth/Shire"}})
