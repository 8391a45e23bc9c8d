"""What must be there before the first message: tables, content, a menu."""

from app import migrations
from app.assembly import House, assemble
from app.database import Database
from app.errors import OperatorError
from app.knowledge import load
from app.menus.file import load as load_menus
from app.menus.pushes import plan_push
from app.menus.revisions import digests, first
from app.services import article_files, articles, coordination, library
from app.settings import Settings


async def prepare(settings: Settings) -> None:
    """Before workers start: migrate an SQLite database, load the content, make the menu file revision 1.

    Raises:
        OperatorError: a PostgreSQL database is not at the newest revision, or a file is wrong.
    """
    database = Database(settings.database_url)
    try:
        if database.is_sqlite:
            await migrations.upgrade(database)
        elif await migrations.current(database.reader) != migrations.newest():
            raise OperatorError("数据库还不是最新版本，请先运行 gonghui migrate")
    finally:
        await database.close()
    async with assemble(settings) as house:
        await load_content(house)
        await _first_menus(house)


async def load_content(house: House) -> str:
    """Bring the answers and articles of the content folder into the database; says what changed."""
    news = house.settings.content / "news"
    written = article_files.load(news) if news.is_dir() else None
    shipped = load(house.settings.content, handlers=house.known)
    async with house.database.transaction() as session:
        await coordination.queue_for(session, library.VERSION)  # processes that start together
        loaded = await library.load(session, shipped, house.clock.now())
        if written is not None:
            await articles.load(session, written, house.clock.now())
    return f"新增 {loaded.added}，更新 {loaded.changed}，下线 {loaded.gone}"


async def _first_menus(house: House) -> None:
    """The file is read only where nothing is live yet: it may be gone or broken, the revision goes on."""
    now = house.clock.now()
    async with house.database.transaction() as session:
        if not await digests(session):
            revision = await first(session, load_menus(house.settings.menus), house.known, now)
            await plan_push(session, revision, house.known, house.settings.public_url, now)
