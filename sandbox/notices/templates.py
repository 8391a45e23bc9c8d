"""The templates an account made for itself: of template messages, and of subscription notices.

Both are chosen from the public library; the first are there from the start.
"""

import base64
import json
from collections.abc import Sequence

from sandbox.config import digest
from sandbox.errors import ApiError
from sandbox.notices import library
from sandbox.notices.fields import Options, example
from sandbox.notices.library import ONE_OFF, Keyword, Title
from sandbox.store import Row
from sandbox.world import World, next_number

TEMPLATE, SUBSCRIBE = "template", "subscribe"  # the two kinds
MOST = 25  # in use at once, of each kind
ID_CHARACTERS = 64
FIRST: dict[str, tuple[tuple[int, tuple[int, ...]], ...]] = {
    TEMPLATE: (
        (1011, (1, 2, 3, 4)),
        (1012, (1, 2, 3, 4)),
        (3011, (1, 2, 3)),
        (3012, (1, 2, 3)),
        (2015, (1, 2, 3)),
        (2011, (1, 2, 3, 4)),
        (2012, (1, 2, 3)),
    ),
    SUBSCRIBE: ((1011, (1, 2, 3, 4)), (1012, (1, 2, 3, 4)), (3011, (1, 2, 3)), (2011, (1, 2, 3, 4))),
}


def seed(world: World) -> None:
    app_id = world.config.app_id
    for kind, rows in FIRST.items():
        if listed(world, app_id, kind):
            continue
        for tid, kids in rows:
            title = library.find(tid)
            if title:
                keywords = [one for kid in kids if (one := title.keyword(kid))]
                choose(world, app_id, kind, title, keywords, template_id=_named(world, kind, title.name))


def _named(world: World, kind: str, title: str) -> str:
    """An id that is the same after every start, since the service keeps it."""
    label = f"template:{title}" if kind == TEMPLATE else f"template:{kind}:{title}"
    return _id(digest(world.config.app_id, label))


def _id(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()[:43]


def choose(
    world: World,
    app_id: str,
    kind: str,
    title: Title,
    keywords: Sequence[Keyword],
    *,
    scene: str = "",
    template_id: str = "",
) -> str:
    """A template of one's own out of a public title; its id."""
    content = library.content_of(keywords)
    row: Row = {
        "id": template_id or _id(digest(app_id, f"template:{kind}:{next_number()}")),
        "app_id": app_id,
        "kind": kind,
        "title": title.name,
        "content": content,
        "example": example(content, {one.field: one.example for one in keywords}),
        "type": title.type if kind == SUBSCRIBE else ONE_OFF,
        "tid": str(title.tid),
        "keywords": json.dumps([one.kid for one in keywords]),
        "scene": scene,
        "options": json.dumps({one.field: one.values for one in keywords if one.values}, ensure_ascii=False),
    }
    return _insert(world, row)


def add(world: World, title: str, content: str) -> str:
    """A template message's template with any content at all, as a developer asks for it."""
    return _insert(
        world,
        {
            "id": _named(world, TEMPLATE, title),
            "app_id": world.config.app_id,
            "kind": TEMPLATE,
            "title": title,
            "content": content,
            "example": example(content, {}),
            "type": ONE_OFF,
            "tid": "",
            "keywords": "[]",
            "scene": "",
            "options": "{}",
        },
    )


def _insert(world: World, row: Row) -> str:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    statement = f"insert or replace into private_template ({names}) values ({marks})"  # noqa: S608
    world.db.run(statement, *row.values())
    return str(row["id"])


def listed(world: World, app_id: str, kind: str) -> list[Row]:
    statement = "select * from private_template where app_id = ? and kind = ? order by rowid"
    return world.db.all(statement, app_id, kind)


def find(world: World, app_id: str, kind: str, template_id: object) -> Row:
    """The template a call names.

    Raises:
        ApiError: 40036 no id or one too long, 40037 not this account's.
    """
    if not isinstance(template_id, str) or not 1 <= len(template_id) <= ID_CHARACTERS:
        raise ApiError(40036, "invalid template_id size", "缺少 template_id，或它太长")
    row = world.db.find(
        "select * from private_template where id = ? and app_id = ? and kind = ?", template_id, app_id, kind
    )
    if row is None:
        raise ApiError(40037, "invalid template_id", "账号下没有这个模板")
    return row


def delete(world: World, template_id: str) -> None:
    world.db.run("delete from private_template where id = ?", template_id)
    world.db.run("delete from subscription where template_id = ?", template_id)


def options_of(template: Row) -> Options:
    options: Options = json.loads(template["options"])
    return options
