"""The pure parts of streams: parameter sets, hidden secrets, figures, the command line of ffmpeg."""

import pytest
from fakes.recording import H264, make_packet
from fakes.source import coded_pictures
from fakes.streaming import make_stream_order
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import StreamUnsupported
from hardware.models import Codec, Packet
from hardware.pipeline.backlog import Backlog
from hardware.pipeline.stream import Stream
from hardware.sinks.streams.hiding import HIDDEN, Hiding
from hardware.sinks.streams.parametersets import parameter_sets
from hardware.sinks.streams.publish import Target, rtmp_output, rtsp_output
from hardware.sinks.streams.srt import check_srt, command, split_secrets
from hardware.sinks.streams.tally import Tally

SPS, PPS, PICTURE, PART = b"\x67sps", b"\x68pps", b"\x65picture", b"\x41part"
LONG, SHORT = b"\x00\x00\x00\x01", b"\x00\x00\x01"


def test_parameter_sets_are_found_behind_either_start_code() -> None:
    data = LONG + b"\x09\xf0" + SHORT + SPS + LONG + PPS + SHORT + PICTURE
    assert parameter_sets(Codec.H264, data) == LONG + SPS + LONG + PPS
    assert parameter_sets(Codec.H264, LONG + PART) == b""


def test_sets_behind_the_picture_are_not_those_of_it() -> None:
    assert parameter_sets(Codec.H264, SHORT + PICTURE + SHORT + SPS) == b""


def test_parameter_sets_of_h265_and_of_a_real_encoder() -> None:
    sets = [b"\x40\x01vps", b"\x42\x01sps", b"\x44\x01pps"]
    data = b"".join(LONG + unit for unit in [*sets, b"\x26\x01picture"])
    assert parameter_sets(Codec.HEVC, data) == b"".join(LONG + unit for unit in sets)
    (first, _), (second, _) = coded_pictures(Codec.H264, 320, 240, count=2)
    assert parameter_sets(Codec.H264, first).count(LONG) == 2
    assert parameter_sets(Codec.H264, second) == b""


@given(st.binary(), st.sampled_from([Codec.H264, Codec.HEVC]))
def test_any_bytes_can_be_searched(data: bytes, codec: Codec) -> None:
    sets = parameter_sets(codec, data)
    assert parameter_sets(codec, sets) == sets


@pytest.mark.parametrize(
    ("url", "label", "token", "secret"),
    [
        ("rtmp://host:1936/live/k3y-of-mine", "rtmp://host:1936/live/[redacted]", "", "k3y-of-mine"),
        ("rtmp://host/app/cam?auth=abc%20def", "rtmp://host/app/cam", "", "abc def"),
        ("rtsp://me:pa55word@host/live", "rtsp://host/live", "", "pa55word"),
        ("srt://host:8890?streamid=publish:cam:pw&passphrase=0123456789", "srt://host:8890", "", "0123456789"),
        ("https://host/whip/Zk3t", "https://host/[redacted]", "bearer-token", "bearer-token"),
    ],
)
def test_nothing_secret_is_left_in_what_is_said_of_a_stream(url: str, label: str, token: str, secret: str) -> None:
    hiding = Hiding(url, label, token)
    said = hiding.reason(f"Error opening output {url}\n  for {secret}: Connection refused")
    assert secret not in said
    assert label in said
    assert said.endswith(f"{HIDDEN}: Connection refused")


@pytest.mark.parametrize("said", ["Server error: Already publishing", "Server error: Stream name is already in use"])
def test_a_name_that_is_still_taken_is_said_plainly(said: str) -> None:
    reason = Hiding("rtmp://host/live/key", "rtmp://host/live/[redacted]").reason(said)
    assert reason == "the server still holds the name for an earlier connection; it is tried again"


def test_figures_count_what_went_through_and_what_did_not() -> None:
    tally = Tally()
    tally.connected()
    for number in range(10):
        tally.given(number * 100_000_000, 1000)
    assert tally.gone_through(6) == 6
    assert tally.gone_through(6) == 0
    tally.start_rate(10.0)
    assert tally.gone_through(8) == 2
    assert tally.bitrate(10.5) == 2 * 8000 / 0.5
    tally.connected()
    assert (tally.frames, tally.size, tally.dropped, tally.under_way) == (8, 8000, 2, 0)
    assert tally.seconds == pytest.approx(0.7)
    tally.given(5_000_000_000, 1000)
    assert tally.gone_through(1) == 1
    assert tally.seconds == pytest.approx(0.7), "the time between two connections is not streamed"


def test_a_late_stream_skips_to_the_newest_key_frame_that_waits() -> None:
    backlog = Backlog()
    assert not backlog.skip_to_newest_key()
    for number in range(25):
        backlog.put(make_packet(number, key=number % 10 == 0))
        if number == 12:
            backlog.put(Stream(H264))
    assert backlog.skip_to_newest_key()
    assert isinstance(backlog.get(), Stream), "what changed is told all the same"
    left = [item.sequence for _ in range(5) if isinstance(item := backlog.get(0), Packet)]
    assert left == [20, 21, 22, 23, 24]


def test_the_command_line_of_ffmpeg_shows_no_secret() -> None:
    url, secret = split_secrets(
        "srt://h:8890?latency=200000&streamid=publish:cam:u:pw&passphrase=long+enough&mode=caller"
    )
    assert url == "srt://h:8890?latency=200000&mode=caller"
    assert secret == {"streamid": "publish:cam:u:pw", "passphrase": "long enough"}
    words = command(url, "/dev/fd/9")
    assert words[-3:] == ("-fpre", "/dev/fd/9", url)


def test_no_option_is_smuggled_to_ffmpeg_behind_a_secret() -> None:
    order = make_stream_order("srt", "srt://host:8890?streamid=a%0Aprotocol_whitelist=file")
    with pytest.raises(StreamUnsupported, match="no control characters"):
        check_srt(order)


def test_an_order_is_shown_without_its_address() -> None:
    assert "s3cret" not in repr(make_stream_order("rtmp", "rtmp://host/app/s3cret", token="s3cret"))


def test_certificates_are_checked_wherever_there_is_tls() -> None:
    output = rtmp_output(Target("rtmp", "rtmps://host/app/a|b'c\\d", "h264", 30.0, "/etc/a:b]c/ca.crt"))
    assert output.format == "tee"
    assert output.url.startswith("[f=flv:flvflags=no_duration_filesize:tls_verify=1:ca_file=/etc/a\\\\:b\\\\]c/ca.crt]")
    assert output.url.endswith("rtmps://host/app/a\\|b\\'c\\\\d")
    options = rtsp_output(Target("rtsp", "rtsps://host/live", "h264", 30.0, "/ca.crt")).options
    assert options == {"rtsp_transport": "tcp", "tls_verify": "1", "ca_file": "/ca.crt"}
    assert "tls_verify" not in rtsp_output(Target("rtsp", "rtsp://host/live", "h264", 30.0, "/ca.crt")).options
