import io
import json
import logging

from presets_store.process.logs import logging_to


def test_records_are_json_objects_without_secrets() -> None:
    stream = io.StringIO()
    with logging_to(stream, style="json"):
        logging.getLogger("agent.x").warning(
            "pushing to %s", "rtmp://user:swordfish@host/live?token=abc", extra={"event": 7, "secretKey": "hidden"}
        )
    line = json.loads(stream.getvalue())
    assert line["level"] == "WARNING"
    assert line["event"] == 7
    assert line["message"] == "pushing to rtmp://[redacted]@host/live?token=[redacted]"
    assert line["secretKey"] == "[redacted]"


def test_a_traceback_stays_one_line_of_json_and_text_is_for_people() -> None:
    stream = io.StringIO()
    with logging_to(stream, style="json"):
        try:
            raise ValueError("https://a:b@c/")
        except ValueError:
            logging.getLogger().exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError" in json.loads(line)["message"]
    assert "a:b@" not in line
    stream = io.StringIO()
    with logging_to(stream, style="text"):
        logging.getLogger().info("hello", extra={"event": 3})
    assert stream.getvalue().endswith("INFO    hello  event=3\n")


def test_levels_are_kept_and_put_back() -> None:
    stream = io.StringIO()
    before = logging.getLogger().level
    with logging_to(stream, level="WARNING", style="text"):
        logging.getLogger().info("quiet")
    assert stream.getvalue() == ""
    assert logging.getLogger().level == before
