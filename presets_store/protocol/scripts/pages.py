"""Pages of long lists (scripts-api.md section 6)."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Generic, TypeVar

from pydantic import Field

from presets_store.protocol.fields import Key
from presets_store.protocol.scripts.base import AnswerModel, SnakeModel

PER_PAGE: Final = 25
LONGEST_PAGE: Final = 200
MOST_EXCLUDED: Final = 1000
_EACH_SIDE: Final = 3
_EDGE: Final = _EACH_SIDE + 4

Item = TypeVar("Item")


class PageQuery(SnakeModel):
    """Which page of a list, counted from 1."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=LONGEST_PAGE)] = PER_PAGE


class RecipientsQuery(PageQuery):
    """`exclude_users_ids` are left out of the result. In a query: `exclude_users_ids[0]=3`, or `[]` for one."""

    exclude_users_ids: Annotated[list[Key], Field(max_length=MOST_EXCLUDED)] = Field(default_factory=list)


class PageLinks(AnswerModel):
    """Addresses of pages; null where there is none."""

    first: str | None = None
    last: str | None = None
    prev: str | None = None
    next: str | None = None


class PageLink(AnswerModel):
    """One entry of a pager; `...` and arrows that lead nowhere have no address."""

    url: str | None = None
    label: str
    active: bool


class PageMeta(AnswerModel):
    """Where a page stands. `from` and `to` number its first and last record, null on an empty one."""

    current_page: int
    from_: int | None = Field(default=None, alias="from")
    last_page: int
    links: list[PageLink]
    path: str
    per_page: int
    to: int | None = None
    total: int


class Page(AnswerModel, Generic[Item]):
    """A page of a list."""

    data: list[Item]
    links: PageLinks
    meta: PageMeta


def page_frame(path: str, query: PageQuery, shown: int, total: int) -> dict[str, Any]:
    """`links` and `meta` of a page with `shown` records out of `total`. `path` is the list's address."""
    pager = _Pager(path, query, total)
    page = query.page
    first = (page - 1) * query.per_page + 1
    meta = PageMeta(
        current_page=page,
        from_=first if shown else None,
        last_page=pager.last,
        links=list(pager.entries()),
        path=path,
        per_page=query.per_page,
        to=first + shown - 1 if shown else None,
        total=total,
    )
    links = PageLinks(
        first=pager.url(1), last=pager.url(pager.last), prev=pager.url(page - 1), next=pager.url(page + 1)
    )
    return {"links": links, "meta": meta}


class _Pager:
    """The addresses of the pages of one list."""

    def __init__(self, path: str, query: PageQuery, total: int) -> None:
        self._path = path
        self._page = query.page
        self._kept = "" if query.per_page == PER_PAGE else f"&per_page={query.per_page}"
        self.last = max(1, -(-total // query.per_page))

    def url(self, number: int) -> str | None:
        """None for a page that there is not."""
        return f"{self._path}?page={number}{self._kept}" if 1 <= number <= self.last else None

    def entries(self) -> Iterator[PageLink]:
        yield PageLink(url=self.url(self._page - 1), label="pagination.previous", active=False)
        for number in self._numbers():
            url, label = (None, "...") if number is None else (self.url(number), str(number))
            yield PageLink(url=url, label=label, active=number == self._page)
        yield PageLink(url=self.url(self._page + 1), label="pagination.next", active=False)

    def _numbers(self) -> list[int | None]:
        """All pages of a short list; of a long one both ends and what is around the page. None: a gap."""
        page, last = self._page, self.last
        if last <= 2 * _EDGE:
            return list(range(1, last + 1))
        if page <= _EDGE:
            return [*range(1, _EDGE + _EACH_SIDE + 1), None, last - 1, last]
        if page > last - _EDGE:
            return [1, 2, None, *range(last - _EDGE - _EACH_SIDE + 1, last + 1)]
        around = range(page - _EACH_SIDE, page + _EACH_SIDE + 1)
        return [1, 2, None, *around, None, last - 1, last]
