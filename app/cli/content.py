"""Knowledge content: `gonghui content …`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app import knowledge
from app.assembly import assemble
from app.cli.words import Commands
from app.jobs import article_index as article_jobs
from app.knowledge.word_list import written
from app.knowledge.words import LIST
from app.preparing import load_content
from app.services import article_index

app = Commands(help="知识内容（用电安全问答）。")


@app.command()
def load() -> None:
    """把 content/ 里的问答载入数据库；运行中的服务几秒内生效。"""
    typer.echo(asyncio.run(_load()))


@app.command()
def words(
    folder: Annotated[Path, typer.Argument(help="内容所在的文件夹")] = Path("content"),
    write: Annotated[bool, typer.Option("--write", help=f"写入 {LIST.name}")] = False,
) -> None:
    """检索用的词表：自带的问答里有哪些词。改了自带的问答以后要重写。"""
    found = written(knowledge.load(folder).entries)
    if write:
        LIST.write_text(found, "utf-8")
        typer.echo(f"已写入 {LIST.name}，{len(found.split())} 个词。")
    else:
        typer.echo(found, nl=False)


@app.command()
def index() -> None:
    """重建文章搜索用的索引；平时由服务自己维护，恢复备份或搜不准时用。重建时搜到的会少一些。"""
    typer.echo(asyncio.run(_index()))


async def _index() -> str:
    async with assemble() as house:
        async with house.database.transaction() as session:
            await article_index.forget_all(session)
        read = await article_jobs.run(house.database)
    return f"已重建，{read} 篇文章可以搜到。"


async def _load() -> str:
    async with assemble() as house:
        return await load_content(house)
