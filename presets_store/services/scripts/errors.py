"""Refusals about scripts."""

from presets_store.errors import CuelightError, Kind


class TooManyScripts(CuelightError):
    """The store has as many scripts as it takes."""

    code = "too_many_scripts"
    kind = Kind.CONFLICT
    template = "There are {limit} scripts already: delete some first."


class TooManyEvents(CuelightError):
    """As many events were added to the catalogue as it takes."""

    code = "too_many_script_events"
    kind = Kind.CONFLICT
    template = "{limit} events were added to the catalogue already: give one of them another use."


class ScriptMirrored(CuelightError):
    """The script comes from the device's hub, which is where it is changed."""

    code = "script_mirrored"
    kind = Kind.CONFLICT
    template = "Script {key} comes from the hub: change it there, and this device will have it."


class TooManyChannels(CuelightError):
    """The user has as many channels as a user can have."""

    code = "too_many_channels"
    kind = Kind.CONFLICT
    template = "The user has {limit} channels already: delete some first."


class ChannelMirrored(CuelightError):
    """The channel comes from the device's hub, which is where it is changed."""

    code = "channel_mirrored"
    kind = Kind.CONFLICT
    template = "Channel {key} comes from the hub: change it there, and this device will have it."


class ChannelUnderTest(CuelightError):
    """A test of the channel has not ended yet."""

    code = "channel_test_under_way"
    kind = Kind.CONFLICT
    template = "Channel {key} is being tested already: wait until that test has ended."
