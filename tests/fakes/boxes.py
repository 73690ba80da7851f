"""What the kernels of real boxes say, file by file, to be laid out below a folder that stands for `/`."""

from collections.abc import Mapping
from pathlib import Path

_WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
"""

RASPBERRY_PI: Mapping[str, str] = {
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "48312\n",
    "sys/class/thermal/cooling_device0/type": "pwm-fan\n",
    "sys/class/thermal/cooling_device0/cur_state": "2\n",
    "sys/class/thermal/cooling_device1/type": "cpufreq-cpu0\n",
    "sys/class/thermal/cooling_device1/cur_state": "0\n",
    "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
    "sys/class/hwmon/hwmon0/temp1_input": "48312\n",
    "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
    "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1500000\n",
    "sys/class/net/eth0/address": "dc:a6:32:00:00:01\n",
    "sys/class/net/wlan0/phy80211/name": "phy0\n",
    "sys/class/net/wlan0/address": "dc:a6:32:00:00:02\n",
    "sys/class/net/wlan0/mtu": "1500\n",
    "sys/class/net/wlan0/statistics/collisions": "0\n",
    "sys/class/net/wlan0/statistics/rx_bytes": "73521337\n",
    "sys/class/net/wlan0/statistics/rx_packets": "61220\n",
    "sys/class/net/wlan0/statistics/rx_errors": "0\n",
    "sys/class/net/wlan0/statistics/rx_dropped": "12\n",
    "sys/class/net/wlan0/statistics/tx_bytes": "910233\n",
    "sys/class/net/wlan0/statistics/tx_packets": "8121\n",
    "sys/class/net/wlan0/statistics/tx_carrier_errors": "1\n",
    "proc/net/wireless": _WIRELESS + " wlan0: 0000   54.  -56.  -256        0      3      0     17      0        2\n",
}

LAPTOP: Mapping[str, str] = {
    "sys/class/thermal/thermal_zone0/type": "acpitz\n",
    "sys/class/thermal/thermal_zone0/temp": "27800\n",
    "sys/class/thermal/thermal_zone1/type": "x86_pkg_temp\n",
    "sys/class/thermal/thermal_zone1/temp": "61000\n",
    "sys/class/thermal/cooling_device0/type": "Processor\n",
    "sys/class/thermal/cooling_device0/cur_state": "3\n",
    "sys/class/power_supply/AC/type": "Mains\n",
    "sys/class/power_supply/AC/online": "0\n",
    "sys/class/power_supply/BAT0/type": "Battery\n",
    "sys/class/power_supply/BAT0/present": "1\n",
    "sys/class/power_supply/BAT0/status": "Discharging\n",
    "sys/class/power_supply/BAT0/capacity": "81\n",
    "sys/class/power_supply/BAT0/voltage_now": "11894000\n",
    "sys/class/power_supply/hidpp_battery_0/type": "Battery\n",
    "sys/class/power_supply/hidpp_battery_0/scope": "Device\n",
    "sys/class/power_supply/hidpp_battery_0/capacity": "5\n",
    "sys/class/net/wlp2s0/phy80211/name": "phy0\n",
    "proc/net/wireless": _WIRELESS + "wlp2s0: 0000    0     0     0        0      0      0      0      0        0\n",
}
"""Its radio has no connection; the battery of a mouse is there."""

ROCKCHIP: Mapping[str, str] = {
    "sys/class/thermal/thermal_zone0/type": "soc-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "40692\n",
    "sys/class/thermal/thermal_zone1/type": "bigcore0-thermal\n",
    "sys/class/thermal/thermal_zone1/temp": "40692\n",
    "sys/class/thermal/thermal_zone2/type": "gpu-thermal\n",
    "sys/class/thermal/thermal_zone2/temp": "39769\n",
}


def laid_out(root: Path, box: Mapping[str, str], **changed: str) -> Path:
    """The box's files below `root`. `changed`: other contents by the last part of a path, `temp="85000\\n"`."""
    for name, text in box.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(changed.get(file.name, text))
    return root
