"""What the Debian package is made of agrees with what the product says of itself."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from fakes.agent_process import ROOT
from pydantic import BaseModel

from agent.settings import Settings
from presets_store.hub.settings import HubSettings
from presets_store.process.settings import Section, Tree, checked

PACKAGING = ROOT / "packaging"
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
SHOWN = re.compile(r"^#(?=[a-z_]+ = |\[)", re.MULTILINE)
"""What stands before a default in a settings file. Text begins with `# `."""

FILES: list[tuple[str, type[Tree], dict[str, object]]] = [
    (
        "cuelight.toml",
        Settings,
        {"state_folder": "/var/lib/cuelight", "api": {"socket": "/run/cuelight/api.sock"}},
    ),
    ("hub.toml", HubSettings, {"state_folder": "/var/lib/cuelight-hub"}),
]


def names_in(model: type[BaseModel]) -> set[str]:
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Section):
                names |= names_in(kind)
    return names


@pytest.mark.parametrize(("name", "kind", "own"), FILES, ids=lambda value: value if isinstance(value, str) else "")
class TestSettingsFile:
    def test_it_changes_only_where_things_are(self, name: str, kind: type[Tree], own: dict[str, object]) -> None:
        assert tomllib.loads((PACKAGING / "config" / name).read_text()) == own

    def test_the_defaults_that_it_shows_are_the_defaults(
        self, name: str, kind: type[Tree], own: dict[str, object]
    ) -> None:
        text = SHOWN.sub("", (PACKAGING / "config" / name).read_text())
        assert checked(kind, tomllib.loads(text)) == checked(kind, own)

    def test_it_shows_every_setting(self, name: str, kind: type[Tree], own: dict[str, object]) -> None:
        text = (PACKAGING / "config" / name).read_text()
        shown = {found for found in names_in(kind) if re.search(rf"^#? ?(\[+\w*\.?)?{found}\b", text, re.MULTILINE)}
        assert names_in(kind) - shown == set()

    def test_a_section_can_be_written_below(self, name: str, kind: type[Tree], own: dict[str, object]) -> None:
        text = (PACKAGING / "config" / name).read_text() + '[clock]\nzone = "UTC"\n'
        assert checked(kind, tomllib.loads(text)).model_dump()["clock"]["zone"] == "UTC"


@pytest.mark.parametrize("script", SCRIPTS)
def test_maintainer_scripts_are_shell(script: str) -> None:
    text = (PACKAGING / "debian" / script).read_text()
    assert text.startswith("#!/bin/sh\nset -e\n")
    assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0


def test_programs_of_units_come_with_the_package_or_what_it_depends_on() -> None:
    """By folder: /opt/cuelight and /usr/lib/cuelight are ours, /usr/bin is that of the packages in Depends."""
    depends = re.search(r"^Depends: (.*)$", (PACKAGING / "debian" / "control").read_text(), re.MULTILINE)
    assert depends is not None
    packages = {entry.split()[0] for entry in depends[1].split(", ")}
    bringing = {"python3": "python3", "pidwait": "procps", "openssl": "openssl"}
    essential = {"cat", "printf", "sh", "timeout"}
    used = {
        Path(program).name
        for unit in (PACKAGING / "systemd").glob("*.service")
        for program in re.findall(r"(?:^Exec\w+=[-+!:@]*|\s)(/(?:usr/)?bin/[\w.-]+)", unit.read_text(), re.MULTILINE)
    }
    assert used
    assert {bringing.get(program) for program in used - essential} <= packages


def test_every_file_of_these_folders_is_installed() -> None:
    """The builder takes them by folder and ending."""
    recipe = (PACKAGING / "debian" / "assemble.sh").read_text()
    endings = {
        "systemd": set(re.search(r"for kind in ([a-z ]+);", recipe)[1].split()),  # type: ignore[index]
        **{folder: {ending} for folder, ending in re.findall(r"^install_all (\w+) \.(\w+)", recipe, re.MULTILINE)},
    }
    assert set(endings) == {"systemd", "sysusers", "tmpfiles", "udev", "polkit"}
    for folder, known in endings.items():
        assert {path.suffix[1:] for path in (PACKAGING / folder).iterdir()} <= known, folder


def test_the_locks_that_are_installed_have_all_that_agent_and_hub_need() -> None:
    text = (ROOT / "requirements.lock").read_text() + (ROOT / "requirements-hub.lock").read_text()
    wanted = {line.split(">")[0].split("=")[0].split("<")[0].strip(' ",') for line in dependencies()}
    pinned = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    assert wanted <= pinned


def dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["hub"]]
