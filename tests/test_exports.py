"""All that is kept of somebody, read by himself: nothing missing, nothing of others."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.database import Database
from app.files import Files
from app.services import exports, packing, stored_files
from app.services.exports import Chapter
from app.wechat.incoming import words_in
from models import FileState, Message, StoredFile
from tests.conftest import NOON, FakeClock
from tests.people_columns import DIGESTS, leads_to
from tests.talking import Talk
from tests.town import our_town
from tests.whole_life import does_everything, person_of


@pytest.fixture
async def talk(database: Database, clock: FakeClock) -> AsyncIterator[Talk]:
    async with our_town(database, clock) as town:
        yield town


async def gather(talk: Talk, openid: str) -> dict[str, Chapter]:
    async with talk.database.reading() as session:
        found = await exports.gather(session, await person_of(talk, openid), words_in)
    return {chapter.key: chapter for chapter in found}


def test_every_column_that_leads_to_a_person_is_shown_or_says_why_not() -> None:
    assert exports.columns_shown() | set(exports.NOT_SHOWN) == leads_to("person", "follower") | DIGESTS


async def test_somebody_reads_all_that_is_kept_of_her(talk: Talk) -> None:
    li = await talk.person("李娜")
    await does_everything(li)

    own = await gather(talk, li.openid)

    assert own["followers"].rows[0]["openid"] == li.openid
    assert own["membership"].rows[0]["phone"] == "13812345678"
    assert own["sign_ups"].rows[0]["answers"] == {"size": "M", "phone": None}
    feedback, lawyer = sorted(own["cases"].rows, key=lambda row: row["kind"], reverse=True)
    assert feedback["thread"][0]["words"] == "食堂的菜太咸了"
    assert lawyer["answers"]["对方"] == "就是我们供电公司"
    assert "插座冒火花怎么办" in [row["said"] for row in own["messages"].rows]
    assert [row["purpose"] for row in own["consents"].rows] == ["membership", "legal_aid"]
    assert own["dialogues"].rows[-1]["flow"] == "feedback.leave"


async def test_words_are_read_as_they_were_written_on_either_account(talk: Talk) -> None:
    li = await talk.person("李娜")
    await li.says("电压 < 200 & 灯光<b>很暗</b>")
    async with talk.database.transaction() as session:
        mine = await session.scalar(sa.select(Message).order_by(Message.id.desc()).limit(1))
        assert mine is not None
        mini = {name: getattr(mine, name) for name in ("account_id", "follower_id", "state", "received_at")}
        said = '{"FromUserName":"o1","MsgType":"text","Content":"她说\\"好\\"\\n\\u5c31\\u884c"}'
        session.add(Message(**mini, key="m|2|o1", kind="text", request_id="r", body=said))
        session.add(Message(**mini, key="m|3|o1", kind="text", request_id="r", body=None))

    own = await gather(talk, li.openid)

    said_by_her = [row["said"] for row in own["messages"].rows]
    assert said_by_her == ["电压 < 200 & 灯光<b>很暗</b>", '她说"好"\n就行', None]


async def test_nobody_reads_anything_of_others(talk: Talk) -> None:
    li, wang = await talk.person("李娜"), await talk.person("王强")
    await does_everything(li)
    await wang.says("你好")

    own = await gather(talk, wang.openid)

    assert {key for key, chapter in own.items() if chapter.rows} == {"person", "followers", "messages"}
    assert "食堂" not in packing.as_json(list(own.values()))


async def test_the_pack_is_read_by_people_and_programs(talk: Talk, tmp_path: Path) -> None:
    li = await talk.person("李娜")
    await does_everything(li)
    files = Files(tmp_path / "files")
    person_id = await person_of(talk, li.openid)
    async with talk.database.transaction() as session:
        for name in ("a" * 16, "b" * 16):
            session.add(
                StoredFile(
                    public_id=name,
                    owner_id=person_id,
                    kind="image",
                    content_type="image/png",
                    state=FileState.READY,
                    created_at=NOON,
                )
            )
    await files.put("a" * 16, b"a picture")
    own = list((await gather(talk, li.openid)).values())
    async with talk.database.reading() as session:
        kept = await stored_files.list_ready(session, person_id)

    packed = zipfile.ZipFile(io.BytesIO(await packing.pack(files.get, own, "<h1>我的资料</h1>", kept)))

    assert packed.read(f"files/{'a' * 16}.png") == b"a picture"
    assert "我的资料" in packed.read("index.html").decode()
    assert f"files/{'b' * 16}.png" in packed.read("缺少的文件.txt").decode()
    told = json.loads(packed.read("data.json"))
    assert told["membership"]["fields"]["born_on"] == "出生日期"
    assert told["membership"]["rows"][0]["born_on"] == "1985-03-05"
    assert told["messages"]["rows"][0]["at"].endswith("+08:00")
