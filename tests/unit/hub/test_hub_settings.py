from pathlib import Path

import pytest

from presets_store.hub.settings import HubSettings, load_settings
from presets_store.process.errors import SettingsInvalid

ELSEWHERE = '[listen]\nhost = "0.0.0.0"\n'
PROXY = ELSEWHERE + 'behind_proxy = ["10.0.0.0/8"]\n'


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUELIGHT_HUB_STATE_FOLDER", str(tmp_path / "state"))


def loaded(tmp_path: Path, text: str) -> HubSettings:
    file = tmp_path / "hub.toml"
    file.write_text(text)
    return load_settings(file)


def test_nothing_needs_to_be_set(tmp_path: Path) -> None:
    settings = load_settings(None)
    assert settings.database_url == f"sqlite:///{tmp_path / 'state' / 'hub.db'}"
    assert settings.seal_key_file == tmp_path / "state" / "seal.key"
    assert (settings.listen.host, settings.metrics.port) == ("127.0.0.1", 0)


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUELIGHT_HUB_LISTEN__PORT", "9000")
    monkeypatch.setenv("CUELIGHT_HUB_DATABASE", "sqlite:////tmp/x.db")
    settings = loaded(tmp_path, 'database = "sqlite:////tmp/y.db"\n[listen]\nport = 8000\n')
    assert (settings.listen.port, settings.database_url) == (9000, "sqlite:////tmp/x.db")


def test_behind_a_proxy(tmp_path: Path) -> None:
    settings = loaded(tmp_path, f'public_url = "https://hub.example/"\n{PROXY}')
    assert settings.public_url == "https://hub.example"
    assert str(settings.listen.behind_proxy[0]) == "10.0.0.0/8"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f'public_url = "https://hub.example"\n{ELSEWHERE}', "behind_proxy"),
        (PROXY, "public_url is missing"),
        ('public_url = "https://hub.example/api"\n', "path of each request is signed"),
        ('public_url = "hub.example"\n', "give https://HOST/"),
        ('[listen]\ncert = "/etc/hub.pem"\n', "cert and key belong together"),
        ('[listen]\nbehind_proxy = ["the proxy"]\n', "behind_proxy"),
        ('database = "mysql://u:swordfish@h/d"\n', "postgresql://USER@HOST/NAME"),
        ('database = "postgresql://h/d"\n', "media.shared"),
        ('[metrics]\nhost = "0.0.0.0"\nport = 9000\n', "token"),
        ("[limits]\nwaiting_polls = 0\n", "limits.waiting_polls"),
        ("[limits]\nwaiting_pols = 5\n", "limits.waiting_pols"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsInvalid, match=named) as raised:
        loaded(tmp_path, text)
    assert "swordfish" not in str(raised.value)


def test_a_database_of_replicas_needs_a_place_that_all_reach(tmp_path: Path) -> None:
    database = 'database = "postgresql://h/d"\n'
    assert loaded(tmp_path, f'{database}[media]\nfolder = "/srv/files"\nshared = true\n').files_folder == Path(
        "/srv/files"
    )
    bucket = '[media.bucket]\nname = "clips"\naccess_key = "a"\nsecret_key = "swordfish"\n'
    settings = loaded(tmp_path, database + bucket)
    assert settings.media.bucket is not None
    assert "swordfish" not in repr(settings)
