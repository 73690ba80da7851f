"""Parameters of sound recordings."""

from presets_store.protocol.parameters.base import Count, Name, Seconds, StartParameters


class RecordAudio(StartParameters):
    """Audio_Start_recording. `sample_rate` in Hz."""

    duration_seconds: Seconds = 10.0
    sample_rate: Count = 48_000
    bitrate_kbps: Count = 64
    encoding: Name = "opus"
