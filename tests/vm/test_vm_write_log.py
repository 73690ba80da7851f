"""The log of writes as a real QEMU makes it: its `blklogwrites` under `qemu-io`, without a machine around it."""

import subprocess
from pathlib import Path
from random import Random

import pytest
from fakes.vm.crash_states import Disk
from fakes.vm.write_log import Flag, WriteLog

pytestmark = pytest.mark.vm

KIB = 1024


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """The folder of a disk that was asked for a few things, and of its log."""
    for name in ("before.img", "disk.img"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(KIB * KIB)
    (tmp_path / "log").touch()
    disk = f"driver=blklogwrites,file.driver=file,file.filename={tmp_path}/disk.img"
    image = f"{disk},log.driver=file,log.filename={tmp_path}/log,log-sector-size=512"
    commands = [
        "write -P 1 0 4k",
        "write -P 2 64k 512",
        "flush",
        "write -z 2k 1k",
        "write -P 3 128k 8k",
        "write -P 4 0 1k",
    ]
    told = [part for command in commands for part in ("-c", command)]
    subprocess.run(["qemu-io", "--image-opts", image, *told], check=True, capture_output=True)
    return tmp_path


def test_a_log_of_qemu_is_read(asked: Path) -> None:
    with WriteLog(asked / "log") as log:
        assert log.sector_size == 512
        writes = [(e.offset, e.size, set(log.data(e))) for e in log.entries if not e.flags]
        assert writes == [
            (0, 4096, {1}),
            (64 * KIB, 512, {2}),
            (2 * KIB, KIB, {0}),
            (128 * KIB, 8 * KIB, {3}),
            (0, KIB, {4}),
        ]
        kinds = [e.flags for e in log.entries]
        assert kinds[2] == Flag.FLUSH
        assert all(not e.size for e in log.entries if e.flags)


def test_all_of_it_makes_the_disk(asked: Path) -> None:
    with WriteLog(asked / "log") as log, Disk(asked / "before.img", log, asked / "scratch.img") as disk:
        assert log.entries[-1].flags == Flag.FLUSH, "closing the disk flushes it"
        state = disk.crash(len(log.entries), asked / "state.img", Random(1))
    assert state.image.read_bytes() == (asked / "disk.img").read_bytes()
