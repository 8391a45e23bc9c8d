"""One row in every table that holds sealed values, for tests of keys and of what a copy must hold."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import Database
from models import (
    AccessToken,
    Account,
    AccountBinding,
    AccountKind,
    AdviceSlot,
    AidMatter,
    AlertState,
    Allocation,
    Appointment,
    AppointmentMove,
    AppointmentState,
    Article,
    ArticleCategory,
    ArticleComment,
    ArticleState,
    Base,
    BindingState,
    BoardAnswer,
    BoardCheck,
    BoardMove,
    BoardName,
    BoardPost,
    BoardReport,
    BoardState,
    BoardTopic,
    Branch,
    Care,
    Case,
    CaseDraft,
    CaseEntry,
    CaseKind,
    CaseRating,
    CaseReminder,
    CaseReporter,
    CaseState,
    ChangeKind,
    Clarification,
    ClarificationReport,
    ClarificationState,
    Complaint,
    ComplaintPart,
    ComplaintSort,
    Consultation,
    CrisisAlert,
    DeliveryState,
    Department,
    DeviceKind,
    Dialogue,
    DialogueState,
    EntryKind,
    Evidence,
    FeedbackAnswer,
    FileState,
    Follower,
    HeardFrom,
    JobState,
    KeptAnswer,
    LegalAid,
    Member,
    MemberChange,
    MemberEvent,
    MemberKind,
    MemberMove,
    MembershipApplication,
    Message,
    MessageState,
    Naming,
    Outbox,
    Outlet,
    OutletKind,
    Person,
    PrivacyRequest,
    ReportReason,
    RequestKind,
    SignUp,
    SignUpState,
    SlotPlace,
    Staff,
    StaffAct,
    StaffJob,
    StaffSession,
    StaffState,
    StaffUpload,
    StoredFile,
    UnansweredQuestion,
    UploadKind,
    UploadState,
    Urgency,
)
from tests import making
from tests.conftest import NOON


async def fill(database: Database) -> None:
    """One row in every table that holds sealed values."""
    async with database.transaction() as session:
        person = Person(created_at=NOON)
        account = Account(app_id="wx1", kind=AccountKind.OFFICIAL)
        case = Case(kind=CaseKind.DESK, number="RG-2026-0001", state=CaseState.SUBMITTED, opened_at=NOON)
        branch = Branch(name="公司工会", lineage="公司工会", created_at=NOON)
        shown, original = stored(), stored()
        session.add_all([person, account, case, branch, shown, original])
        await session.flush()
        follower = Follower(account_id=account.id, openid="o1", person_id=person.id)
        badminton = await making.activity(session, allocation=Allocation.LOT)
        await making.account(session)
        li, post, wang = member(branch.id), on_board(person.id), of_staff()
        news, office = written_on()
        session.add_all([follower, li, wang, post, news, office])
        await session.flush()
        session.add_all(
            [
                *keys_of_others(),
                *brought(case.id, person.id),
                Consultation(
                    case_id=case.id,
                    details={"opponent_name": "红星煤矿"},
                    urgency=Urgency.NORMAL,
                    consent_version="1",
                    consent_at=NOON,
                ),
                *complained(case.id, office.id),
                received(shown.id, original.id),
                alert(person.id),
                *signed_up(badminton.id, person.id),
                MemberMove(
                    member_id=li.id,
                    what=MemberEvent.CHANGED,
                    changes={"phone": [None, li.phone]},
                    by="王强",
                    channel="cli",
                    at=NOON,
                ),
                bound(person.id),
                *(*beside(case.id, wang.id), *asked(case.id, li.id)),
                *worked(wang),
                *below(post.id, wang.id, comment(news.id, person.id)),
                KeptAnswer(key_digest=bytes(16), call_digest=bytes(16), answer={"status": 201}, at=NOON),
                *said(account.id, follower.id),
                question("电费"),
            ]
        )
        await _book(session, wang.id, person.id)


def brought(case_id: int, person_id: int) -> list[Base]:
    """The first words of a case, and whose they are."""
    words = [{"text": "家里的事"}]
    return [
        CaseEntry(case_id=case_id, kind=EntryKind.MEMBER, blocks=words, created_at=NOON),
        CaseReporter(case_id=case_id, person_digest=bytes(16), reporter={"person_id": person_id}),
    ]


def beside(case_id: int, staff_id: int) -> list[Base]:
    """What lies beside a case."""
    return [
        CaseRating(case_id=case_id, ends_at=NOON, score=2, words="等了太久"),
        Care(case_id=case_id, details={"called": "小雨"}, consent_version="1", consent_at=NOON),
        LegalAid(
            case_id=case_id,
            matter=AidMatter.WAGES,
            details={"opponent_name": "红星煤矿"},
            consent_version="1",
            consent_at=NOON,
        ),
        CaseDraft(case_id=case_id, staff_id=staff_id, text="已经转给", saved_at=NOON),
        CaseReminder(case_id=case_id, staff_id=staff_id, why="问问结果", due_at=NOON, created_at=NOON),
    ]


def complained(case_id: int, department_id: int) -> list[Base]:
    """A complaint, and what another department was asked about it."""
    return [
        Complaint(
            case_id=case_id,
            sort=ComplaintSort.COMPLAINT,
            naming=Naming.NICKNAME,
            nickname="小雨",
            about="王经理那里",
            reminded=False,
        ),
        ComplaintPart(
            case_id=case_id,
            department_id=department_id,
            question="账怎么记的",
            asked_at=NOON,
            due_at=NOON,
            answer="记在福利费",
        ),
    ]


def asked(case_id: int, member_id: int) -> list[Base]:
    """What people asked for, with the facts they gave."""
    return [
        MembershipApplication(
            case_id=case_id,
            kind=MemberKind.IN_SERVICE,
            facts={"name": "李娜"},
            declaration_version="1",
            declared_at=NOON,
        ),
        MemberChange(
            case_id=case_id, member_id=member_id, what=ChangeKind.PHONE, facts={"phone": "13900001111"}
        ),
        PrivacyRequest(
            number="QX-2026-0001",
            kind=RequestKind.DELETE,
            channel="portal",
            asked_at=NOON,
            outcome=[["对话", "3 条"]],
        ),
    ]


def on_board(person_id: int) -> BoardPost:
    return BoardPost(
        author={"person_id": person_id},
        naming=BoardName.NOBODY,
        name="匿名职工",
        topic=BoardTopic.CANTEEN,
        title="晚饭",
        text="早一点",
        state=BoardState.REFUSED,
        reason="重复",
        written_at=NOON,
        verdict=BoardCheck.PASSED,
    )


def rumour() -> Clarification:
    return Clarification(
        number="PY-2026-0001",
        state=ClarificationState.REPORTED,
        wordings=["电费要涨一倍"],
        created_at=NOON,
    )


def heard(rumour_id: int, person_id: int) -> ClarificationReport:
    return ClarificationReport(
        clarification_id=rumour_id,
        person={"person_id": person_id},
        words="听说电费要涨一倍",
        heard=HeardFrom.WECHAT,
        channel="chat",
        at=NOON,
    )


async def _book(session: AsyncSession, staff_id: int, person_id: int) -> None:
    booked, claim = appointment(staff_id, person_id), rumour()
    session.add_all([booked, claim])
    await session.flush()
    session.add_all([called_off(booked.id), heard(claim.id, person_id)])


def appointment(staff_id: int, person_id: int) -> Appointment:
    slot = AdviceSlot(
        staff_id=staff_id,
        kind=CaseKind.COUNSELLING,
        series="a",
        starts_at=NOON,
        ends_at=NOON,
        place=SlotPlace.PHONE,
    )
    return Appointment(
        slot=slot,
        kind=CaseKind.COUNSELLING,
        person={"person_id": person_id},
        called="小雨",
        phone="13812345678",
        words="睡不好",
        by_phone=True,
        booked_at=NOON,
    )


def called_off(appointment_id: int) -> AppointmentMove:
    state = AppointmentState.CALLED_OFF
    return AppointmentMove(
        appointment_id=appointment_id, to_state=state, reason="出差", channel="console", at=NOON
    )


def written_on() -> tuple[Article, Department]:
    """What comments and complaints are about."""
    news = Article(
        category=ArticleCategory.UNION,
        title="立冬特巡",
        blocks=[],
        state=ArticleState.PUBLISHED,
        created_at=NOON,
        updated_at=NOON,
    )
    return news, Department(name="后勤部", created_at=NOON)


def comment(article_id: int, person_id: int) -> ArticleComment:
    return ArticleComment(
        article_id=article_id,
        author={"person_id": person_id},
        naming=BoardName.NOBODY,
        name="匿名职工",
        text="辛苦了",
        state=BoardState.REFUSED,
        reason="重复",
        reply="谢谢",
        written_at=NOON,
    )


def below(post_id: int, staff_id: int, *more: Base) -> list[Base]:
    """What others say of a post."""
    said = {"by": "王强", "at": NOON}
    return [
        *more,
        BoardAnswer(post_id=post_id, staff_id=staff_id, unit="后勤部", text="好的", **said),
        BoardReport(post_id=post_id, reason=ReportReason.OTHER, words="重复", at=NOON),
        BoardMove(post_id=post_id, to_state=BoardState.REFUSED, reason="重复", channel="console", **said),
    ]


def of_staff() -> Staff:
    return Staff(
        login="wang.qiang",
        name="王强",
        state=StaffState.ACTIVE,
        totp_secret="JBSWY3DPEHPK3PXP",
        created_at=NOON,
    )


def worked(staff: Staff) -> list[Base]:
    """What somebody of staff did."""
    return [
        StaffSession(
            staff_id=staff.id,
            mark_digest=bytes(32),
            device=DeviceKind.WINDOWS,
            address="10.0.0.7",
            started_at=NOON,
            seen_at=NOON,
        ),
        StaffAct(
            at=NOON,
            staff_id=staff.id,
            by=staff.name,
            channel="console",
            act="staff.reset",
            reason="手机丢了",
            changes=[{"table": "staff", "id": 1, "before": {}, "after": {}}],
            address="10.0.0.7",
        ),
        StaffUpload(
            staff_id=staff.id,
            kind=UploadKind.ROSTER,
            state=UploadState.READY,
            name="花名册.xlsx",
            preview={"wrong": []},
            created_at=NOON,
        ),
        StaffJob(
            kind="members.import",
            title="导入花名册",
            staff_id=staff.id,
            state=JobState.WAITING,
            given={"file": "花名册.xlsx"},
            created_at=NOON,
        ),
    ]


def signed_up(activity_id: int, person_id: int) -> list[Base]:
    """And what somebody thinks of it afterwards."""
    said = FeedbackAnswer(activity_id=activity_id, answers={"f1": "5"}, day=NOON)
    return [sign_up(activity_id, person_id), said]


def sign_up(activity_id: int, person_id: int) -> SignUp:
    return SignUp(
        activity_id=activity_id,
        person_id=person_id,
        state=SignUpState.CONFIRMED,
        answers={"size": "L"},
        party={"guests": [{"name": "小明", "age": 8}]},
        signed_up_at=NOON,
    )


def member(branch_id: int) -> Member:
    return Member(
        staff_number="10001",
        name="李建国",
        born_on="1985-03-05",
        phone="13812345678",
        branch_id=branch_id,
        kind=MemberKind.IN_SERVICE,
        updated_at=NOON,
    )


def bound(person_id: int) -> AccountBinding:
    return AccountBinding(
        person_id=person_id,
        number="6101234567",
        number_digest=bytes(16),
        nickname="老家",
        state=BindingState.UNVERIFIED,
        bound_at=NOON,
    )


def keys_of_others() -> list[Base]:
    """What opens doors at WeChat and elsewhere."""
    outlet = Outlet(
        kind=OutletKind.WEBHOOK,
        name="县融媒体中心",
        secret="a key to sign with",
        by_itself=True,
        active=True,
        since=NOON,
        by="王强",
        created_at=NOON,
        changed_at=NOON,
    )
    return [AccessToken(app_id="wx1", value="token", expires_at=NOON), outlet]


def alert(person_id: int) -> CrisisAlert:
    return CrisisAlert(
        key="a",
        person_id=person_id,
        channel="chat",
        excerpt="不想活了",
        case_number="XL-2026-0001",
        state=AlertState.WAITING,
        created_at=NOON,
        due_at=NOON,
    )


def said(account_id: int, follower_id: int) -> list[Base]:
    """A message, the dialogue it belongs to, and what goes out."""
    dialogue: dict[str, Any] = {
        "args": {"a": "b"},
        "answers": [["story", "家里的事"]],
        "pending": {"key": "ok"},
        "started_at": NOON,
        "updated_at": NOON,
        "expires_at": NOON,
    }
    message: dict[str, Any] = {
        "kind": "text",
        "state": MessageState.ANSWERED,
        "request_id": "r",
        "received_at": NOON,
        "body": "<xml>家里的事</xml>",
        "reply": {"type": "text", "content": "收到"},
    }
    effect: dict[str, Any] = {"payload": {"type": "text"}, "created_at": NOON, "due_at": NOON}
    return [
        Dialogue(ref="d", follower_id=follower_id, flow="f", version=1, state=DialogueState.OPEN, **dialogue),
        Message(account_id=account_id, key="m", follower_id=follower_id, **message),
        Outbox(key="e", kind="cases.answered", state=DeliveryState.QUEUED, **effect),
    ]


def stored() -> StoredFile:
    return StoredFile(kind="image", state=FileState.EXPECTED, created_at=NOON)


def received(file_id: int, original_id: int) -> Evidence:
    key, source = "00" * 32, AccountKind.OFFICIAL
    return Evidence(file_id=file_id, original_id=original_id, key=key, source=source, received_at=NOON)


def question(text: str, digest: bytes = bytes(16)) -> UnansweredQuestion:
    return UnansweredQuestion(text=text, digest=digest, first_at=NOON, last_at=NOON)
