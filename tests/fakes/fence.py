"""A read-only system for one process and its children, by Landlock: they write below the folders given, or not at all.

    python fence.py FOLDER[:FOLDER...] ARGUMENT...

runs Python with the arguments. What fails meets EACCES where a read-only file system would answer EROFS. Changes of
modes and owners are not fenced. Needs Linux 5.13 and no privilege.
"""

import ctypes
import os
import struct
import sys
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_BENEATH = 1
_NO_NEW_PRIVS = 38
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_MAKE_AND_REMOVE = sum(1 << bit for bit in range(4, 13))
_REFER = 1 << 13

_libc = ctypes.CDLL(None, use_errno=True)


def close_off(folders: list[Path]) -> None:
    """From now on this process writes below these folders only, and to /dev/null. Raises OSError."""
    version = _call(_CREATE, None, 0, 1)
    handled = _WRITE_FILE | _MAKE_AND_REMOVE | (_REFER if version > 1 else 0) | (_TRUNCATE if version > 2 else 0)
    rules = struct.pack("Q", handled)
    ruleset = _call(_CREATE, rules, len(rules), 0)
    for folder in folders:
        _allow(ruleset, folder, handled)
    _allow(ruleset, Path("/dev/null"), handled & (_WRITE_FILE | _TRUNCATE))
    _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call(_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    _call(_ADD, ruleset, _BENEATH, struct.pack("=Qi", rights, place), 0)
    os.close(place)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


if __name__ == "__main__":
    close_off([Path(folder) for folder in sys.argv[1].split(":")])
    os.execv(sys.executable, [sys.executable, "-P", *sys.argv[2:]])
