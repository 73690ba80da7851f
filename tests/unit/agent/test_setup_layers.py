"""The settings file over what `cuelight setup` wrote: what wins, who is told of, what serves in its place."""

from pathlib import Path

import pytest

from agent.setup.installed import INSTALLED, settings_file
from agent.setup.layers import Layer, merged, source_of
from agent.setup.loading import (
    LAST_GOOD_SETUP,
    SETUP,
    load_settings,
    read_settings,
    state_folder_of,
)
from presets_store.process.errors import PlaceUnusable, SettingsInvalid


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setenv("CUELIGHT_STATE_FOLDER", str(folder))
    return folder


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def test_the_environment_wins_over_the_file_and_the_file_over_the_setup(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(state / SETUP, '[device]\nname = "Setup"\nserial = "7"\n[api]\nport = 1\n[[cameras]]\nid = "door"\n')
    file = written(tmp_path / "cuelight.toml", '[device]\nname = "File"\n[api]\nport = 2\n')
    monkeypatch.setenv("CUELIGHT_API__PORT", "3")
    settings = read_settings(file)
    assert (settings.device.name, settings.device.serial, settings.api.port) == ("File", "7", 3)
    assert [camera.id for camera in settings.cameras] == ["door"]
    written(file, '[[cameras]]\nid = "a"\n[[cameras]]\nid = "b"\n')
    assert [camera.id for camera in read_settings(file).cameras] == ["a", "b"], "a list is one value"
    assert read_settings(None).device.name == "Setup", "without a settings file, too"


def test_the_settings_file_says_where_the_setup_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUELIGHT_STATE_FOLDER", raising=False)
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    file = written(tmp_path / "cuelight.toml", f'state_folder = "{tmp_path}"\n[api]\nport = "wrong"\n')
    written(tmp_path / SETUP, '[device]\nname = "Setup"\n')
    assert (
        state_folder_of([Layer(str(file), "", {"state_folder": str(tmp_path), "api": {"port": "wrong"}})]) == tmp_path
    )
    assert state_folder_of([]) == tmp_path / "xdg" / "cuelight"
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/cuelight:/other")
    assert state_folder_of([]) == Path("/var/lib/cuelight"), "systemd's, also when the file is of no use"
    with pytest.raises(SettingsInvalid, match=r"api\.port"):
        read_settings(file)
    written(file, f'state_folder = "{tmp_path}"\n')
    assert read_settings(file).device.name == "Setup"


def test_what_is_wrong_is_told_of_its_file(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = written(state / SETUP, '[api]\nport = 1\n[device]\nnmae = "x"\n')
    file = written(tmp_path / "cuelight.toml", "[api]\nhost = 'localhost'\n")
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(file)
    assert refused.value.message.splitlines()[0] == f"the settings in {setup} cannot be used:"
    assert "  device.nmae: Extra inputs" in refused.value.message
    written(file, "[api]\nport = 99999\n")
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(file)
    assert f"  {file}: api.port: " in refused.value.message
    assert f"  {setup}: device.nmae: " in refused.value.message
    written(setup, "")
    written(file, "")
    monkeypatch.setenv("CUELIGHT_API__PORT", "wrong")
    with pytest.raises(SettingsInvalid, match=r"settings in the environment cannot be used:\n  api\.port"):
        read_settings(file)


@pytest.mark.parametrize("name", ["state_folder", "state_mount"])
def test_the_setup_does_not_say_where_it_is_itself(state: Path, name: str) -> None:
    written(state / SETUP, f'{name} = "/elsewhere"\n')
    with pytest.raises(SettingsInvalid, match=f"{name}: belongs into the settings file"):
        read_settings(None)


def test_a_damaged_setup_gives_way_to_the_last_good_one(
    state: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = written(tmp_path / "cuelight.toml", "[api]\nport = 2\n")
    setup = written(state / SETUP, '[device]\nname = "Setup"\n')
    assert load_settings(file).device.name == "Setup"
    written(setup, "\0\0\0")
    kept = load_settings(file)
    assert (kept.device.name, kept.api.port) == ("Setup", 2)
    assert f"the settings in {setup} cannot be used" in caplog.text
    assert str(state / LAST_GOOD_SETUP) in caplog.text
    assert load_settings(None).device.name == "Setup"
    (state / LAST_GOOD_SETUP).unlink()
    assert load_settings(file).api.port == 2, "a device films without a name"
    assert setup.read_bytes() == b"\0\0\0"


def test_a_bad_settings_file_leaves_the_setup_in_force(state: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "cuelight.toml", "[api]\nport = 2\n")
    written(state / SETUP, '[device]\nname = "Setup"\n')
    load_settings(file)
    written(state / SETUP, '[device]\nname = "New"\n')
    written(file, "[api\n")
    assert (load_settings(file).device.name, load_settings(file).api.port) == ("New", 2)
    written(state / SETUP, "[device\n")
    assert (load_settings(file).device.name, load_settings(file).api.port) == ("Setup", 2), "both are bad"


def test_a_setup_that_is_gone_is_not_remembered(state: Path) -> None:
    written(state / SETUP, '[device]\nname = "Setup"\n')
    load_settings(None)
    (state / SETUP).unlink()
    load_settings(None)
    assert list(state.iterdir()) == []


def test_nothing_is_touched_below_a_mount_point_where_nothing_is_mounted(tmp_path: Path) -> None:
    folder = tmp_path / "mnt"
    folder.mkdir()
    file = written(tmp_path / "a.toml", f'state_folder = "{folder}/state"\nstate_mount = "{folder}"\n')
    with pytest.raises(PlaceUnusable, match="nothing is mounted there"):
        load_settings(file)
    assert list(folder.iterdir()) == []
    mounted = written(tmp_path / "b.toml", f'state_folder = "{folder}/state"\nstate_mount = "/proc"\n')
    assert load_settings(mounted).state_folder == folder / "state"


def test_the_commands_of_the_package_know_its_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "cuelight.toml", "")
    monkeypatch.setattr("agent.setup.installed.INSTALLED_FILE", file)
    assert settings_file(None, str(INSTALLED)) == file
    assert settings_file(Path("mine.toml"), str(INSTALLED)) == Path("mine.toml")
    assert settings_file(None, "/home/me/.venv") is None
    file.unlink()
    assert settings_file(None, str(INSTALLED)) is None


def test_sections_become_one_and_lists_do_not() -> None:
    lower = {"a": {"x": 1, "y": {"p": 1}}, "l": [1, 2], "only": 1}
    assert merged({"a": {"y": {"q": 2}, "x": 3}, "l": []}, lower) == {
        "a": {"x": 3, "y": {"p": 1, "q": 2}}, "l": [], "only": 1,
    }  # fmt: skip
    assert lower == {"a": {"x": 1, "y": {"p": 1}}, "l": [1, 2], "only": 1}


def test_a_key_is_of_the_file_that_says_most_of_it() -> None:
    layers = [Layer("file", "", {"a": {"x": 1}}), Layer("setup", "", {"a": {"y": 1}, "l": [{"id": "A"}]})]
    assert [source_of(key, layers) for key in (("a", "x"), ("a", "y"), ("a",), ("l", 0, "id"), ("b",), ())] == [
        "file", "setup", "file", "setup", "the environment", "the environment",
    ]  # fmt: skip
