from hypothesis import given
from hypothesis import strategies as st

from presets_store.redaction import HIDDEN, redact, redact_text


def test_secrets_are_hidden_by_the_name_of_their_member() -> None:
    value = {"streamKey": "abc", "nested": [{"password": "x", "height": 720}], "token": "", "name": "door"}
    assert redact(value) == {
        "streamKey": HIDDEN,
        "nested": [{"password": HIDDEN, "height": 720}],
        "token": "",
        "name": "door",
    }


def test_secrets_in_texts_are_hidden() -> None:
    assert redact_text("srt://host:8890?streamid=publish:cam:pw") == f"srt://host:8890?streamid={HIDDEN}"
    assert redact_text("srt://host:8890?passphrase=long") == f"srt://host:8890?passphrase={HIDDEN}"
    assert (
        redact_text("GET https://me:pw@host/a?x=1&api_key=zz&y=2")
        == f"GET https://{HIDDEN}@host/a?x=1&api_key={HIDDEN}&y=2"
    )


def test_the_key_at_the_end_of_an_rtmp_address_is_hidden() -> None:
    assert redact({"url": "rtmp://host/live/key"}) == {"url": f"rtmp://host/live/{HIDDEN}"}
    assert redact({"url": "rtmps://host:443/a/b/key?x=1"}) == {"url": f"rtmps://host:443/a/b/{HIDDEN}"}
    assert redact({"url": "rtsp://host/live/door"}) == {"url": "rtsp://host/live/door"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_any_json_can_be_redacted_and_twice_is_once(value: object) -> None:
    assert redact(redact(value)) == redact(value)
