import io
import json

from agent.cli.output import Column, Fact, Output, status_name
from agent.cli.records import outcome

COLUMNS = (
    Column("ID", lambda record: str(record["key"]), right=True),
    Column("name", lambda record: record["name"], lambda _: "red", wide=True),
)
EVIL = "[bold]x[/bold]\x1b]0;title\x07"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_text_is_aligned_and_without_colour() -> None:
    out = io.StringIO()
    Output(as_json=False, stream=out).table([{"key": 7, "name": "a"}, {"key": 12, "name": "日本"}], COLUMNS, empty="")
    assert out.getvalue() == "ID  name\n 7  a\n12  日本\n"


def test_markup_and_escapes_are_shown_and_not_obeyed() -> None:
    for stream in (io.StringIO(), Terminal()):
        output = Output(as_json=False, stream=stream)
        output.table([{"key": 1, "name": EVIL}], COLUMNS, empty="")
        output.description({}, [Fact("name", EVIL)])
        output.line(EVIL)
        text = stream.getvalue()
        assert text.count("[bold]x[/bold]\N{REPLACEMENT CHARACTER}]0;title\N{REPLACEMENT CHARACTER}") == 3
        assert "\x07" not in text
        assert "\x1b]" not in text


def test_a_terminal_gets_colour_and_a_table_that_fits() -> None:
    out = Terminal()
    output = Output(as_json=False, stream=out)
    output.console.width = 20
    output.table([{"key": 1, "name": "a long name that does not fit"}], COLUMNS, empty="")
    assert "\x1b[31m" in out.getvalue()
    assert "a long name tha…" in out.getvalue()


def test_json_has_no_control_character_either() -> None:
    out = Terminal()
    Output(as_json=True, stream=out).table([{"key": 1, "name": EVIL + "\x7f\x9b"}], COLUMNS, empty="")
    assert json.loads(out.getvalue()) == [{"key": 1, "name": EVIL + "\x7f\x9b"}]
    assert all(character == "\n" or 32 <= ord(character) < 127 for character in out.getvalue())


def test_an_empty_table_says_so_and_is_an_empty_list_in_json() -> None:
    plain, as_json = io.StringIO(), io.StringIO()
    Output(as_json=False, stream=plain).table([], COLUMNS, empty="none yet")
    Output(as_json=True, stream=as_json).table([], COLUMNS, empty="none yet")
    assert (plain.getvalue(), as_json.getvalue()) == ("none yet\n", "[]\n")


def test_descriptions_keep_their_lines_below_each_other() -> None:
    out = io.StringIO()
    facts = [Fact("a", "1\n2"), Fact("clock", "set\nit", mark="warning")]
    Output(as_json=False, stream=out).description({}, facts)
    assert out.getvalue() == "a      1\n       2\nclock  warning  set\n                it\n"


def test_unknown_statuses_are_told_by_number() -> None:
    assert (status_name(2), status_name(99)) == ("Checked_out", "99")


def test_outcomes_in_a_few_words() -> None:
    clips = {"clips": [{"seconds": 4.0}, {"seconds": 5.9}], "note": "ended early"}
    assert outcome({"result": json.dumps(clips)}) == "ended early; 2 clips, 9.9 s"
    assert outcome({"result": '{"error": "x", "message": "no camera"}'}) == "no camera"
    assert outcome({"result": '{"clips": [3, {"seconds": "?"}]}'}) == "2 clips, 0.0 s"
    assert outcome({"result": "free\x1btext"}) == "free\N{REPLACEMENT CHARACTER}text"
    assert outcome({"result": None}) == ""
    assert outcome({"result": "[1]"}) == "[1]"
