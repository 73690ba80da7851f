"""Column types that both dialects share."""

from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, SmallInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

BIG = BigInteger().with_variant(Integer, "sqlite")
"""64-bit integer: keys, sizes, times in microseconds (SQLite counts up only a column declared INTEGER)."""


class Coded(TypeDecorator[Enum]):
    """A column that holds an enumeration's value: SMALLINT for an IntEnum, TEXT for a StrEnum."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, _dialect: Dialect) -> TypeEngine[Any]:
        return SmallInteger() if issubclass(self.kind, int) else Text()

    def process_bind_param(self, value: Enum | None, _dialect: Dialect) -> Any:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: Any, _dialect: Dialect) -> Enum | None:
        return None if value is None else self.kind(value)


def key() -> Column[int]:
    """An integer key that is never given out twice, not even after its row is gone."""
    return Column("key", BIG, primary_key=True, autoincrement=True)


def text(name: str, **options: Any) -> Column[str]:
    """A text that is never NULL: empty means none."""
    return Column(name, Text, nullable=False, default="", **options)


def number(name: str, **options: Any) -> Column[int]:
    """A 64-bit integer that is never NULL: 0 means none or never."""
    return Column(name, BIG, nullable=False, default=0, **options)
