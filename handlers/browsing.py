"""Looking through answers of one kind: topics, then the answers of one, eight lines to tap at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.knowledge import Entry, EntryTopic
from app.services.library import Library
from handlers import lines

PAGE = 8  # lines to tap in one reply
URGENT = "有危险先打 120、119，电路抢修 95598。"

Kind = TypeVar("Kind", bound=Entry)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Shelf(Generic[Kind]):
    """One kind of answers and the handlers that show them.

    `arg` is what `show` is told the answer by; `asks` stands above the topics, `empty` where there are none.
    """

    kind: type[Kind]
    topics: str
    show: str
    arg: str
    asks: str
    empty: str

    @property
    def args(self) -> tuple[str, str, str]:
        """What `topics` may be told: a topic, or what stood last on the page before."""
        return "topic", "after_topic", f"after_{self.arg}"

    def line(self, entry: Kind) -> str:
        return lines.go(entry.title, self.show, **{self.arg: entry.id})

    def page(self, library: Library, args: Mapping[str, str]) -> str:
        """Topics, or the answers of one. What was made up leads back to the topics."""
        used = {topic.value: topic for topic in library.list_topics(self.kind)}
        last = library.find(self.kind, args.get(f"after_{self.arg}", ""))
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
        rows = [self.line(entry) for entry in shown]
        if more:
            rows.append(lines.go("更多", self.topics, **{f"after_{self.arg}": shown[-1].id}))
        heading = f"【{topic.label}】点一下看做法："
        return "\n".join([*urgent(shown), heading, *rows, lines.go("全部分类", self.topics)])


def urgent(entries: Sequence[Entry]) -> list[str]:
    """The numbers to call, where one of these answers is about danger."""
    return [URGENT] if any(entry.is_urgent for entry in entries) else []


def _page(entries: list[Item], after: Item | None) -> tuple[list[Item], bool]:
    """The entries that follow `after`, at most a page of them, and whether there are more."""
    start = entries.index(after) + 1 if after in entries else 0
    start = start if start < len(entries) else 0  # after the last one comes the first
    return entries[start : start + PAGE], start + PAGE < len(entries)
