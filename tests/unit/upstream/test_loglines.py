"""Warnings on their way up: taken without waiting, the like counted, bounded, without secrets, never in a circle."""

import logging
import threading
from collections.abc import Iterator

import pytest
from fakes.clock import ManualClock
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.upstream.loglines import KINDS, PER_MINUTE, WINDOW, LogLines, log_lines

log = logging.getLogger("agent.some.part")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def lines(clock: ManualClock) -> Iterator[LogLines]:
    with log_lines(wanted=False) as unused:
        assert unused not in logging.getLogger().handlers
    made = LogLines(clock.monotonic)
    logging.getLogger().addHandler(made)
    yield made
    logging.getLogger().removeHandler(made)


def texts(lines: LogLines) -> list[str]:
    return [line.text for line in lines.take()]


def test_warnings_and_worse_are_taken_with_their_fields_and_traceback(lines: LogLines, clock: ManualClock) -> None:
    log.info("nothing of note")
    log.warning("camera %s is gone", "main", extra={"code": "camera_gone", "event": 5})
    clock.advance(2)
    try:
        raise ValueError("the reason")
    except ValueError:
        log.exception("it broke")
    first, second = lines.take()
    assert first.text == "WARNING agent.some.part: camera main is gone  code=camera_gone event=5"
    assert second.text.startswith("ERROR agent.some.part: it broke\n")
    assert second.text.endswith("ValueError: the reason")
    assert second.at - first.at == 2
    assert lines.take() == []


def test_the_like_is_told_once_and_then_counted(lines: LogLines, clock: ManualClock) -> None:
    for _ in range(50):
        log.warning("camera %s is gone", "main")
        clock.advance(1)
    log.warning("%s", "something")
    log.warning("%s", "something else")
    log.error("camera %s is gone", "main")
    told = ["camera main is gone", "something", "something else", "camera main is gone"]
    assert [text.partition(": ")[2] for text in texts(lines)] == told
    clock.advance(WINDOW)
    repeated, *more = lines.take()
    assert repeated.text == "repeated 49 times: WARNING agent.some.part: camera main is gone"
    assert repeated.at == pytest.approx(clock.monotonic() - WINDOW - 1)
    assert more == []
    log.warning("camera %s is gone", "main")
    assert len(texts(lines)) == 1, "a new window"


def test_an_old_window_is_closed_by_what_opens_the_next(lines: LogLines, clock: ManualClock) -> None:
    for _ in range(3):
        log.warning("the like of it")
    clock.advance(WINDOW + 1)
    log.warning("the like of it")
    assert [text.partition(":")[0] for text in texts(lines)] == [
        "WARNING agent.some.part",
        "repeated 2 times",
        "WARNING agent.some.part",
    ]


def test_of_very_many_only_some_are_told_and_how_many_were_not(lines: LogLines, clock: ManualClock) -> None:
    for number in range(PER_MINUTE * 3):
        log.warning(f"number {number} of them")  # noqa: G004
    assert len(texts(lines)) == PER_MINUTE
    assert texts(lines) == []
    clock.advance(60)
    (rest,) = texts(lines)
    assert rest.startswith(f"{PER_MINUTE * 2} further warnings and errors were left out")


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2000), st.floats(0, 40)), max_size=300))
def test_whatever_comes_its_room_is_bounded_and_nothing_is_uncounted(said: list[tuple[int, float]]) -> None:
    clock = ManualClock()
    lines = LogLines(clock.monotonic)
    for number, pause in said:
        lines.handle(logging.LogRecord("a", logging.WARNING, "", 0, f"message number {number}", (), None))
        clock.advance(pause)
        assert len(lines._seen) <= KINDS
    found = texts(lines)
    clock.advance(WINDOW + 1)
    found += texts(lines)
    clock.advance(61)
    found += texts(lines)
    left_out = sum(int(text.split()[0]) for text in found if "left out" in text)
    counted = sum(int(text.split()[1]) for text in found if text.startswith("repeated"))
    plain = sum(text.startswith("WARNING") for text in found)
    assert plain + counted <= len(said) <= plain + counted + left_out * len(said)


def test_a_message_without_end_is_cut(lines: LogLines) -> None:
    log.warning("x" * 10_000_000)
    (text,) = texts(lines)
    assert len(text) < 10_000
    assert sum(len(part) for kind in lines._seen for part in kind if isinstance(part, str)) < 1000


def test_secrets_stay_here(lines: LogLines) -> None:
    log.warning("cannot reach rtsp://user:pa55word@camera/1?token=abc1", extra={"password": "hunter2"})
    (text,) = texts(lines)
    assert not any(secret in text for secret in ("pa55word", "abc1", "hunter2"))


def test_what_cannot_be_formatted_stops_nobody(lines: LogLines, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken:
        def __str__(self) -> str:
            log.warning("said while it is made")
            raise RuntimeError("no text")

    lines.handle(logging.LogRecord("a", logging.ERROR, "", 0, "this is %s", (Broken(),), None))
    assert texts(lines) == [], "what it said itself was not taken, either"
    assert "no text" in capsys.readouterr().err


def test_records_come_from_any_thread(lines: LogLines, clock: ManualClock) -> None:
    def talk(name: str) -> None:
        for _ in range(200):
            logging.getLogger(f"thread.{name}").warning("the same of thread %s", name)

    threads = [threading.Thread(target=talk, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts(lines)) == 4
    clock.advance(WINDOW)
    assert [text.split()[1] for text in texts(lines)] == ["199"] * 4
