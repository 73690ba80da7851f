"""Footage of a modern camera's size, made from the bundled street."""

import subprocess
from pathlib import Path

from hardware.sources.file import FOOTAGE


def footage_720p(folder: Path) -> Path:
    """1280x720 at 30 fps, H.264 without B-frames, 10 s; made once per folder."""
    path = folder / "street-720p30.mp4"
    if not path.exists():
        command = ["ffmpeg", "-v", "error", "-y", "-i", str(FOOTAGE), "-t", "10", "-vf", "scale=1280:720,fps=30"]
        command += ["-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-bf", "0", "-g", "30", str(path)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path
