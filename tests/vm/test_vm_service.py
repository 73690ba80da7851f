"""The service as systemd runs it on a booted machine: its sandbox, its watchdog, and what it may ask of the system."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fakes.vm.filming import STATE, films, until
from fakes.vm.image import ROOT, Image
from fakes.vm.machine import Machine
from fakes.vm.timing import tell, told

from presets_store.protocol.statuses import EventStatus

pytestmark = [pytest.mark.vm, pytest.mark.timeout(1800)]

UNITS = ROOT / "packaging" / "systemd"
MOST_EXPOSED = 1.5
PROBE = "/usr/lib/sandbox_probe.py"

REFUSALS = {
    "write_outside": "EROFS",
    "run_what_was_written": "EACCES",
    "make_code": "EPERM EACCES",
    "make_a_namespace": "EPERM",
    "make_setuid": "EPERM",
    "set_the_clock": "EPERM",
    "ask_for_the_clock": "EPERM",
    "change_the_kernel": "EROFS",
    "read_the_kernels_log": "EACCES",
    "read_a_disk": "EACCES",
    "send_raw_packets": "EAFNOSUPPORT",
    "see_others": "ENOENT",
    "go_before_others": "EPERM",
    "bind_memory": "EPERM",
}
"""How each try ends; where there are two words, kernel and systemd of the release decide which comes first."""

BLOCKING = """
import signal, sys, time
from agent.__main__ import main
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))  # runs in the thread of the event loop
sys.exit(main())
"""
"""The agent, whose event loop a signal blocks."""

SYNCHRONISE = """
import ctypes
timex = (ctypes.c_int * 64)(0x1C)  # sets status, and both errors, to 0
assert ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) >= 0
"""
"""What a time source does to the kernel's clock."""


@pytest.fixture(scope="module")
def device(filming_image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Machine.boot(filming_image, tmp_path_factory.mktemp("service")) as machine:
        machine.wait_ready(400)
        machine.wait_up(60)
        yield machine


def shown(machine: Machine, *names: str, unit: str = "cuelight") -> dict[str, str]:
    """Properties of a unit."""
    listing = machine.out(f"systemctl show {unit} -p {','.join(names)}")
    return dict(line.split("=", 1) for line in listing.splitlines())


def main_pid(machine: Machine) -> int:
    """Of the agent once it is ready; 0 before."""
    found = shown(machine, "MainPID", "ActiveState", "SubState")
    return int(found["MainPID"]) if (found["ActiveState"], found["SubState"]) == ("active", "running") else 0


def host_pid(machine: Machine) -> int:
    """Of the camera's host; 0 while there is none."""
    return int(machine.run("pgrep -o -u cuelight -f 'hardware[.]host'").out or 0)


def frames(machine: Machine) -> int:
    """Bytes in all clips: more than before when it films."""
    return int(
        machine.out(f"find {STATE}/media -name '*.mp4' -printf '%s\\n' | awk '{{ all += $1 }} END {{ print all+0 }}'")
    )


def films_on(machine: Machine) -> None:
    before = frames(machine)
    until(machine, "the clips grow", lambda: frames(machine) > before + 1000, 120, pause=0.5)


def end_of_event(machine: Machine, number: int, seconds: float = 120) -> dict[str, Any]:
    def ended() -> dict[str, Any] | None:
        event: dict[str, Any] = machine.cuelight(f"event show {number}")
        return event if EventStatus(event["eventStatus"]).terminal else None

    event: dict[str, Any] = until(machine, f"event {number} ends", ended, seconds)
    return event


def seconds_until_ready_again(machine: Machine, before: int, seconds: float = 400) -> float:
    began = time.monotonic()
    until(machine, "another agent is ready", lambda: main_pid(machine) not in (0, before), seconds, pause=0.5)
    return time.monotonic() - began


def test_it_records_and_encodes_in_a_sandbox(device: Machine) -> None:
    verdict = device.out("systemd-analyze security --no-pager cuelight.service | tail -1").strip()
    print(f"\n  {verdict}; hub: {device.out('systemd-analyze security --no-pager cuelight-hub.service | tail -1')}")
    assert float(re.findall(r": (\d+\.\d) ", verdict)[0]) <= MOST_EXPOSED
    _, clip = films(device)
    assert clip["codec"] == "h264"
    for pid in (main_pid(device), host_pid(device)):
        status = dict(re.findall(r"^(\w+):\s*(.*)$", device.out(f"cat /proc/{pid}/status"), re.MULTILINE))
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert device.out(f"stat -c %U /proc/{pid}").strip() == "cuelight"


def test_what_the_sandbox_refuses_and_what_works_in_it(device: Machine) -> None:
    """A program under the service's own unit. The USB camera is the kernel's own gadget; udev gives it to the group."""
    for name in ("sandbox_probe.py", "usb_camera.py"):
        device.write(f"/usr/lib/{name}", (ROOT / "tests" / "fakes" / "vm" / name).read_text())
    device.out("systemd-run --unit camera -p StandardOutput=file:/run/camera.log python3 /usr/lib/usb_camera.py")
    until(device, "the camera is plugged in", lambda: "plugged in" in device.out("cat /run/camera.log"), 60)
    device.out("udevadm settle")
    groups = device.out("stat -c '%G %a' /dev/bus/usb/*/*").splitlines()
    assert groups.count("cuelight 664") == 1
    assert set(groups) == {"cuelight 664", "root 664"}

    unit = (UNITS / "cuelight.service").read_text()
    unit = re.sub(r"^ExecStart=.*", f"ExecStart=/opt/cuelight/bin/python3 -P {PROBE}", unit, flags=re.MULTILINE)
    unit = re.sub(
        r"^(Type|Restart|RestartForceExitStatus|RuntimeDirectory|ExecStopPost|WatchdogSec)=.*\n",
        "",
        unit,
        flags=re.MULTILINE,
    )
    unit = unit.replace("[Service]\n", "[Service]\nType=oneshot\nStandardOutput=file:/run/probe.json\n")
    device.write("/run/systemd/system/probe.service", unit)
    with told("the probe"):
        device.out("systemctl daemon-reload && systemctl start probe", 300)
    found = json.loads(device.read("/run/probe.json"))
    device.out("systemctl stop camera")
    print(f"\n  {found}")
    assert found["works"] == dict.fromkeys(found["works"], "done")
    assert found["refused"].keys() == REFUSALS.keys()
    assert {name: told for name, told in found["refused"].items() if told not in REFUSALS[name].split()} == {}


def test_the_hub_runs_in_its_sandbox(device: Machine) -> None:
    with told("the hub is ready"):
        device.out("systemctl start cuelight-hub", 300)
    asked = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8789/readyz').status)"
    assert device.out(f'python3 -c "{asked}"').strip() == "200"
    assert device.out("stat -c '%U %a' /var/lib/cuelight-hub/hub.db").strip() == "cuelight-hub 600"
    device.out("systemctl stop cuelight-hub")
    assert shown(device, "Result", unit="cuelight-hub") == {"Result": "success"}


def test_a_sound_card_that_comes_after_the_start_may_be_opened_and_a_disk_may_not(device: Machine) -> None:
    """DeviceAllow= looks a driver up when the service starts: so the unit has it loaded before."""
    assert "controlC" not in device.out("ls /dev/snd 2>/dev/null; true")
    device.out("modprobe snd-aloop && udevadm settle")
    group = "/sys/fs/cgroup/system.slice/cuelight.service/cgroup.procs"
    opened = {
        node: device.run(f"echo $$ >{group} && exec 3<{node}").code == 0 for node in ("/dev/snd/controlC0", "/dev/vda")
    }
    assert opened == {"/dev/snd/controlC0": True, "/dev/vda": False}


def test_the_agent_hears_that_the_clock_is_right(device: Machine) -> None:
    """Its sandbox does not let it ask the kernel; there is no systemd-timesyncd on this machine."""
    assert device.run("test -e /run/cuelight-clock/synchronised").code == 1
    assert device.cuelight("status")["clock"]["quality"] != "synchronised"
    device.write("/run/synchronise.py", SYNCHRONISE)
    device.out("python3 /run/synchronise.py")
    until(device, "it hears", lambda: device.cuelight("status")["clock"]["quality"] == "synchronised", 60)


def test_the_user_may_ask_for_a_reboot_and_for_nothing_else(device: Machine) -> None:
    device.out("systemd-run --unit asking -p User=cuelight sleep 600")
    pid = shown(device, "MainPID", unit="asking")["MainPID"]
    may = {
        action: device.run(f"pkcheck --action-id org.freedesktop.{action} --process {pid}").code == 0
        for action in (
            "login1.reboot",
            "login1.reboot-multiple-sessions",
            "login1.reboot-ignore-inhibit",
            "login1.power-off",
            "systemd1.manage-units",
            "timedate1.set-time",
        )
    }
    device.out("systemctl stop asking")
    assert [action for action, allowed in may.items() if allowed] == [
        "login1.reboot",
        "login1.reboot-multiple-sessions",
    ]


def test_frozen_agent_frozen_host_and_blocked_loop_are_recovered(device: Machine) -> None:
    device.write("/usr/lib/blocking.py", BLOCKING)
    start = "/opt/cuelight/bin/python3 -P /usr/lib/blocking.py run --config /etc/cuelight/cuelight.toml"
    device.out("mkdir -p /run/systemd/system/cuelight.service.d")
    device.write("/run/systemd/system/cuelight.service.d/blocking.conf", f"[Service]\nExecStart=\nExecStart={start}\n")
    device.out("systemctl daemon-reload && systemctl restart cuelight", 300)
    device.out("cuelight preset create Long Video_Start_recording --max-attempts 20 --param durationSeconds=0")
    device.out("cuelight preset run Long")
    films_on(device)

    host = host_pid(device)
    device.out(f"kill -STOP {host}")
    with told("camera host frozen, until another one films"):
        until(device, "another host", lambda: host_pid(device) not in (0, host), pause=0.5)
        films_on(device)
    agent = main_pid(device)
    assert agent, "the agent did not die of it"

    device.out(f"kill -STOP {agent}")
    tell("agent frozen, until another one is ready", seconds_until_ready_again(device, agent))
    films_on(device)

    agent = main_pid(device)
    device.out(f"kill -USR1 {agent}")
    tell("loop blocked, until another one is ready", seconds_until_ready_again(device, agent))
    journal = device.out("journalctl -u cuelight --no-pager -o cat")
    assert "Watchdog timeout" in journal
    assert "blocking.py" in journal.rpartition("Fatal Python error")[2], "where the loop was blocked is told"
    films_on(device)


def test_an_event_reboots_the_machine_through_logind(device: Machine) -> None:
    """Last: the machine is another afterwards."""
    device.out("cuelight preset create Reboot Device_Reboot_device && cuelight preset run Reboot")
    with told("reboot: the machine is down"):
        device.wait_off(300)
    device.start()
    with told("reboot: ready again"):
        device.wait_ready(400)
    device.wait_up(60)
    (event,) = [each for each in device.cuelight("event list") if each["eventType"] == "Device_Reboot_device"]
    event = end_of_event(device, event["key"])
    assert event["eventStatus"] == EventStatus.COMPLETE
    result = json.loads(event["result"])
    assert result["bootID"] == device.out("cat /proc/sys/kernel/random/boot_id").strip() != result["previousBootID"]
