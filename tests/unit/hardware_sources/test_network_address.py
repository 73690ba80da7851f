"""Addresses of network cameras: what is refused before a library sees it, and what may be shown."""

from pathlib import Path

import pytest

from agent.settings import CameraSettings
from hardware.errors import CameraUnavailable
from hardware.models import CameraSpec
from hardware.models.address import NETWORK_SCHEMES, address_with, network_address_problem, shown_address
from hardware.sources.net.address import place_of


def spec(address: str, user: str = "", secret: str = "", **options: str) -> CameraSpec:
    return CameraSpec(
        camera_id="gate", name="Gate", backend="null", address=address, user=user, secret=secret, options=options
    )


@pytest.mark.parametrize("scheme", NETWORK_SCHEMES)
def test_video_schemes_are_taken(scheme: str) -> None:
    assert network_address_problem(f"{scheme}://192.0.2.10:8554/stream1?profile=2") == ""


@pytest.mark.parametrize(
    "address",
    [
        "", "/etc/passwd", "file:///etc/passwd", "concat:/etc/passwd|x", "data:image/jpeg;base64,AAAA",
        "subfile,,start,0,end,9,,:/etc/passwd", "udp://239.0.0.1:1234", "pipe:0", "rtsp:/no-host", "rtsp://",
        "ftp://192.0.2.10/x", "rtsp://[::1", "rtsp://host:99999/x", "rtsp://host:0/x", "rtsp://host/a b",
        "rtsp://host/a\nb", "crypto+http://host/x", "hls+http://host/x.m3u8",
    ],
)  # fmt: skip
def test_everything_else_is_refused(address: str) -> None:
    assert network_address_problem(address)
    with pytest.raises(CameraUnavailable, match="address"):
        place_of(spec(address))


@pytest.mark.parametrize(
    "address", ["rtsp://joe:hunter2@192.0.2.10/x", "rtsp://joe@192.0.2.10/x", "rtsp://joe:hun/ter2@192.0.2.10/x"]
)
def test_a_password_in_the_settings_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ValueError, match="address") as refused:
        CameraSettings(id="gate", backend="network", address=address)
    problem = network_address_problem(address)
    assert "hun" not in problem
    assert problem in str(refused.value)


def test_how_to_do_it_is_said() -> None:
    assert "cuelight camera secret" in network_address_problem("rtsp://joe:hunter2@192.0.2.10/x")


def test_a_user_is_for_network_cameras_only() -> None:
    assert CameraSettings(id="gate", backend="network", address="rtsp://h/x", user="joe").spec("s").secret == "s"
    with pytest.raises(ValueError, match="'network'"):
        CameraSettings(id="gate", backend="v4l2", user="joe")


def test_user_and_secret_are_escaped() -> None:
    assert address_with("rtsp://h:554/x", "j@e", "p/w:@?") == "rtsp://j%40e:p%2Fw%3A%40%3F@h:554/x"
    assert address_with("rtsp://h/x", "joe", "") == "rtsp://joe@h/x"
    assert address_with("rtsp://h/x", "", "unused") == "rtsp://h/x"
    assert address_with("http://h/v?token={secret}", "joe", "a&b") == "http://joe@h/v?token=a%26b"


def test_nothing_secret_is_shown() -> None:
    place = place_of(spec("http://h/v?size=1&token={secret}", secret="a&b"))
    assert place.shown == "http://h/v?size=1&token={secret}"
    assert "a&b" not in repr(place)
    assert "a%26b" not in repr(place)
    for leak in (place.url, "the password a&b", "a%26b"):
        assert "a&b" not in place.clean(leak)
        assert "a%26b" not in place.clean(leak)
    assert shown_address("http://h/v?size=1&auth_key=abc&x=2") == "http://h/v?size=1&auth_key=[redacted]&x=2"
    assert "secret" not in repr(spec("rtsp://h/x", "joe", "hidden")).replace("secret=", "")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"transport": "pigeon"}, "tcp, udp, multicast, http"),
        ({"verify": "maybe"}, "yes or no"),
        ({"ca_file": "/no/such/file"}, "no file"),
        ({"protocol_whitelist": "file"}, "unknown"),
    ],
)
def test_options_are_checked(options: dict[str, str], problem: str) -> None:
    with pytest.raises(CameraUnavailable, match=problem):
        place_of(spec("rtsps://h/x", **options))


def test_what_the_library_is_told(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.touch()
    assert place_of(spec("rtsp://h/x")).options["rtsp_transport"] == "tcp"
    assert place_of(spec("rtsp://h/x", transport="multicast")).options["rtsp_transport"] == "udp_multicast"
    secure = place_of(spec("rtsps://h/x", ca_file=str(authorities))).options
    assert (secure["tls_verify"], secure["ca_file"]) == ("1", str(authorities))
    assert place_of(spec("https://h/x", verify="no")).options["tls_verify"] == "0"
    forms = {"rtsp://h/x": "rtsp", "rtmps://h/x": "flv", "http://h/a.m3u8?x=1": "hls", "https://h/v.cgi": "mpjpeg"}
    for address, form in forms.items():
        place = place_of(spec(address))
        assert place.form == form
        allowed = place.options["protocol_whitelist"].split(",")
        assert not {"file", "pipe", "data", "concat", "subfile", "unix"}.intersection(allowed)
