"""Queries about settings (events-api.md section 8)."""

from pydantic import Field

from presets_store.protocol.base import WireModel
from presets_store.protocol.fields import Name


class SettingQuery(WireModel):
    """The setting's name, in either spelling."""

    one_of = (("settingname", "setting_name"),)

    settingname: Name = ""
    setting_name: Name = Field(default="", alias="setting_name")

    @property
    def name(self) -> str:
        return self.settingname or self.setting_name


class PutSettingQuery(WireModel):
    """`local`: the device itself is to take the setting too."""

    local: bool = False
