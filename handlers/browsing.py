"""Looking through answers of one kind: topics, then the answers of one, eight lines to tap at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.knowledge import Entry, EntryTopic, LawAnswer, Signpost, Tip
from app.services.library import Library
from handlers import lines

PAGE = 8  # lines to tap in one reply
URGENT = "有危险先打 120、119，电路抢修 95598。"

SHOWN_BY: dict[type[Entry], tuple[str, str]] = {  # the handler, and what it is told the answer by
    Tip: ("power_safety.show", "tip"),
    LawAnswer: ("labour_law.show", "answer"),
    Signpost: ("signposts.show", "sign"),
}

Kind = TypeVar("Kind", bound=Entry)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Shelf(Generic[Kind]):
    """One kind of answers and the handler that lists them.

    `asks` stands above the topics, `empty` where there are none.
    """

    kind: type[Kind]
    topics: str
    asks: str
    empty: str

    @property
    def args(self) -> tuple[str, str, str]:
        """What `topics` may be told: a topic, or what stood last on the page before."""
        return "topic", "after_topic", self._after

    @property
    def _after(self) -> str:
        return f"after_{SHOWN_BY[self.kind][1]}"

    def page(self, library: Library, args: Mapping[str, str]) -> str:
        """Topics, or the answers of one. What was made up leads back to the topics."""
        used = {topic.value: topic for topic in library.list_topics(self.kind)}
        last = library.find(self.kind, args.get(self._after, ""))
        if last is not None:
            return self._answers(library, last.topic, after=last)
        if args.get("topic") in used:
            return self._answers(library, used[args["topic"]])
        return self._topics(list(used.values()), after=used.get(args.get("after_topic", "")))

    def _topics(self, topics: list[EntryTopic], after: EntryTopic | None) -> str:
        shown, more = _page(topics, after)
        if not shown:
            return self.empty
        rows = [lines.go(topic.label, self.topics, topic=topic.value) for topic in shown]
        if more:
            rows.append(lines.go("更多", self.topics, after_topic=shown[-1].value))
        return "\n".join([self.asks, *rows])

    def _answers(self, library: Library, topic: EntryTopic, after: Kind | None = None) -> str:
        shown, more = _page(library.list_of(self.kind, topic), after)
        rows = [line(entry) for entry in shown]
        if more:
            rows.append(lines.go("更多", self.topics, **{self._after: shown[-1].id}))
        heading = f"【{topic.label}】点一下看做法："
        return "\n".join([*urgent(shown), heading, *rows, lines.go("全部分类", self.topics)])


def line(entry: Entry) -> str:
    """The answer's title; tapped, it shows the answer."""
    handler, arg = SHOWN_BY[type(entry)]
    return lines.go(entry.title, handler, **{arg: entry.id})


def urgent(entries: Sequence[Entry]) -> list[str]:
    """The numbers to call, where one of these answers is about danger."""
    return [URGENT] if any(entry.is_urgent for entry in entries) else []


def _page(entries: list[Item], after: Item | None) -> tuple[list[Item], bool]:
    """The entries that follow `after`, at most a page of them, and whether there are more."""
    start = entries.index(after) + 1 if after in entries else 0
    start = start if start < len(entries) else 0  # after the last one comes the first
    return entries[start : start + PAGE], start + PAGE < len(entries)
