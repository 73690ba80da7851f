"""What a benchmark found, as a file for machines and a table for people."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Result:
    """One figure. `against` names the peer or limit, `ratio` relates the two; `aim` and `met` may be None."""

    name: str
    value: float
    unit: str
    against: str
    ratio: float | None
    aim: str | None
    met: bool | None


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0..1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, int(-(-share * len(ordered) // 1)) - 1))]


def save(results: Sequence[Result], path: Path = RESULTS) -> None:
    """Writes bench/results.json: a list of `{name, value, unit, against, ratio, aim, met}`."""
    path.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")


def save_parts(parts: Mapping[str, Sequence[Result]], order: Sequence[str], path: Path) -> None:
    """Writes the rows of `parts` in place of those that the file has of the same parts.

    As `save`; each row also names its part and the commit that was measured. The parts come in the `order` given.
    """
    kept = json.loads(path.read_text()) if path.exists() else []
    commit = _commit()
    new = [{"part": part, "commit": commit, **asdict(row)} for part, rows in parts.items() for row in rows]
    rows = [row for row in kept if row["part"] not in parts] + new
    rows.sort(key=lambda row: order.index(row["part"]))
    path.write_text(json.dumps(rows, indent=1) + "\n")


def _commit() -> str:
    """Of the working tree; "+" after it: files were changed."""
    words = ["git", "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    answer = subprocess.run(words, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def table(results: Sequence[Result]) -> str:
    """The same for people."""
    rows = [("benchmark", "value", "against", "ratio", "aim", "met")]
    for result in results:
        ratio = "" if result.ratio is None else f"{result.ratio:.2f}"
        met = {None: "", True: "yes", False: "NO"}[result.met]
        rows.append((result.name, f"{result.value:.4g} {result.unit}", result.against, ratio, result.aim or "", met))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    machine = (
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
    )
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:], "", machine])
