"""Volumes, by programs of the tests' own that answer as amixer and wpctl do."""

from pathlib import Path

import pytest

from hardware.box.errors import MixerAbsent, MixerFailed
from hardware.box.mixer import set_volume

# As amixer of alsa-utils 1.2.8 shows a USB microphone and an output with one control.
AMIXER = """#!/bin/sh
echo "amixer $*" >>{log}
case "$*" in
  *scontrols) printf "Simple mixer control 'Auto Gain Control',0\\nSimple mixer control '{name}',0\\n" ;;
  *"sset '{name}',0 {side} "*) for last; do :; done; echo "${{last%%%}}" >{value} ;;
  *"sget '{name}',0")
    percent=$(cat {value})
    printf "Simple mixer control '{name}',0\\n  Capabilities: {capability}\\n"
    printf "  Limits: 0 - 255\\n  Mono: 12 [$percent%%] [12.00dB] [on]\\n" ;;
  *sget*) printf "Simple mixer control 'Auto Gain Control',0\\n  Capabilities: pswitch\\n  Mono: Playback [on]\\n" ;;
  *) echo "amixer: Unable to find simple control" >&2; exit 1 ;;
esac
"""

WPCTL = """#!/bin/sh
echo "wpctl $*" >>{log}
case $1 in
  get-volume) echo "Volume: $(cat {value})" ;;
  set-volume) echo "$3" >{value} ;;
esac
"""


class Programs:
    """What is on the path, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"
        self.folder.mkdir()
        self.log = folder / "log"
        self.log.touch()
        self.value = folder / "value"

    def put(self, program: str, text: str, **fields: str) -> None:
        file = self.folder / program
        file.write_text(text.format(log=self.log, value=self.value, **fields))
        file.chmod(0o755)

    def amixer(self, name: str, side: str, capability: str) -> None:
        self.value.write_text("3\n")
        self.put("amixer", AMIXER, name=name, side=side, capability=capability)

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    found = Programs(tmp_path)
    found.folder.joinpath("cat").symlink_to("/bin/cat")
    monkeypatch.setenv("PATH", str(found.folder))
    return found


async def test_the_microphones_volume_by_alsa(programs: Programs) -> None:
    programs.amixer("Mic", "capture", "cvolume cvolume-joined cswitch")
    volume = await set_volume("input", 40, "plughw:CARD=C920,DEV=0")
    assert volume.model_dump() == {"percent": 40, "by": "amixer", "control": "'Mic',0"}
    assert all(line.startswith("amixer -c C920 ") for line in programs.asked())


async def test_the_loudspeakers_volume_by_alsa(programs: Programs) -> None:
    programs.amixer("Master", "playback", "pvolume pswitch")
    volume = await set_volume("output", 0)
    assert (volume.percent, volume.control) == (0, "'Master',0")


async def test_a_card_without_such_a_volume(programs: Programs) -> None:
    programs.amixer("Master", "playback", "pvolume pswitch")
    with pytest.raises(MixerFailed, match="no capture volume"):
        await set_volume("input", 40)


async def test_pipewire_goes_first_where_it_runs(programs: Programs) -> None:
    programs.amixer("Master", "playback", "pvolume")
    programs.value.write_text("0.10\n")
    programs.put("wpctl", WPCTL)
    volume = await set_volume("output", 75)
    assert volume.model_dump() == {"percent": 75, "by": "wpctl", "control": "@DEFAULT_AUDIO_SINK@"}
    assert not [line for line in programs.asked() if line.startswith("amixer")]


async def test_alsa_does_it_where_pipewire_does_not_run(programs: Programs) -> None:
    programs.put("wpctl", "#!/bin/sh\nexit 69\n")
    programs.amixer("Master", "playback", "pvolume")
    assert (await set_volume("output", 75)).by == "amixer"


async def test_without_any_mixer_the_packages_are_named(programs: Programs) -> None:
    with pytest.raises(MixerAbsent, match=r"alsa-utils .* wireplumber"):
        await set_volume("output", 75)


async def test_what_the_mixer_says_is_told(programs: Programs) -> None:
    programs.put("amixer", "#!/bin/sh\necho 'amixer: Mixer attach default error: No such file' >&2\nexit 1\n")
    with pytest.raises(MixerFailed, match="input volume cannot be set: amixer: Mixer attach default error"):
        await set_volume("input", 10)
