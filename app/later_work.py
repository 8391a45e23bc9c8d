"""What every process does besides answering, round by round; leases keep two from doing the same."""

from datetime import timedelta

from app.dialogue.sweeping import Sweep
from app.house import House
from app.jobs import (
    activities,
    activity_feedback,
    after_activities,
    albums,
    alerts,
    applications,
    appointments,
    article_index,
    article_scans,
    audit_seals,
    board_checks,
    campaign_drafts,
    campaigns,
    case_clocks,
    case_ratings,
    legal_aid,
    media,
    menus,
    miniprogram,
    notice_templates,
    outlets,
    panoramas,
    people,
    posters,
    privacy_events,
    publishing_figures,
    retention,
    sent_articles,
    staff_jobs,
    staff_work,
    stored_files,
    wechat_articles,
    wechat_figures,
    wechat_previews,
    weekly_digests,
)
from app.jobs.deliveries import Sender
from app.jobs.rounds import Round
from app.jobs.staff_jobs import Work
from app.jobs.wechat_drafts import Drawer
from app.menus.revisions import digests
from app.menus.watch import Watcher
from app.scanning import Scanner
from app.services.digests import Moment
from app.settings import WeChatAccount
from app.weibo.client import API_URL
from models import AccountKind

JUMP = timedelta(seconds=1)  # less is the two readings of one clock


async def rounds(house: House, *, watch: bool) -> list[Round]:
    """All that this process has to do, as its settings want it."""
    settings, database, clock, wechat = house.settings, house.database, house.clock, house.wechat
    certified = settings.wechat_account.is_certified
    scanner = Scanner(settings.scan_command)
    sender = Sender(database, wechat, clock, customer_messages=certified)
    sweep = Sweep(database, house.engine, dict(house.accounts.values()), clock)
    templates = settings.wechat_account is WeChatAccount.SERVICE_VERIFIED
    bell = alerts.Bell(
        database, wechat, clock, settings.crisis_openids, customer_messages=certified, templates=templates
    )
    official_id = house.accounts[AccountKind.OFFICIAL][0]
    kinds = _kinds(house, official_id, certified=templates)

    found = [
        Round("refresh", house.refresh, 2),
        Round("counts", house.write_counts, 5),
        Round("addressees", house.addressees.learn, 5),
        Round("messages", sweep.run, 3, wakes=True),
        Round("deliveries", sender.send_due, 3, wakes=True),
        _campaigns(house),
        _outlets(house),
        Round("alerts", bell.ring, 5, wakes=True),
        _media(house, scanner),
        Round("article scans", article_scans.Looker(database, house.files, scanner).run, 60),
        Round("menus", lambda: menus.push_steps(database, wechat, clock, certified=certified), 5, wakes=True),
        *_timers(house),
        Round("audit seals", lambda: audit_seals.run(database, clock), 10),
        Round("audit look", lambda: audit_seals.look(database, clock), 600),
        Round("staff jobs", lambda: staff_jobs.run(database, clock, house.files, kinds), 5, wakes=True),
        Round("retention", lambda: retention.run(database, clock), 60),
        Round("files", lambda: stored_files.tidy(database, house.files, clock), 300),
    ]
    if certified:
        found += people.rounds(database, wechat, clock, official_id)
        found += _wechat_articles(house, official_id)
    if house.miniprogram is not None:
        found += miniprogram.rounds(
            *(database, house.miniprogram, wechat.users, house.files, clock),
            official_id=official_id,
            notice_page=settings.miniprogram_notice_page,
            scanner=scanner,
        )
    if watch:
        found.append(await _watching(house))
    if settings.clock_file is not None:
        found.append(moved_clock(house))
    return found


def _campaigns(house: House) -> Round:
    account = house.settings.wechat_account
    campaigner = campaigns.Campaigner(
        house.database,
        house.wechat,
        house.clock,
        campaign_drafts.Drafter(_drawer(house)),
        messages=account.is_certified,
        mass=account is WeChatAccount.SERVICE_VERIFIED,
        notices=account is WeChatAccount.SERVICE_VERIFIED,
    )
    return Round("campaigns", campaigner.run, 3, wakes=True)


def _drawer(house: House) -> Drawer:
    account_id = house.accounts[AccountKind.OFFICIAL][0]
    return Drawer(house.database, house.wechat, house.clock, house.files, account_id)


def _wechat_articles(house: House, official_id: int) -> list[Round]:
    publisher = wechat_articles.Publisher(house.database, house.wechat, house.clock, house.files, official_id)
    fetcher = wechat_figures.FigureFetcher(house.database, house.wechat.statistics, house.clock, official_id)
    return [
        Round("wechat articles", publisher.run, 5, wakes=True),
        Round("wechat figures", fetcher.run, 60),
    ]


def _outlets(house: House) -> Round:
    """In development Weibo is where WeChat is: the sandbox plays both."""
    settings = house.settings
    spreader = outlets.Spreader(
        house.database,
        house.clock,
        public_url=settings.public_url,
        weibo_url=settings.wechat_api_url if settings.development else API_URL,
    )
    return Round("outlets", spreader.run, 10, wakes=True)


def _timers(house: House) -> list[Round]:
    """What time does to what people brought, and what their words wait for."""
    database, clock, settings = house.database, house.clock, house.settings
    absent_after = timedelta(hours=settings.no_show_hours)
    return [
        Round("activities", lambda: activities.run(database, clock, absent_after), 5),
        Round("activity feedback", lambda: activity_feedback.run(database, clock), 30),
        Round("albums", lambda: albums.run(database, house.files, clock), 10),
        Round("applications", lambda: applications.run(database, clock), 30),
        article_index.round_of(database),
        Round("appointments", lambda: appointments.run(database, clock), 5),
        Round("legal aid", lambda: legal_aid.run(database, clock), 30),
        Round("case clocks", lambda: case_clocks.run(database, clock), 30),
        Round("case ratings", lambda: case_ratings.run(database, clock), 30),
        board_checks.round_of(database, house.miniprogram, house.settings.content, clock),
        weekly_digests.round_of(database, clock, Moment(settings.digest_weekday, settings.digest_hour)),
        Round("privacy events", lambda: privacy_events.run(database, clock), 30),
    ]


def _media(house: House, scanner: Scanner) -> Round:
    """What people sent comes over from WeChat."""

    async def fetch() -> int:
        return await media.fetch_due(house.database, house.wechat, house.files, house.clock, scanner=scanner)

    return Round("media", fetch, 5, wakes=True)


def moved_clock(house: House) -> Round:
    """In development time may jump: what falls due by that need not wait for its round."""
    seen = house.clock.now() - house.clock.real_now()

    async def look() -> None:
        nonlocal seen
        before, seen = seen, house.clock.now() - house.clock.real_now()
        if abs(seen - before) > JUMP:
            house.rounds.come()

    return Round("moved clock", look, 0.5)


async def _watching(house: House) -> Round:
    """A saved menu file is applied."""
    async with house.database.reading() as session:
        tried = await digests(session)

    async def applied(text: str) -> int:
        return await house.apply_menus(text, by="文件", note="保存后自动应用")

    return Round("menu file", Watcher(house.settings.menus, applied, tried).poll, 1)


def _kinds(house: House, official_id: int, *, certified: bool) -> dict[str, Work]:
    """The work of staff. `certified`: the account may make QR codes; others may not."""
    return {
        **staff_work.KINDS,
        **after_activities.KINDS,
        **notice_templates.kinds(house.accounts, house.wechat, house.miniprogram),
        **panoramas.KINDS,
        **publishing_figures.KINDS,
        **posters.kinds(house.wechat if certified else None),
        **campaign_drafts.kinds(_drawer(house)),
        **wechat_previews.kinds(house.wechat, official_id),
        **sent_articles.kinds(house.wechat),
    }
