"""Errors of the box."""

from hardware.errors import HardwareError


class BoxError(HardwareError):
    """Something about the box itself could not be done."""

    code = "box"
    template = "{what} failed: {reason}"


class UsbResetFailed(BoxError):
    """The kernel did not reset a USB device."""

    code = "usb_reset_failed"
    template = "resetting the USB device {device} failed: {reason}"


class RebootFailed(BoxError):
    """The system did not accept a reboot, or did not carry it out."""

    code = "reboot_failed"
    template = "the device does not reboot: {reason}"


class ServiceAbsent(BoxError):
    """A system service is not there."""

    code = "service_absent"
    template = "{service} is not there: {reason}"


class ServiceRefused(BoxError):
    """A system service answered with an error; `error` is its name on the bus, empty without one."""

    code = "service_refused"
    template = "{what} was refused: {reason}"


class NetworkManagerAbsent(BoxError):
    """Networks are NetworkManager's here, and it does not run."""

    code = "network_manager_absent"
    template = "NetworkManager cannot be reached ({reason}); install and start the Debian package network-manager"


class NetworkRefused(BoxError):
    """NetworkManager would not do what was asked."""

    code = "network_refused"
    template = "NetworkManager refused {what}: {reason}"


class NetworkUnknown(BoxError):
    """No wireless network of that name is saved."""

    code = "network_unknown"
    template = "no wireless network {network!r} is saved on this device"


class NetworkInUse(BoxError):
    """Without this network the device would be cut off."""

    code = "network_in_use"
    template = "the network {network!r} carries this device's connection; add another first, or give force"


class MixerAbsent(BoxError):
    """None of the programs is installed that set volumes."""

    code = "mixer_absent"
    template = "nothing here sets volumes; install the Debian package alsa-utils (amixer) or wireplumber (wpctl)"


class MixerFailed(BoxError):
    """A volume could not be set, or was not what was asked afterwards."""

    code = "mixer_failed"
    template = "the {direction} volume cannot be set: {reason}"
