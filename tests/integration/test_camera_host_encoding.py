"""Recordings that must be encoded: what is drawn into them, and what becomes of an encoder that fails on the way."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fakes.encoders import BrokenEncoder
from fakes.filming import Film, stations
from fakes.recording import MJPG, Reports, check_clip, make_order
from fakes.source import FakeSource

from hardware.models import Adjustment, Codec
from hardware.pipeline import encoders


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def film(tmp_path: Path, reports: Reports) -> Iterator[Film]:
    with stations(tmp_path, reports) as begin:
        yield begin


def test_an_overlay_is_in_every_picture_and_the_result_says_what_it_costs(
    film: Film, reports: Reports, tmp_path: Path
) -> None:
    station = film(FakeSource(MJPG))
    station.start_sink(make_order(tmp_path, "drawn", duration_seconds=0.4, overlay="{time} {name}"))
    station.start_sink(make_order(tmp_path, "plain", duration_seconds=0.4))
    granted = reports.started("drawn").granted
    assert granted.encoder == "libx264"
    assert "encoded: the overlay needs it" in granted.notes
    clips = {}
    for sink_id in ("drawn", "plain"):
        reports.ended(sink_id)
        (clip,) = reports.clips(sink_id)
        clips[sink_id] = [frame.to_ndarray(format="gray") for frame in check_clip(tmp_path, clip)]
    assert all((picture[-18:, :100] > 180).any() for picture in clips["drawn"])
    assert not any((picture[-18:, :100] > 180).any() for picture in clips["plain"])
    assert np.abs(clips["drawn"][5][:150].astype(int) - clips["plain"][5][:150]).mean() < 25


def test_an_encoder_that_fails_in_use_costs_no_picture(
    film: Film, reports: Reports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = BrokenEncoder(good=20, delay=3).candidate()
    monkeypatch.setattr(encoders, "CANDIDATES", (broken, *encoders.CANDIDATES))
    film(FakeSource(MJPG)).start_sink(make_order(tmp_path, duration_seconds=1.0))
    assert reports.started().granted.encoder == "h264_broken"
    ended = reports.ended()
    assert (ended.outcome, ended.dropped, ended.frames) == ("duration", 0, 50)
    assert "h264_broken failed: libx264 encodes from here" in ended.notes
    clips = reports.clips()
    assert [clip.codec for clip in clips] == [Codec.H264, Codec.H264]
    assert [len(check_clip(tmp_path, clip)) for clip in clips] == [17, 33]
    for clip, following in pairwise(clips):
        assert following.first_mono_ns == pytest.approx(clip.first_mono_ns + 17 * 20e6, abs=10e6)


def test_what_the_encoder_does_not_take_is_told(film: Film, reports: Reports, tmp_path: Path) -> None:
    asked = Adjustment(encoder={"h264_profile": 2, "h264_i_qp": 30})
    film(FakeSource(MJPG)).start_sink(make_order(tmp_path, duration_seconds=0.2, adjustment=asked))
    notes = reports.ended().notes
    assert "h264_i_qp is not set: the encoder here has no such setting" in notes
    assert not any("h264_profile" in note for note in notes)
    (clip,) = reports.clips()
    assert {frame.width for frame in check_clip(tmp_path, clip)} == {320}
