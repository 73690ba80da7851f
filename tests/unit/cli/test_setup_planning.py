"""What `cuelight setup` makes of what is wanted: the words of `setup.toml`, and what wins over them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.setting_up.applying import Present, plan
from agent.cli.setting_up.asking import chosen_cameras, truth
from agent.cli.setting_up.planning import planned
from agent.cli.setting_up.wanted import camera_of, read_wanted, wanted_of
from agent.settings import Settings
from agent.setup.document import as_toml
from agent.setup.errors import SetupInvalid, SetupOverruled
from agent.setup.layers import Layer, combined

SECRET = "correct horse battery"

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_what_is_written_is_read_as_it_was(values: dict[str, Any]) -> None:
    assert tomllib.loads(as_toml(values)) == values


def test_it_is_readable() -> None:
    values = {"device": {"name": 'The "door"'}, "cameras": [{"id": "main", "options": {"a b": "1"}}], "top": 1}
    assert as_toml(values) == (
        'top = 1\n\n[device]\nname = "The \\"door\\""\n\n[[cameras]]\nid = "main"\noptions = {"a b" = "1"}\n'
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", ("auto", "")),
        ("auto", ("auto", "")),
        ("rpicam", ("rpicam", "")),
        ("/dev/video2", ("v4l2", "/dev/video2")),
        ("rtsp://10.0.0.7/stream", ("network", "rtsp://10.0.0.7/stream")),
    ],
)
def test_how_a_camera_is_named(text: str, meant: tuple[str, str]) -> None:
    assert camera_of(text) == meant


@pytest.mark.parametrize("text", ["3", "video0", "network", "null", "rtsp://me:hidden@10.0.0.7/stream"])
def test_what_names_no_camera(text: str) -> None:
    with pytest.raises(ValueError, match=r"give|secret|password|user") as refused:
        camera_of(text)
    assert "hidden" not in str(refused.value)


def test_cameras_are_chosen_by_number_or_by_name() -> None:
    offered = ["/dev/v4l/by-id/a", "/dev/v4l/by-id/b", "rpicam"]
    assert chosen_cameras("2", offered) == ["/dev/v4l/by-id/b"]
    assert chosen_cameras("3, 1 1", offered) == ["rpicam", "/dev/v4l/by-id/a"]
    assert chosen_cameras("", []) == ["auto"], "cleared"
    assert chosen_cameras("rtsp://10.0.0.7/", []) == ["rtsp://10.0.0.7/"]
    for wrong in ("0", "4", "1 video0"):
        with pytest.raises(ValueError, match=r"there is no camera|give an address"):
            chosen_cameras(wrong, offered)


def test_yes_and_no() -> None:
    assert [truth(word) for word in ("y", "YES", "no", "N", "")] == [True, True, False, False, False]
    with pytest.raises(ValueError, match="yes or no"):
        truth("perhaps")


def test_what_is_not_told_stays_and_an_empty_text_clears() -> None:
    before = {"device": {"name": "A", "serial": "7"}, "clock": {"zone": "Europe/Berlin"}, "log": {"level": "DEBUG"}}
    after = planned(before, wanted_of("x", {"zone": "", "media": "/srv/media", "upstream": "https://hub.example/"}))
    assert after == {
        "device": {"name": "A", "serial": "7"},
        "log": {"level": "DEBUG"},
        "media": {"folder": "/srv/media"},
        "upstream": {"url": "https://hub.example"},
    }
    assert before["clock"] == {"zone": "Europe/Berlin"}


def test_a_camera_that_is_there_keeps_all_that_is_said_of_it() -> None:
    known = {"id": "door", "backend": "v4l2", "address": "/dev/video0", "controls": {"gain": 3}, "keep_warm": True}
    other = {"id": "main", "name": "Main camera", "backend": "v4l2", "address": "/dev/video1"}
    before = {"cameras": [known]}
    two = planned(before, wanted_of("x", {"camera": ["/dev/video1", "/dev/video0"]}))
    assert two["cameras"] == [other, known]
    swapped = planned(two, wanted_of("x", {"camera": ["/dev/video0", "auto"]}))
    assert swapped["cameras"] == [known, {"id": "main", "name": "Main camera", "backend": "auto", "address": ""}]
    third = planned(two, wanted_of("x", {"camera": ["/dev/video1", "bars", "file"]}))["cameras"]
    assert [each["id"] for each in third] == ["main", "camera2", "camera3"]
    assert combined(Settings, [Layer("x", "", {"cameras": third})]).cameras[1].name == "Camera 2"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"nmae": "x"}, "nmae: Extra inputs"),
        ({"name": "x" * 129}, "name: String should have at most 128"),
        ({"zone": "Europe/Berln"}, "zone: give the name of a time zone"),
        ({"camera": "video0"}, "camera.0: give an address"),
        ({"camera": []}, "camera: Value should have at least 1"),
        ({"media": "recordings"}, "media: give an absolute path"),
        ({"upstream": "http://hub.example"}, "upstream: give https://host/"),
        ({"token": ""}, "set-up: token is empty"),
        ({"token": "t", "upstream": ""}, "set-up: token is of an upstream"),
        ({"wifi": {"ssid": "", "password": SECRET}}, "wifi.ssid: give 1 to 32 bytes"),
        ({"wifi": {"ssid": "ü" * 17, "password": SECRET}}, "wifi.ssid: give 1 to 32 bytes"),
        ({"wifi": {"ssid": "Home", "password": "sh0rt"}}, "wifi.password: give 8 to 63 characters"),
        ({"wifi": {"ssid": "Home"}}, "wifi.password: Field required"),
    ],
)
def test_what_cannot_be_is_named(values: dict[str, Any], told: str) -> None:
    with pytest.raises(SetupInvalid) as refused:
        wanted_of("the file", values)
    assert refused.value.message.startswith("the file cannot be used:\n")
    assert told in refused.value.message
    assert SECRET not in refused.value.message
    assert "sh0rt" not in refused.value.message
    assert refused.value.__cause__ is None


def test_a_file_that_is_none() -> None:
    with pytest.raises(SetupInvalid, match="not TOML"):
        read_wanted("the file", "name = Front door")
    wanted = read_wanted("the file", f'name = "Door"\n[wifi]\nssid = "Home"\npassword = "{SECRET}"\n')
    assert (wanted.name, wanted.wifi and wanted.wifi.password.get_secret_value()) == ("Door", SECRET)
    assert SECRET not in repr(wanted)


def test_what_the_settings_file_says_is_not_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUELIGHT_CLOCK__ZONE", "Europe/Paris")
    upper = [Layer("cuelight.toml", "", {"device": {"name": "File"}, "cameras": [{"id": "main"}]})]
    now = Present(settings=Settings(state_folder=tmp_path), upper=upper, values={})
    for values, told in (
        ({"name": "Mine"}, "device.name stays as it is: cuelight.toml says so"),
        ({"camera": "bars"}, "cameras stays as it is: cuelight.toml"),
        ({"zone": "Europe/Berlin"}, "clock.zone stays as it is: the environment"),
    ):
        with pytest.raises(SetupOverruled, match=told):
            plan(now, wanted_of("x", values), "x")
    same = plan(now, wanted_of("x", {"name": "File", "camera": "auto", "zone": "Europe/Paris"}), "x")
    assert same.values["device"] == {"name": "File"}


def test_a_token_needs_an_upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUELIGHT_STATE_FOLDER", str(tmp_path))
    now = Present(settings=Settings(), upper=[], values={})
    with pytest.raises(SetupInvalid, match="token: is of an upstream"):
        plan(now, wanted_of("x", {"token": "t"}), "x")
    known = Present(settings=Settings(), upper=[], values={"upstream": {"url": "https://hub"}})
    assert [change.title for change in plan(known, wanted_of("x", {"token": "t"}), "x").changes] == [
        "upstream", "token",
    ]  # fmt: skip
