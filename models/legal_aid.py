"""What a 法律援助申请 knows beyond its case: the matter, what was told and promised, its clocks, who decided.

One row per case of kind `legal_aid`. State, thread, who carries it (`owner_id`) and who brought it are the
case's. What orders work is plain; whatever tells about people is sealed. Not here: the moves
(`app.services.case_moves`), what the clocks count (`app.services.legal_aid_clocks`).
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.consultation import Basis
from models.types import SealedJSON

_DUE = ("due_at", "near_at", "reminder_due_at", "supplement_due_at")


class AidMatter(StrEnum):
    """What aid may be asked for: 《法律援助法》第三十一条; of a contract by the unions' own rules."""

    WAGES = "wages"  # and whether somebody is employed at all
    CONTRACT = "contract"
    INJURY = "injury"
    INSURANCE = "insurance"
    PENSION = "pension"
    SUPPORT = "support"
    STATE = "state"
    INCAPACITY = "incapacity"
    POLLUTION = "pollution"
    OTHER = "other"

    @property
    def label(self) -> str:
        return _MATTERS[self]


_MATTERS = {
    AidMatter.WAGES: "确认劳动关系、追讨工资",
    AidMatter.CONTRACT: "劳动合同、辞退等劳动争议",
    AidMatter.INJURY: "工伤、交通、食品药品、医疗事故的损害",
    AidMatter.INSURANCE: "社会保险、社会救助",
    AidMatter.PENSION: "抚恤金",
    AidMatter.SUPPORT: "赡养费、抚养费、扶养费",
    AidMatter.STATE: "国家赔偿",
    AidMatter.INCAPACITY: "认定无民事行为能力",
    AidMatter.POLLUTION: "环境污染、生态破坏",
    AidMatter.OTHER: "其他",
}


class LegalAid(Base):
    __tablename__ = "legal_aid"
    __table_args__ = tuple(
        sa.Index(
            f"ix_legal_aid_{due}",
            due,
            sqlite_where=sa.text(f"{due} IS NOT NULL"),
            postgresql_where=sa.text(f"{due} IS NOT NULL"),
        )
        for due in _DUE
    )

    case_id: Mapped[int] = mapped_column(sa.ForeignKey("case.id"), unique=True)
    consultation_id: Mapped[int | None] = mapped_column(sa.ForeignKey("case.id"))  # from which it came
    matter: Mapped[AidMatter]
    own_company: Mapped[bool] = mapped_column(default=False)  # the opponent: never to its legal department
    details: Mapped[object | None] = mapped_column(
        SealedJSON("legal_aid.details")  # app.services.legal_aid_facts; None: forgotten
    )

    deadline_on: Mapped[date | None]  # of the law: the nearest that is ahead, else the last that is passed
    deadline_basis: Mapped[Basis | None]
    preservation: Mapped[bool] = mapped_column(default=False)  # must be applied for at once
    fast_track: Mapped[bool] = mapped_column(default=False)  # help first, papers later

    consent_version: Mapped[str] = mapped_column(sa.String(16))
    consent_at: Mapped[datetime]
    promised_at: Mapped[datetime | None]  # 个人诚信承诺, in place of a proof of income

    # Due times, by days of the calendar; those of ours are None while nothing is owed.
    due_at: Mapped[datetime | None]  # a decision, somebody assigned, or an objection looked at: by the state
    near_at: Mapped[datetime | None]  # when staff are reminded
    overdue: Mapped[bool] = mapped_column(default=False)
    supplement_due_at: Mapped[datetime | None]  # until when the member may bring what is missing
    reminder_due_at: Mapped[datetime | None]  # of the member
    objection_until: Mapped[datetime | None]

    supplement_asked_at: Mapped[datetime | None]  # of the one list there may be
    papers_at: Mapped[datetime | None]  # when they were complete
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(sa.BigInteger)  # of staff; objections go to another
    assigned_at: Mapped[datetime | None]
