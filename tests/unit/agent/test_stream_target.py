"""From the parameters of an event to the address of its stream."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.actions.stream_target import rtmp_target, srt_target, target_of, udp_target, url_target
from agent.errors import BadParameter
from presets_store.redaction import HIDDEN

HLS = Path("/run/hls/main")


@pytest.mark.parametrize(
    ("parameters", "url", "label"),
    [
        (("host", 0, "live", "key"), "rtmp://host/live/key", f"rtmp://host/live/{HIDDEN}"),
        (("host", 1936, "live", "key"), "rtmp://host:1936/live/key", f"rtmp://host:1936/live/{HIDDEN}"),
        (("host:1936", 0, "live", ""), "rtmp://host:1936/live", "rtmp://host:1936/live"),
        (("host:1936", 1936, "live", ""), "rtmp://host:1936/live", "rtmp://host:1936/live"),
        (("rtmps://host", 443, "app", "key"), "rtmps://host:443/app/key", f"rtmps://host:443/app/{HIDDEN}"),
        (("rtmp://host/rtmp2/", 0, "", "key"), "rtmp://host/rtmp2/key", f"rtmp://host/rtmp2/{HIDDEN}"),
        (("rtmp://host/a/b", 0, "c", "d"), "rtmp://host/a/b/c/d", f"rtmp://host/a/b/c/{HIDDEN}"),
        (
            ("2001:db8::7", 1935, "live", "k"),
            "rtmp://[2001:db8::7]:1935/live/k",
            f"rtmp://[2001:db8::7]:1935/live/{HIDDEN}",
        ),
        (("[::1]:99", 0, "live", "k"), "rtmp://[::1]:99/live/k", f"rtmp://[::1]:99/live/{HIDDEN}"),
        (("rtmp://me:pw@host", 0, "live", "k"), "rtmp://me:pw@host/live/k", f"rtmp://host/live/{HIDDEN}"),
        (("host", 0, "live?auth=pw", "k"), "rtmp://host/live?auth=pw/k", f"rtmp://host/live/{HIDDEN}"),
        (("host", 0, "/my app/", "a b?c=d&e"), "rtmp://host/my%20app/a%20b?c=d&e", f"rtmp://host/my%20app/{HIDDEN}"),
        (("host", 0, "live", "50%off"), "rtmp://host/live/50%off", f"rtmp://host/live/{HIDDEN}"),
    ],
)
def test_an_rtmp_address_is_composed(parameters: tuple[str, int, str, str], url: str, label: str) -> None:
    target = rtmp_target(dict(zip(("server", "port", "streamName", "streamKey"), parameters, strict=True)))
    assert (target.kind, target.url, target.label) == ("rtmp", url, label)


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "server"),
        ({"server": "host"}, "streamName"),
        ({"server": "http://host", "streamName": "live"}, "server"),
        ({"server": "rtmp://", "streamName": "live"}, "server"),
        ({"server": "ho st", "streamName": "live"}, "server"),
        ({"server": "host:1936", "port": 1937, "streamName": "live"}, "port"),
        ({"server": "host:70000", "streamName": "live"}, "port"),
    ],
)
def test_what_is_no_rtmp_address_is_refused(parameters: dict[str, Any], field: str) -> None:
    with pytest.raises(BadParameter) as refused:
        rtmp_target(parameters)
    assert refused.value.fields["field"] == field


@pytest.mark.parametrize(
    ("url", "kind", "sent", "label"),
    [
        ("rtmps://host/app/key", "rtmp", "rtmps://host/app/key", f"rtmps://host/app/{HIDDEN}"),
        ("RTSPS://host/live", "rtsp", "rtsps://host/live", "rtsps://host/live"),
        ("rtsp://me:pw@host:8554/live?x=y", "rtsp", "rtsp://me:pw@host:8554/live?x=y", "rtsp://host:8554/live"),
        ("whip+https://host/w/key", "whip", "https://host/w/key", f"https://host/{HIDDEN}"),
        ("https://host/w/key", "whip", "https://host/w/key", f"https://host/{HIDDEN}"),
        ("srt://host:8890?streamid=s", "srt", "srt://host:8890?streamid=s", "srt://host:8890"),
        ("udp://239.1.2.3:5000", "udp", "udp://239.1.2.3:5000", "udp://239.1.2.3:5000"),
        ("hls:door", "hls", "/run/hls/main/door", "hls:door"),
    ],
)
def test_a_whole_address_of_any_kind(url: str, kind: str, sent: str, label: str) -> None:
    target = url_target(url, "", HLS)
    assert (target.kind, target.url, target.label) == (kind, sent, label)
    assert target.url == label or target.url not in repr(target)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "tee:a",
        "concat:a|b",
        "host/app",
        "rtmp:///app",
        "rtsp://ho\nst/",
        "udp://host",
        "srt://host",
        "hls:",
        "hls:../up",
        "hls:a/b",
        "rtmp://host/" + "a" * 3000,
    ],
)
def test_what_is_no_address_of_a_stream_is_refused_before_anything_opens_it(url: str) -> None:
    with pytest.raises(BadParameter, match=r"^url is"):
        target_of(14, {"url": url}, HLS)


def test_a_token_is_for_whip_and_never_shown() -> None:
    assert url_target("https://host/w", "t0ken", HLS).token == "t0ken"
    for parameters in (
        {"url": "rtmp://host/app", "token": "t0ken"},
        {"server": "host", "streamName": "live", "token": "t0ken"},
        {"url": "https://host/w", "token": "t0 ken"},
    ):
        with pytest.raises(BadParameter, match="token is") as refused:
            target_of(14, parameters, HLS)
        assert "t0" not in str(refused.value)


def test_srt_takes_the_path_where_the_address_names_no_stream() -> None:
    path = {"streamPath": "sendsrt-door"}
    target = srt_target({"publishURL": "srt://host:8890", **path})
    assert (target.url, target.label) == ("srt://host:8890?streamid=publish%3Asendsrt-door", "srt://host:8890")
    named = "srt://host:8890?streamid=publish:other:me:pw"
    assert srt_target({"publishURL": named, **path}).url == named
    for wrong in ("", "rtmp://host:1/app", "srt://host"):
        with pytest.raises(BadParameter, match="publishURL"):
            srt_target({"publishURL": wrong})


def test_udp_takes_address_and_port() -> None:
    assert udp_target({"receiverIPAddress": "192.0.2.9", "port": 5000}).url == "udp://192.0.2.9:5000"
    assert udp_target({"receiverIPAddress": "2001:db8::9", "port": 5000}).url == "udp://[2001:db8::9]:5000"
    with pytest.raises(BadParameter, match="port"):
        udp_target({"receiverIPAddress": "192.0.2.9"})
    with pytest.raises(BadParameter, match="receiverIPAddress"):
        udp_target({"port": 5000})


@given(st.text(max_size=40), st.text(max_size=40), st.text(min_size=4, max_size=40).map("s3cret".__add__))
def test_whatever_is_given_the_key_is_not_in_the_label(server: str, name: str, key: str) -> None:
    try:
        target = rtmp_target({"server": server, "streamName": name, "streamKey": key})
    except BadParameter:
        return
    assert "s3cret" not in target.label
    assert "s3cret" in target.url
