"""Cross-check with the signing function of the unmodified third-party client, which changes the headers it is given."""

from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
from actionstreamer.CommonFunctions.common_functions import get_hmac_signature
from hypothesis import given
from hypothesis import strategies as st

from presets_store.protocol.signing import (
    SCHEME,
    QueryAmbiguous,
    parse_query,
    read_headers,
    sign,
    sign_headers,
    string_to_sign,
    verify,
)

NONCES = st.uuids(version=4).map(str)
TIMES = st.integers(0, 10**12 - 1)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CLEAN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
NAMES = CLEAN.filter(lambda name: ": " not in name)
KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30)
SEGMENTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8).filter(
    lambda part: part not in (".", "..")
)
PATHS = st.lists(SEGMENTS, max_size=4).map(lambda parts: "/" + "/".join(quote(part, safe="") for part in parts))


def client_signature(
    secret: str, method: str, path: str, key: str, nonce: str, time: int, parameters: dict[str, str], body: str
) -> tuple[str, str]:
    headers = {
        "Content-Type": "application/json",
        "X-Nonce": nonce,
        "X-Timestamp": str(time),
        "Authorization": SCHEME + key,
        "X-AccessKey": key,
    }
    signature, text = get_hmac_signature(secret, method, path, headers, dict(parameters), body)
    assert "Content-Type" not in headers
    return signature, text


@given(TEXT, METHODS, TEXT, KEYS, NONCES, TIMES, st.dictionaries(TEXT, TEXT, max_size=4), TEXT)
def test_any_request_is_signed_as_the_client_signs_it(
    secret: str, method: str, path: str, key: str, nonce: str, time: int, parameters: dict[str, str], body: str
) -> None:
    signature, text = client_signature(secret, method, path, key, nonce, time, parameters, body)
    assert string_to_sign(method, path, key, nonce, str(time), parameters, body) == text
    assert sign(secret, method, path, key, nonce, str(time), parameters, body) == signature


@given(TEXT, METHODS, PATHS, KEYS, NONCES, TIMES, st.dictionaries(NAMES, CLEAN, max_size=4), TEXT)
def test_what_the_client_signs_is_verified_from_the_wire(
    secret: str, method: str, path: str, key: str, nonce: str, time: int, parameters: dict[str, str], body: str
) -> None:
    signature, _ = client_signature(secret, method, path, key, nonce, time, parameters, body)
    headers = sign_headers(secret, key, method, path, parameters, body, nonce, time)
    assert headers["X-Signature"] == signature
    target = f"{path}?{urlencode(parameters)}"
    assert verify(secret, method, target, read_headers(headers), body.encode()) == parameters


def test_a_reused_headers_dict_is_refused_as_documented() -> None:
    """The client's trap 2: the stale signature is signed with the second call but replaced before sending."""
    headers = {
        "X-Nonce": "6f1d3b0a-1c2d-4e3f-8a9b-0c1d2e3f4a5b",
        "X-Timestamp": "5",
        "Authorization": "HMAC-SHA256 k",
        "X-AccessKey": "k",
    }
    headers["X-Signature"], _ = get_hmac_signature("s", "GET", "v1/event/1", headers)
    stale, _ = get_hmac_signature("s", "GET", "v1/event/1", headers)
    assert stale != sign("s", "GET", "v1/event/1", "k", headers["X-Nonce"], "5", {}, "")


TRICKY = st.text(":\n a&", max_size=5)


def parameter_readings(text: str) -> Iterator[dict[str, str]]:
    """Every way to read `text` as lines `name: value`, line feeds inside names and values included."""
    if not text:
        yield {}
    for end in (index + 1 for index, character in enumerate(text) if character == "\n"):
        line = text[: end - 1]
        for colon in (index for index in range(len(line)) if line.startswith(": ", index)):
            for others in parameter_readings(text[end:]):
                yield {line[:colon]: line[colon + 2 :], **others}


def accepted_readings(tail: str) -> list[tuple[dict[str, str], str]]:
    """Every (parameters, body) that a server takes and that gives `tail` at the end of the string to sign."""
    found = []
    for border in (index for index, character in enumerate(tail) if character == "\n"):
        for parameters in parameter_readings(tail[:border]):
            with suppress(QueryAmbiguous):
                found.append((parse_query(urlencode(parameters)), tail[border + 1 :]))
    return [reading for reading in found if string_to_sign("G", "/", "k", "n", "1", *reading).endswith(tail)]


@given(st.dictionaries(TRICKY, TRICKY, max_size=2), TRICKY.map(lambda text: text + "}"))
def test_a_string_to_sign_has_one_accepted_reading(parameters: dict[str, str], body: str) -> None:
    try:
        assert parse_query(urlencode(parameters)) == parameters
    except QueryAmbiguous:
        return
    tail = string_to_sign("G", "/", "k", "n", "1", parameters, body).partition("X-Timestamp: 1\n\n")[2]
    readings = accepted_readings(tail)
    assert readings
    assert all(reading == (parameters, body) for reading in readings)


def test_the_shifted_border_that_is_closed() -> None:
    parameters = {'\n{"data"': "[201]}"}
    as_query = string_to_sign("POST", "/v1/event", "k", "n", "1", parameters, "")
    as_body = string_to_sign("POST", "/v1/event", "k", "n", "1", {}, '{"data": [201]}')
    assert as_query == as_body
    with pytest.raises(QueryAmbiguous):
        parse_query(urlencode(parameters))
