"""What the documentation tells a stranger to type, typed; what it shows, compared."""

import re
import sqlite3
import time
import tomllib
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import closing, contextmanager
from pathlib import Path
from typing import get_args

import pytest
from fakes.agent_process import ROOT, AgentProcess, running_agent
from fakes.docs import EVENT, Block, Reader, blocks_of, missing_line
from fakes.hub_process import free_port
from fakes.soak import count, seeded
from pydantic import BaseModel

from agent.adjustable import LOG_LEVEL, STARTUP_GRACE
from agent.cli.setting_up import provisioning
from agent.cli.setting_up.wanted import read_wanted
from agent.settings import Settings
from presets_store.hub.settings import HubSettings
from presets_store.process.settings import Section
from presets_store.protocol.startup import STANDALONE_SETTING

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
HUB_PAGE = ROOT / "docs" / "hub.md"
DECISIONS = ROOT / "docs" / "decisions"
TYPED, SHOWN, SETTINGS, OUTLINE = "sh", "text", "toml", ""
ON_A_DEVICE, DROP_IN = "console", "ini"
DEVICE_PROGRAMS = {"adduser", "apt", "cuelight", "journalctl", "make", "podman", "systemctl", "systemd-creds"}
"""What a page may have typed on a device, which a development machine does not try."""


@contextmanager
def read_at_a_device(folder: Path) -> Iterator[tuple[Reader, AgentProcess]]:
    with running_agent(folder) as agent:
        lines = (agent.state / "first-access-key.txt").read_text().splitlines()
        access, secret = (line.partition(": ")[2] for line in lines)
        port = str(free_port())
        own = {
            "'...=='": f"'{access}'",
            "'...'": f"'{secret}'",
            "http://127.0.0.1:8788": agent.url,
            "http://127.0.0.1:8789": f"http://127.0.0.1:{port}",
        }
        reader = Reader(folder, agent.state, own, CUELIGHT_HUB_LISTEN__PORT=port)
        try:
            yield reader, agent
        finally:
            reader.end_what_it_left()


def killed(agent: AgentProcess) -> None:
    time.sleep(1.5)  # in the middle of what was started above: there is film by then
    agent.kill()
    agent.start()


def started_again(agent: AgentProcess) -> None:
    assert agent.stop() == 0
    agent.start()


def memory_damaged(agent: AgentProcess) -> None:
    """The database's header is gone, and one row of the sealed cache is not what was sealed."""
    assert agent.stop() == 0
    with (agent.state / "cuelight.db").open("r+b") as file:
        file.write(b"\0" * 100)
    with closing(sqlite3.connect(agent.state / "sealed" / "cache.db", isolation_level=None)) as cache:
        cache.execute("UPDATE Cache SET value = zeroblob(length(value)) WHERE key = 'keys.high_water'")
    agent.start()


def clip_changed(agent: AgentProcess) -> None:
    clip = next(agent.media.rglob("*.mp4"))
    clip.write_bytes(clip.read_bytes()[:-1] + b"!")


EVENTS: dict[str, Callable[[AgentProcess], None]] = {
    "the agent is killed, and starts again": killed,
    "the agent is stopped, and starts again": started_again,
    "a clip is changed": clip_changed,
    "the database and the sealed cache are damaged, and the agent starts again": memory_damaged,
}


def followed() -> list[Path]:
    """The README and a third of the other pages, others for each commit; a soak follows all."""
    readme, *others = (page for page in PAGES if any(block.language == TYPED for block in blocks_of(page)))
    return [readme, *sorted(seeded("pages").sample(others, count(len(others) // 3, len(others))))]


@pytest.mark.soak
@pytest.mark.parametrize("page", followed(), ids=lambda page: page.name)
def test_a_page_can_be_followed(page: Path, tmp_path: Path) -> None:
    blocks = blocks_of(page)
    with read_at_a_device(tmp_path) as (reader, agent):
        output = ""
        for block in blocks:
            if block.language == TYPED:
                output = reader.type(block)
            elif block.language == SHOWN:
                assert not missing_line(block.text, output), f"{block}: {missing_line(block.text, output)}\n{output}"
            elif block.language == EVENT:
                EVENTS[block.text](agent)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_is_of_a_kind_that_is_looked_at(page: Path) -> None:
    typed: Block | None = None
    for block in blocks_of(page):
        if block.language == SHOWN:
            assert typed is not None, f"{block}: it shows the output of nothing"
        elif block.language == SETTINGS and provisioning.NAME in block.text:
            read_wanted(str(block), block.text)
        elif block.language == SETTINGS:
            kind = HubSettings if page == HUB_PAGE else Settings
            kind(**tomllib.loads(block.text))
        elif block.language == ON_A_DEVICE:
            commands = block.text.replace("\\\n", " ").splitlines()
            assert {line.removeprefix("$ ").split()[0] for line in commands} <= DEVICE_PROGRAMS, f"{block}"
        elif block.language == DROP_IN:
            unit = ConfigParser(strict=False, interpolation=None)
            unit.read_string(block.text)
            assert set(unit.sections()) <= {"Unit", "Service", "Install"}, f"{block}"
        elif block.language == OUTLINE:
            for line in block.text.splitlines():
                assert is_there(line), f"{block}: {line}"
        else:
            assert block.language == TYPED or block.text in EVENTS, f"{block}: {block.language}"
        typed = block if block.language == TYPED else typed


def is_there(line: str) -> bool:
    """Whether a line `make GOAL ...` or `FOLDER/ ...` names one that there is."""
    word, *more = line.split()
    if word == "make":
        return re.search(rf"^{re.escape(more[0])}:", (ROOT / "Makefile").read_text(), re.MULTILINE) is not None
    return word.endswith("/") and (ROOT / word).is_dir()


@pytest.mark.parametrize("page", [*PAGES, *sorted(DECISIONS.glob("*.md"))], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    named = re.findall(r"`((?:docs|tests|bench|agent|hardware|presets_store|scripts)/[\w./-]+)`", page.read_text())
    broken = [link for link in links if not (page.parent / link).exists()]
    broken += [path for path in named if not (ROOT / path).exists()]
    assert broken == []


def test_every_page_and_decision_is_listed() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in PAGES[1:] if f"docs/{page.name}" not in readme] == []
    index = (DECISIONS / "README.md").read_text()
    files = sorted(path.name for path in DECISIONS.glob("0*.md"))
    assert [name for name in files if f"[{int(name[:4])}]({name})" not in index] == []
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))


def test_every_setting_is_documented() -> None:
    of_events = {STANDALONE_SETTING, LOG_LEVEL, STARTUP_GRACE}
    for page, tree, more in ((ROOT / "docs" / "settings.md", Settings, of_events), (HUB_PAGE, HubSettings, set())):
        text, names = page.read_text(), names_in(tree) | more
        assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", text)] == [], page


def names_in(model: type[BaseModel]) -> set[str]:
    """The names of all settings, those of sections and of sections in them too."""
    names = set(model.model_fields)
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Section):
                names |= names_in(kind)
    return names


def test_comparing_is_loose_about_spaces_and_strict_about_words() -> None:
    output = "mode       standalone: no upstream\nstart-up   preset 3 (Porch), event 7 is Complete\n"
    assert missing_line("mode  standalone: ...\n\nstart-up preset 3 (Porch), event ... is Complete\n", output) == ""
    assert missing_line("mode online\n", output) == "mode online"
    assert missing_line("start-up ...\nmode ...\n", output) == "mode ..."
    assert missing_line("start-up preset 3\n", output) == "start-up preset 3"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("false\ntrue\n", "exit code 1"),
        ("# refused: no\ntrue\n", "says that this is refused: true"),
        ("# refused: no\nsh -c 'echo yes; exit 3'\n", "refused with: no"),
        ("# refused: no\nsh -c 'echo no; exit 3' \\\n  more\n", ""),
    ],
)
def test_a_command_that_does_otherwise_than_the_page_says_is_found(text: str, complaint: str, tmp_path: Path) -> None:
    reader, block = Reader(tmp_path, tmp_path, {}), Block("page.md", 1, TYPED, text)
    if not complaint:
        assert reader.type(block) == "no\n"
        return
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        reader.type(block)
