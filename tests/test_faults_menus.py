"""The menu file is broken while the service runs, and two people apply files at the same moment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from models import MenuRevision
from tests.pairs import looking_into
from tests.running import ROOT, Person, Service, openids, until, wechat_of
from tests.servers import PATIENCE

SHIPPED = (ROOT / "menus.yaml").read_text(encoding="utf-8")
LINE = "keywords:\n"


def with_word(answer: str) -> str:
    """The shipped file and one more keyword."""
    assert LINE in SHIPPED
    return SHIPPED.replace(LINE, f"{LINE}  - say: [今天食堂]\n    reply: {answer}\n", 1)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("watching")
    (folder / "menus.yaml").write_text(with_word("第一版。"), encoding="utf-8")
    url = f"sqlite+aiosqlite:///{folder / 'gonghui.db'}"
    with Service(folder, url, "--watch", menus=str(folder / "menus.yaml")) as running:
        yield running


async def test_a_file_broken_while_serving_changes_nothing_until_it_is_mended(service: Service) -> None:
    li = Person(wechat_of(service.settings), [service], openids(1, "Menu")[0])
    path = service.settings.menus
    assert await li.says("今天食堂") == "第一版。"

    path.write_text(with_word("第二版。") + "  - {say: [半句\n", encoding="utf-8")
    await until(lambda: "menus.file_refused" in service.log)
    assert await li.says("今天食堂") == "第一版。"

    path.write_text("", encoding="utf-8")
    await until(lambda: service.log.count("menus.file_refused") == 2)
    path.unlink()
    assert await li.says("今天食堂") == "第一版。"

    path.write_text(with_word("第三版。"), encoding="utf-8")
    await until(lambda: "menus.file_applied" in service.log)
    assert await li.says("今天食堂") == "第三版。"
    assert "Traceback" not in service.log


async def test_two_who_apply_at_once_both_get_a_number_and_the_later_one_is_live(
    service: Service, tmp_path: Path
) -> None:
    """Two commands beside a service that serves; a third repeats a text and gets no number."""
    before = service.log.count("menus.live")
    texts = [with_word(f"甲乙之{n}。") for n in range(2)]
    commands = [apply(service, tmp_path / f"{n}.yaml", text) for n, text in enumerate(texts)]
    said = [command.communicate(timeout=PATIENCE)[0] for command in commands]
    assert [command.returncode for command in commands] == [0, 0], said

    async with looking_into(service.settings) as database, database.reading() as session:
        rows = (await session.execute(sa.select(MenuRevision.number, MenuRevision.text))).all()
    revisions = sorted((number, text) for number, text in rows)
    assert [number for number, _ in revisions] == list(range(1, len(revisions) + 1))
    assert sorted(text for _, text in revisions[-2:]) == texts
    await until(lambda: service.log.count(f'"revision": {revisions[-1][0]}') > 0)
    assert service.log.count("menus.live") > before
    li = Person(wechat_of(service.settings), [service], openids(1, "Apply")[0])
    assert await li.says("今天食堂") in revisions[-1][1]


def apply(service: Service, path: Path, text: str) -> "subprocess.Popen[str]":
    path.write_text(text, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "app", "menus", "apply", str(path)],
        env=os.environ | service.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
