"""Tables and their states, one module per feature. Import them from here."""

from models.activity import (
    HOLDING,
    LIVE,
    Activity,
    ActivityMove,
    ActivityState,
    SignUp,
    SignUpMove,
    SignUpState,
)
from models.alert import AlertState, CrisisAlert
from models.api_session import ApiSession
from models.article import Article, ArticleCategory, ArticleMove, ArticleReads, ArticleState
from models.base import Base
from models.case import OVER, Case, CaseEntry, CaseKind, CaseReporter, CaseState, EntryKind
from models.consultation import Basis, Consultation, Employment, Urgency
from models.coordination import AccessToken, Counter, Lease, SharedVersion
from models.dialogue import Dialogue, DialogueState
from models.identity import (
    Account,
    AccountKind,
    Follower,
    FollowerTag,
    MergeState,
    Person,
    PersonMerge,
)
from models.kept_answer import KeptAnswer
from models.knowledge import LawAnswer, ShippedRow, Signpost, Tip, UnansweredQuestion
from models.member import (
    LINEAGE,
    Branch,
    Guess,
    Member,
    MemberEvent,
    MemberKind,
    MemberMove,
    Membership,
    Sex,
)
from models.menu import MenuHit, MenuLook, MenuPushStep, MenuRevision, StepState
from models.message import Message, MessageState
from models.notice import NoticeTemplate
from models.outbox import DeliveryState, Outbox, Way
from models.stored_file import FileState, MediaFetch, StoredFile

__all__ = [
    "HOLDING",
    "LINEAGE",
    "LIVE",
    "OVER",
    "AccessToken",
    "Account",
    "AccountKind",
    "Activity",
    "ActivityMove",
    "ActivityState",
    "AlertState",
    "ApiSession",
    "Article",
    "ArticleCategory",
    "ArticleMove",
    "ArticleReads",
    "ArticleState",
    "Base",
    "Basis",
    "Branch",
    "Case",
    "CaseEntry",
    "CaseKind",
    "CaseReporter",
    "CaseState",
    "Consultation",
    "Counter",
    "CrisisAlert",
    "DeliveryState",
    "Dialogue",
    "DialogueState",
    "Employment",
    "EntryKind",
    "FileState",
    "Follower",
    "FollowerTag",
    "Guess",
    "KeptAnswer",
    "LawAnswer",
    "Lease",
    "MediaFetch",
    "Member",
    "MemberEvent",
    "MemberKind",
    "MemberMove",
    "Membership",
    "MenuHit",
    "MenuLook",
    "MenuPushStep",
    "MenuRevision",
    "MergeState",
    "Message",
    "MessageState",
    "NoticeTemplate",
    "Outbox",
    "Person",
    "PersonMerge",
    "Sex",
    "SharedVersion",
    "ShippedRow",
    "SignUp",
    "SignUpMove",
    "SignUpState",
    "Signpost",
    "StepState",
    "StoredFile",
    "Tip",
    "UnansweredQuestion",
    "Urgency",
    "Way",
]
