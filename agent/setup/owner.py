"""Whose the state folder is: what is written into it belongs to its owner, whoever writes."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from agent.enrolment.errors import StateOfAnother
from presets_store.durable import make_folder_durably

USER: Final = "cuelight"
"""Under whose name the package runs the agent."""
PRIVATE: Final = 0o027


def may_write(folder: Path) -> bool:
    """Whether it is root who asks, or the owner of `folder`, or there is none yet."""
    user = os.geteuid()
    return user == 0 or not folder.exists() or folder.stat().st_uid == user


def of_another(folder: Path) -> StateOfAnother:
    """What somebody else is told."""
    return StateOfAnother(folder=folder, owner=folder.stat().st_uid)


@contextmanager
def seen_by_owner(folder: Path) -> Iterator[None]:
    """The block reads as the owner of `folder` if root asks: what only root may read stays unread."""
    with _become(folder.stat()) if os.geteuid() == 0 and folder.exists() else nullcontext():
        yield


@contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """The block writes as the owner of `folder`, which is made if need be. root becomes that owner meanwhile: no link
    that he planted leads root anywhere.

    Raises StateOfAnother for anybody else, OSError.
    """
    if not may_write(folder):
        raise of_another(folder)
    mask = os.umask(PRIVATE)
    try:
        _make(folder)
        with _become(folder.stat()) if os.geteuid() == 0 else nullcontext():
            yield
    finally:
        os.umask(mask)


@contextmanager
def _become(owner: os.stat_result) -> Iterator[None]:
    """Root as the owner of a folder."""
    group = os.getegid()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    make_folder_durably(folder)
    if os.geteuid() == 0:
        try:
            account = pwd.getpwnam(USER)
        except KeyError:  # not installed by the package: whoever runs the agent is its user
            return
        os.chown(folder, account.pw_uid, account.pw_gid)
