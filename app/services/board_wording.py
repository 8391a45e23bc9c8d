"""What may be written on the board: how long, under which name, and what moderators are to look at twice.

The words themselves are an operator's file, read again whenever it was saved. Nothing is refused by a word in
it: a machine does not know what is meant, so it marks and people decide.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import structlog
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from app.content_files import in_chinese, read_yaml
from app.errors import DomainError, OperatorError
from models import BoardName, BoardTopic, Member

log = structlog.get_logger(__name__)

TITLE: Final = 30  # characters, like the next
TEXT: Final = 1000
NICKNAME: Final = 10
PICTURES: Final = 3
NOBODY: Final = "匿名职工"
MARKS: Final[Mapping[str, str]] = {
    "forbidden": "用词表里的词",
    "attacks": "像是在骂人",
    "phone": "电话号码",
    "id_number": "身份证号码",
    "link": "网址",
}
_DOUBLE: Final = re.compile("欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|长孙|宇文|司徒|夏侯|端木|南宫")
# Nobody is to be taken for the union.
_OFFICIAL: Final = re.compile("工会|官方|管理员|客服|公司|领导|组织|主席|书记|供电|电力|匿名")
_NICKNAME: Final = re.compile(r"[\w\u4e00-\u9fff·]+")


class Wrong(DomainError):
    """Fields that cannot stay as they are: name → what would be right."""

    status = 422

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("\n".join(fields.values()))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Words:
    """A post as it was typed and found in order."""

    topic: BoardTopic
    title: str
    text: str
    naming: BoardName
    nickname: str = ""


def checked(topic: str, title: str, text: str, naming: str, nickname: str) -> Words:
    """Raises: Wrong."""
    title, text, nickname = plain(title), plain(text), plain(nickname)
    title = " ".join(title.split())
    wrong = {
        "topic": "" if topic in set(BoardTopic) else "请选一个话题。",
        "title": _length(title, TITLE, "标题"),
        "text": _length(text, TEXT, "内容"),
        "naming": "" if naming in set(BoardName) else "请选用什么名字。",
    }
    if naming == BoardName.NICKNAME:
        wrong["nickname"] = wrong_nickname(nickname)
    if found := {field: words for field, words in wrong.items() if words}:
        raise Wrong(found)
    return Words(BoardTopic(topic), title, text, BoardName(naming), nickname)


def plain(words: str) -> str:
    """Without what no text has; browsers end lines in their own way."""
    words = words.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        each for each in words if each == "\n" or each.isprintable() or each in "\u200d\ufe0f"
    ).strip()


def wrong_nickname(nickname: str) -> str:
    """What is wrong with it; empty where nothing is."""
    if not nickname or len(nickname) > NICKNAME:
        return f"昵称请写 1 到 {NICKNAME} 个字。"
    if not _NICKNAME.fullmatch(nickname):
        return "昵称只用汉字、字母和数字。"
    if _OFFICIAL.search(nickname):
        return "昵称容易让人以为是工会或公司说的，请换一个。"
    if _PHONE.search(_half(nickname)):
        return "昵称里不要写电话号码，请换一个。"
    return ""


def shown_name(naming: BoardName, nickname: str, member: Member) -> str:
    """Under which name words of a member stand; the real one only where it was chosen."""
    match naming:
        case BoardName.NICKNAME:
            return nickname
        case BoardName.SURNAME:
            is_double = len(member.name) > 2 and _DOUBLE.match(member.name)
            return f"{member.name[: 2 if is_double else 1]}师傅"
        case BoardName.REAL:
            return member.name
    return NOBODY


def _length(words: str, most: int, what: str) -> str:
    if not words:
        return f"请写{what}。"
    return f"{what}最多 {most} 个字，现在是 {len(words)} 个字，请缩短。" if len(words) > most else ""


# --- what is marked ----------------------------------------------------------------------------------------

_PHONE: Final = re.compile(
    r"(?<!\d)(?:\+?86[ -]?)?1[3-9](?:[ .-]?\d){9}(?!\d)|(?<!\d)0\d{2,3}[ -]?\d{7,8}(?!\d)"
)
ID_NUMBER: Final = re.compile(r"(?<!\d)[1-9]\d{16}[\dXx](?![\dXx])")
_LINK: Final = re.compile(
    r"https?://|www\.|(?<![\w-])[\w-]++\.(?:com|cn|net|top|xyz|cc)(?![a-z\d-])", re.IGNORECASE
)
# Between the characters of a word they hide it from a search, not from a reader.
_GAPS: Final = re.compile(r"[\s\u200b-\u200d\ufeff*·•._~\-,，。、!！]+")

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]


class Wordlist(BaseModel):
    """The operator's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    forbidden: tuple[Word, ...] = ()
    attacks: tuple[Word, ...] = ()


def marks_of(wordlist: Wordlist, *texts: str) -> list[str]:
    """Keys of `MARKS`, in their order."""
    whole = _half("\n".join(texts))
    closed = _GAPS.sub("", whole.lower())
    found = {
        "forbidden": any(_closed(word) in closed for word in wordlist.forbidden),
        "attacks": any(_closed(word) in closed for word in wordlist.attacks),
        "phone": bool(_PHONE.search(whole)),
        "id_number": bool(ID_NUMBER.search(whole)),
        "link": bool(_LINK.search(whole)),
    }
    return [mark for mark in MARKS if found[mark]]


def _closed(word: str) -> str:
    return _GAPS.sub("", _half(word).lower())


def _half(words: str) -> str:
    return unicodedata.normalize("NFKC", words)


class WordFile:
    """The file as it was saved last; a broken one never replaces a good one.

    Raises: OperatorError: it is broken at the start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saved = self._moment()
        self._words = _read(path)

    def now(self) -> Wordlist:
        if (saved := self._moment()) != self._saved:
            self._saved = saved
            try:
                self._words = _read(self._path)
            except OperatorError as error:
                log.error("board_words_not_read", error=str(error))
        return self._words

    def _moment(self) -> int:
        return self._path.stat().st_mtime_ns if self._path.exists() else 0


def _read(path: Path) -> Wordlist:
    """Nothing is marked by words where there is no file."""
    if not path.exists():
        return Wordlist()
    try:
        return Wordlist.model_validate(read_yaml(path) or {})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "内容"
        raise OperatorError(f"{path.name}：{field}：{in_chinese(first)}") from None
