"""What a server refuses, and says why: forms, ambiguities, paths, time, nonces."""

from typing import Any

import pytest

from presets_store.clock import ClockQuality
from presets_store.errors import Kind
from presets_store.protocol.signing import (
    BodyNotText,
    PathUnverifiable,
    QueryAmbiguous,
    SignatureHeaderMalformed,
    SignatureHeaderMissing,
    SignatureMismatch,
    SignatureRefused,
    TimestampBelowFloor,
    TimestampOutsideWindow,
    canonical_path,
    check_timestamp,
    nonce_expiry,
    parse_query,
    read_headers,
    sign_headers,
    verify,
)

SECRET = "s3cret"
KEY = "a2V5LTAx=="
NONCE = "6f1d3b0a-1c2d-4e3f-8a9b-0c1d2e3f4a5b"
NOW = 1_795_400_000


def headers(path: str = "/v1/event", parameters: dict[str, str] | None = None, body: str = "") -> dict[str, str]:
    return sign_headers(SECRET, KEY, "POST", path, parameters or {}, body, NONCE, NOW)


def check(target: str, sent: dict[str, str], body: bytes = b"", **changes: Any) -> dict[str, str]:
    given = {"secret": SECRET, "method": "POST", **changes}
    return verify(given["secret"], given["method"], target, read_headers(sent), body)


@pytest.mark.parametrize(
    ("path", "signed"),
    [("", "/"), ("/", "/"), ("v1/x", "/v1/x"), ("/v1/x/", "/v1/x"), ("v1/x//", "/v1/x/"), ("/V1/%C3%BC", "/V1/%C3%BC")],
)
def test_canonical_path(path: str, signed: str) -> None:
    assert canonical_path(path) == signed


def test_one_trailing_slash_on_the_wire_is_the_same_request() -> None:
    assert check("/v1/event/", headers("v1/event/")) == {}
    with pytest.raises(SignatureMismatch):
        check("/v1/event//", headers("v1/event/"))


@pytest.mark.parametrize("changed", ["secret", "method", "target", "query", "body"])
def test_every_part_is_under_the_signature(changed: str) -> None:
    sent = headers(parameters={"a": "1"}, body="{}")
    assert check("/v1/event?a=1", sent, b"{}") == {"a": "1"}
    with pytest.raises(SignatureMismatch) as refused:
        check(
            {"target": "/v1/events?a=1", "query": "/v1/event?a=2"}.get(changed, "/v1/event?a=1"),
            sent,
            b"{ }" if changed == "body" else b"{}",
            **({changed: "other"} if changed in ("secret", "method") else {}),
        )
    assert refused.value.kind is Kind.UNAUTHENTICATED


@pytest.mark.parametrize("name", ["X-Nonce", "X-Timestamp"])
def test_nonce_and_timestamp_are_under_the_signature(name: str) -> None:
    other = {"X-Nonce": NONCE.replace("6f", "7f"), "X-Timestamp": str(NOW + 1)}[name]
    with pytest.raises(SignatureMismatch):
        check("/v1/event", {**headers(), name: other})


@pytest.mark.parametrize("name", ["Authorization", "X-AccessKey", "X-Nonce", "X-Timestamp", "X-Signature"])
def test_a_missing_header_is_named(name: str) -> None:
    sent = headers()
    del sent[name]
    with pytest.raises(SignatureHeaderMissing, match=name):
        read_headers(sent)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", f"HMAC-SHA256 {KEY}x"),
        ("Authorization", f"hmac-sha256 {KEY}"),
        ("Authorization", f"HMAC-SHA256  {KEY}"),
        ("Authorization", "Basic eDp5"),
        ("X-AccessKey", "two words"),
        ("X-AccessKey", "k" * 129),
        ("X-AccessKey", "schl\udcc3ssel"),
        ("X-Nonce", NONCE.upper()),
        ("X-Nonce", NONCE.replace("-", "")),
        ("X-Nonce", NONCE.replace("-4e3f-", "-1e3f-")),
        ("X-Nonce", NONCE + "\n"),
        ("X-Timestamp", "-5"),
        ("X-Timestamp", "1e9"),
        ("X-Timestamp", "1795400000.0"),
        ("X-Timestamp", "\u0661\u0662\u0663"),
        ("X-Timestamp", "1" * 5000),
        ("X-Signature", "0" * 63),
        ("X-Signature", "error"),
        ("X-Signature", "\u212a" + "0" * 63),
    ],
)
def test_a_malformed_header_is_named(name: str, value: str) -> None:
    with pytest.raises(SignatureHeaderMalformed, match=name):
        read_headers({**headers(), name: value})


def test_a_body_cannot_pass_as_a_query() -> None:
    """The example of section 2.5: an empty body and a parameter that looks like the border and the body."""
    sent = headers(body='{"data": [201]}')
    with pytest.raises(QueryAmbiguous):
        check("/v1/event?%0A%7B%22data%22=%5B201%5D%7D", sent)


def test_a_query_cannot_pass_as_a_body() -> None:
    sent = headers(parameters={"alldevices": "true"})
    with pytest.raises(SignatureMismatch):
        check("/v1/event", sent, b"alldevices: true")


@pytest.mark.parametrize(
    "query",
    [
        "a=1&a=1",
        "a=1&%61=2",
        "a=%00",
        "a%0A=1",
        "a=%7F",
        "a=%C2%85",
        "a=%FF",
        "a=%4",
        "a=%zz",
        "a%",
        "a%3A%20b=c",
        "a=\x01",
    ],
)
def test_queries_with_two_readings_are_refused(query: str) -> None:
    with pytest.raises(QueryAmbiguous):
        parse_query(query)


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("", {}),
        ("orderby=", {"orderby": ""}),
        ("orderby", {"orderby": ""}),
        ("a=1&&b=2&", {"a": "1", "b": "2"}),
        ("settingname=My+Setting%26x%3D1%2B2", {"settingname": "My Setting&x=1+2"}),
        ("a=b=c", {"a": "b=c"}),
        ("n=%C3%BC%20%E6%BC%A2", {"n": "ü 漢"}),
        ("n=ü", {"n": "ü"}),
    ],
)
def test_queries_are_decoded(query: str, parameters: dict[str, str]) -> None:
    assert parse_query(query) == parameters


def test_the_body_must_be_text() -> None:
    with pytest.raises(BodyNotText, match="byte 2"):
        check("/v1/event", headers(), b"{}\xff")


@pytest.mark.parametrize(
    "path", ["v1/x", "", "/v1/a b", "/v1/ü", "/v1/../x", "/v1/%2e%2E/x", "/v1/.", "/v1/%", "/v1/%0A", "/v1/%FF", "/a#b"]
)
def test_paths_that_are_no_wire_paths_are_refused(path: str) -> None:
    with pytest.raises(PathUnverifiable):
        check(path, headers(path))


@pytest.mark.parametrize(
    ("signed", "sent"),
    [("/v1/a b", "/v1/a%20b"), ("/v1/ü", "/v1/%C3%BC"), ("/v1/%7E", "/v1/~"), ("/v1/a/../b", "/v1/b")],
)
def test_paths_that_a_library_rewrote_after_signing_do_not_verify(signed: str, sent: str) -> None:
    with pytest.raises(SignatureMismatch):
        check(sent, headers(signed))


@pytest.mark.parametrize("path", ["/v1/videoclip/S%C3%BCd%25(1)", "/v1/device/a/b", "/v1/x;y=@z,!$&'*"])
def test_serial_numbers_in_paths_verify(path: str) -> None:
    assert check(path, headers(path)) == {}


@pytest.mark.parametrize("quality", [ClockQuality.SYNCHRONISED, ClockQuality.UPSTREAM])
@pytest.mark.parametrize("local", [True, False])
def test_the_window_is_300_seconds_either_way(quality: ClockQuality, local: bool) -> None:
    for seconds in (-300, -1, 0, 300):
        check_timestamp(str(NOW + seconds), NOW, quality=quality, floor=NOW, local=local)
    with pytest.raises(TimestampOutsideWindow, match="301 s behind"):
        check_timestamp(str(NOW - 301), NOW, quality=quality, local=local)
    with pytest.raises(TimestampOutsideWindow, match="301 s ahead of"):
        check_timestamp(str(NOW + 301), NOW, quality=quality, local=local)
    with pytest.raises(TimestampOutsideWindow, match="at most 5 s"):
        check_timestamp(str(NOW + 6), NOW, quality=quality, local=local, window=5)


@pytest.mark.parametrize("quality", [ClockQuality.UNSET, ClockQuality.FLOOR])
def test_a_device_that_does_not_know_the_time_takes_any_from_its_floor_on(quality: ClockQuality) -> None:
    floor = NOW + 0.75
    for seconds in (0, 1, 10_000_000):
        check_timestamp(str(NOW + seconds), NOW, quality=quality, floor=floor, local=True)
    with pytest.raises(TimestampBelowFloor, match="2 s"):
        check_timestamp(str(NOW - 2), NOW, quality=quality, floor=floor, local=True)
    with pytest.raises(TimestampOutsideWindow):
        check_timestamp(str(NOW + 10_000), NOW, quality=quality, floor=floor, local=False)


def test_nonces_are_kept_twice_the_window_or_for_the_boot() -> None:
    assert nonce_expiry(NOW, quality=ClockQuality.SYNCHRONISED) == NOW + 600
    assert nonce_expiry(NOW, quality=ClockQuality.UPSTREAM, local=True, window=10) == NOW + 20
    assert nonce_expiry(NOW, quality=ClockQuality.FLOOR, local=True) is None
    assert nonce_expiry(NOW, quality=ClockQuality.FLOOR, local=False) == NOW + 600


def test_no_refusal_shows_a_secret() -> None:
    for refused in SignatureRefused.__subclasses__():
        assert refused.kind is Kind.UNAUTHENTICATED
        assert "secret}" not in refused.template
        assert "signature}" not in refused.template
