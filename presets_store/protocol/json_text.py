"""Reading JSON from a peer: only what can be kept and written again, within bounds."""

import json
import math
from typing import Any, Final, NoReturn

from presets_store.protocol.errors import BadJson

MAX_DEPTH: Final = 32
MAX_VALUES: Final = 100_000
MAX_BITS: Final = 4096


class _Refused(ValueError):
    """A number or constant that JSON does not have."""


def read_json(text: str | bytes, subject: str) -> Any:
    """The value of a JSON document. `subject` names the text in errors (`the body`, `eventParameters`).

    Raises BadJson: with the position for syntax, and for NaN, infinite numbers, numbers of thousands of digits, nesting
    beyond MAX_DEPTH, more than MAX_VALUES values, half surrogate pairs, and bytes that are not UTF-8.
    """
    if isinstance(text, bytes | bytearray | memoryview):
        text = _decode(bytes(text), subject)
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise BadJson(subject=subject, position=error.pos, reason=_reason(error)) from None
    except RecursionError:
        raise BadJson(subject=subject, reason=f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        reason = str(error) if isinstance(error, _Refused) else "a number has too many digits"
        raise BadJson(subject=subject, reason=reason) from None
    check_json(value, subject)
    return value


def check_json(value: Any, subject: str) -> None:
    """Raises BadJson when the parsed `value` is not JSON, or beyond the bounds of `read_json`."""
    pending: list[tuple[Any, int]] = [(value, 1)]
    seen = 0
    while pending:
        item, depth = pending.pop()
        seen += 1
        reason = _fault(item, depth, seen)
        if reason:
            raise BadJson(subject=subject, reason=reason)
        if isinstance(item, dict):
            pending.extend((member, depth + 1) for pair in item.items() for member in pair)
        elif isinstance(item, list | tuple):
            pending.extend((member, depth + 1) for member in item)


def _fault(item: Any, depth: int, seen: int) -> str:
    if seen > MAX_VALUES:
        return f"more than {MAX_VALUES} values"
    if depth > MAX_DEPTH and isinstance(item, dict | list | tuple):
        return f"nested deeper than {MAX_DEPTH} levels"
    if isinstance(item, str):
        return "" if _is_unicode(item) else "half of a surrogate pair"
    if isinstance(item, float):
        return "" if math.isfinite(item) else "a number that is not finite"
    if isinstance(item, int):
        return "a number has too many digits" if item.bit_length() > MAX_BITS else ""
    return "" if item is None or isinstance(item, dict | list | tuple) else "a value that JSON does not have"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decode(raw: bytes, subject: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadJson(subject=subject, position=error.start, reason="not UTF-8") from None


def _reason(error: json.JSONDecodeError) -> str:
    return f"{error.msg} (line {error.lineno}, column {error.colno})"


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Refused("a number that is not finite")
    return number
