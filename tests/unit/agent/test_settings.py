from pathlib import Path

import pytest

from agent.setup.loading import LAST_GOOD, load_settings
from hardware.models import CameraSpec
from presets_store.process.errors import SettingsInvalid


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUELIGHT_STATE_FOLDER", str(tmp_path / "state"))


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "cuelight.toml"
    file.write_text(text)
    return file


def test_no_file_and_no_environment_are_enough(tmp_path: Path) -> None:
    settings = load_settings(None)
    assert settings.api.host == "127.0.0.1"
    assert [camera.backend for camera in settings.cameras] == ["auto"]
    assert settings.media_folder == tmp_path / "state" / "media"
    assert settings.socket_path == tmp_path / "state" / "api.sock"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUELIGHT_API__PORT", "9001")
    settings = load_settings(written(tmp_path, '[api]\nport = 9000\n[device]\nname = "Door"\n'))
    assert settings.api.port == 9001
    assert settings.device.name == "Door"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[api]\nporrt = 9000\n", "api.porrt"),
        ("[api]\nport = 70000\n", "api.port"),
        ('[api]\nhost = "0.0.0.0"\n', "api.host"),
        ('[[cameras]]\nid = "A B"\n', "cameras.0.id"),
        ('[[cameras]]\nid = "a"\nbackend = "gopro"\n', "cameras.0.backend"),
        ('[[cameras]]\nid = "a"\ncontrols = { gain = 1.5 }\n', "cameras.0.controls.gain"),
        ('[[cameras]]\nid = "a"\nbackend = "bars"\ncontrols = { gain = 1 }\n', "controls are for the backends"),
        ('[[cameras]]\nid = "a"\n[[cameras]]\nid = "a"\n', "cameras"),
        ('[upstream]\nurl = "http://hub.example/"\n', "upstream.url"),
        ("[api\n", "not TOML"),
    ],
)
def test_a_bad_key_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SettingsInvalid, match=named) as raised:
        load_settings(file)
    assert str(file) in raised.value.message
    assert file.read_text() == text


def test_the_last_good_file_serves_when_the_file_has_become_bad(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = written(tmp_path, "[api]\nport = 9000\n")
    assert load_settings(file).api.port == 9000
    file.write_text("")
    assert load_settings(file).api.port == 8788, "an empty file is a valid one: all defaults"
    file.write_text("[api]\nport = 9002\n")
    load_settings(file)
    file.write_text("[api]\nport = wrong\n")
    assert load_settings(file).api.port == 9002
    assert "not TOML" in caplog.text
    assert file.read_text() == "[api]\nport = wrong\n"


def test_a_missing_file_falls_back_too(tmp_path: Path) -> None:
    file = written(tmp_path, "[api]\nport = 9000\n")
    load_settings(file)
    file.unlink()
    assert load_settings(file).api.port == 9000
    (tmp_path / "state" / LAST_GOOD).unlink()
    with pytest.raises(SettingsInvalid, match="No such file"):
        load_settings(file)


def test_the_upstream_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUELIGHT_UPSTREAM__SECRET_KEY", "swordfish")
    assert "swordfish" not in repr(load_settings(None))


def test_controls_keep_their_kind(tmp_path: Path) -> None:
    text = '[[cameras]]\nid = "a"\ncontrols = { gain = 1, backlight = true, power_line_frequency = "50 Hz" }\n'
    spec = load_settings(written(tmp_path, text)).cameras[0].spec()
    assert [*spec.controls.values()] == [1, True, "50 Hz"]
    assert [type(value) for value in spec.controls.values()] == [int, bool, str]
    assert CameraSpec.model_validate_json(spec.model_dump_json()).controls == spec.controls
