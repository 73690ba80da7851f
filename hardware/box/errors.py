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
    """The system did not accept a reboot."""

    code = "reboot_failed"
    template = "the reboot was refused: {reason}"
