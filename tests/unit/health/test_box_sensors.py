"""What boxes tell of themselves: the files of real ones, and this machine."""

import os
import time
from pathlib import Path

import pytest
from fakes.boxes import LAPTOP, RASPBERRY_PI, ROCKCHIP, laid_out
from hypothesis import given
from hypothesis import strategies as st

from hardware.box import sysfs
from hardware.box.sensors import Sensors
from hardware.box.sysfs import Battery, Throttling, Wireless


def test_a_raspberry_pi(tmp_path: Path) -> None:
    laid_out(tmp_path, RASPBERRY_PI)
    said = Sensors(tmp_path, tmp_path).read().said
    assert said["cpu"] | {"percent": None, "count": 0} == {"temp": 48.312, "freq": 1500, "percent": None, "count": 0}
    assert "gpu" not in said, "its temperature is that of the processor"
    assert "battery" not in said
    assert said["radio"] == {
        "wi": {"signal_dBm": -56},
        "iwconfig": {
            "link_quality": "54/70", "rx_invalid_nwid": 0, "rx_invalid_crypt": 3, "rx_invalid_frag": 0,
            "tx_excessive_retries": 17, "invalid_misc": 0, "missed_beacon": 2,
        },
        "ifconfig": {
            "HWaddr": "dc:a6:32:00:00:02", "mtu": 1500, "collisions": 0,
            "rx": {"bytes": 73521337, "packets": 61220, "errors": 0, "dropped": 12},
            "tx": {"bytes": 910233, "packets": 8121, "carrier": 1},
        },
    }  # fmt: skip
    assert Sensors(tmp_path, tmp_path).throttling() == Throttling(heat=False, voltage=False)
    laid_out(tmp_path, RASPBERRY_PI, in0_lcrit_alarm="1\n", temp="84900\n")
    (tmp_path / "sys/class/thermal/cooling_device1/cur_state").write_text("4\n")
    assert sysfs.throttling(tmp_path) == Throttling(heat=True, voltage=True)
    assert sysfs.cpu_temperature(tmp_path) == 84.9


def test_a_laptop(tmp_path: Path) -> None:
    laid_out(tmp_path, LAPTOP)
    said = Sensors(tmp_path, tmp_path).read().said
    assert said["battery"] == {"percent": 81, "mV": 11894, "status": "Discharging"}
    assert said["cpu"]["temp"] == 61.0, "and not that of the mainboard"
    assert said["radio"]["wi"] == {}, "without a connection there is no signal"
    assert "link_quality" not in said["radio"]["iwconfig"]
    assert sysfs.throttling(tmp_path) == Throttling(heat=True, voltage=None)
    (tmp_path / "sys/class/power_supply/BAT0/present").write_text("0\n")
    assert sysfs.battery(tmp_path) is None, "the battery of a mouse is none"


def test_a_box_with_a_sensor_of_its_graphics(tmp_path: Path) -> None:
    said = Sensors(tmp_path, laid_out(tmp_path, ROCKCHIP)).read().said
    assert (said["cpu"]["temp"], said["gpu"]["temp"]) == (40.692, 39.769)
    assert "radio" not in said


def test_what_is_not_there_is_absent(tmp_path: Path) -> None:
    reading = Sensors(tmp_path, tmp_path / "nothing").read()
    assert reading.throttling == Throttling()
    assert not {"battery", "gpu", "radio"} & set(reading.said)
    assert not {"temp", "freq"} & set(reading.said["cpu"])
    assert {"memory", "disk", "time"} <= set(reading.said)
    assert reading.wear == {}, "nothing says what was written"


def test_this_machine(tmp_path: Path) -> None:
    sensors = Sensors(tmp_path)
    assert "percent" not in sensors.read().said["cpu"], "since when?"
    deadline = time.process_time() + 0.05
    while time.process_time() < deadline:
        pass
    reading = sensors.read()
    said = reading.said
    assert len(said["cpu"]["percent"]) == said["cpu"]["count"] == os.cpu_count()
    assert 0 < max(said["cpu"]["percent"]) <= 100
    assert 0 < said["memory"]["virtual_memory"]["available"] < said["memory"]["virtual_memory"]["total"]
    assert said["time"]["uptime"] > 0
    assert reading.media["total"] >= reading.media["free"] > 0
    assert tmp_path.is_relative_to(reading.media.get("mountpoint", "/")), "absent below a root of its own"
    assert all(address["ip"] not in ("127.0.0.1", "::1") for address in said.get("ip_addresses", []))


def test_what_is_written_wears_the_disk_that_has_the_folder(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    file = tmp_path / f"sys/dev/block/{os.major(device)}:{os.minor(device)}/stat"
    file.parent.mkdir(parents=True)
    file.write_text("  1000 5 80000 90   2000 7 4096 800  0 400 890\n")
    assert sysfs.written_bytes(tmp_path, tmp_path) == 4096 * 512
    file.write_text("garbage\n")
    assert sysfs.written_bytes(tmp_path, tmp_path) is None
    wear = Sensors(tmp_path / "gone", tmp_path).read()
    assert (wear.wear, wear.media) == ({}, {}), "the folder is gone; all else is told"


def test_one_part_that_cannot_be_read_silences_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(root: Path) -> Battery:
        raise IndexError(str(root))

    monkeypatch.setattr(sysfs, "battery", broken)
    sensors = Sensors(tmp_path, tmp_path)
    said = [sensors.read().said for _ in range(2)]
    assert all("battery" not in each and "memory" in each for each in said)
    assert [record.getMessage().count("'battery'") for record in caplog.records] == [1], "it is told once"


@given(st.text(max_size=200))
def test_whatever_the_kernel_says_of_a_radio_is_read_or_left_out(text: str) -> None:
    fields = text.split()
    found = sysfs._told(fields) if len(fields) > 4 else None
    assert found is None or isinstance(found, Wireless)
