"""Tables and their states, one module per feature. Import them from here."""

from models.activity import (
    ANNOUNCED,
    HOLDING,
    LIVE,
    UNANNOUNCED,
    Activity,
    ActivityMove,
    ActivityState,
    Again,
    Allocation,
    SignUp,
    SignUpMove,
    SignUpState,
)
from models.activity_change import ActivityChange
from models.activity_feedback import ActivityFeedback, FeedbackAnswer
from models.activity_review import ActivityReview
from models.album import Album, AlbumPhoto, AlbumSeen, PhotoObjection, PhotoState
from models.alert import AlertState, CrisisAlert
from models.api_session import ApiSession
from models.appointment import (
    AdviceSlot,
    Appointment,
    AppointmentMove,
    AppointmentState,
    AppointmentStep,
    SlotPlace,
    SlotState,
)
from models.article import Article, ArticleCategory, ArticleClicks, ArticleMove, ArticleReads, ArticleState
from models.article_comment import ArticleComment, CommentReport
from models.article_mark import ArticleFavourite, ArticleLike, ArticleVisit
from models.article_media import ArticleCut, ArticleMedia, MediaOwner, MediaSort
from models.article_text import ArticleGram, ArticleText
from models.backup import Backup
from models.base import Base
from models.board import (
    BoardAnswer,
    BoardCheck,
    BoardLike,
    BoardMove,
    BoardName,
    BoardPost,
    BoardReport,
    BoardState,
    BoardTopic,
    ReportReason,
)
from models.campaign import (
    Campaign,
    CampaignArticle,
    CampaignDelivery,
    CampaignMove,
    CampaignRefusal,
    CampaignState,
    CampaignWay,
    MassOrder,
)
from models.canned_reply import CannedReply
from models.care import Care
from models.case import OVER, Case, CaseEntry, CaseKind, CaseReporter, CaseState, EntryKind
from models.case_beside import CaseDraft, CaseMention, CaseReminder, CaseSeen
from models.case_knowledge import CaseKnowledge
from models.case_rating import CaseRating
from models.check_in import CheckInAnswer, CheckInScan
from models.clarification import (
    PUBLIC,
    Clarification,
    ClarificationMove,
    ClarificationReport,
    ClarificationState,
    ClarificationUpdate,
    HeardFrom,
    RefusedFor,
    Verdict,
)
from models.complaint import CaseLink, Complaint, ComplaintPart, ComplaintSort, Naming
from models.consultation import Basis, Consultation, Employment, Urgency
from models.content import (
    OPEN_DRAFTS,
    ContentComment,
    ContentDraft,
    ContentKind,
    ContentMove,
    ContentRevision,
    ContentSteps,
    ContentWord,
    WordLevel,
)
from models.coordination import AccessToken, Counter, Lease, SharedVersion
from models.customer import AccountBinding, BindingState, CustomerAccount
from models.department import Department, DepartmentStaff
from models.dialogue import Dialogue, DialogueState
from models.digest import DigestCopy, DigestWeek, DigestWish
from models.duty import CaseQueue, DutyRoom, DutySetting, DutyShift, Half, StaffSkill
from models.evidence import Evidence
from models.identity import (
    Account,
    AccountKind,
    Follower,
    FollowerTag,
    MergeState,
    Person,
    PersonMerge,
)
from models.interest import Interest, InterestChoice
from models.kept_answer import KeptAnswer
from models.knowledge import LawAnswer, QuestionState, ShippedRow, Signpost, Tip, UnansweredQuestion
from models.legal_aid import AidMatter, LegalAid
from models.live import LivePhase, LiveSession, LiveState, LiveVisit
from models.member import (
    LINEAGE,
    Branch,
    BranchMove,
    Guess,
    Member,
    MemberEvent,
    MemberKind,
    MemberMove,
    Membership,
    Sex,
)
from models.member_change import ChangeKind, MemberChange
from models.membership_application import MembershipApplication
from models.menu import MenuHit, MenuLook, MenuPushStep, MenuRevision, StepState
from models.message import Message, MessageState, PushCount, PushTrouble
from models.notice import KnownTemplate, NoticeConsent, NoticeTemplate, TemplateKind
from models.outbox import DeliveryState, Outbox, Way
from models.outlet import ArticlePost, Outlet, OutletKind, PostEvent, PostState
from models.panorama import (
    Hotspot,
    HotspotKind,
    Panorama,
    PanoramaPicture,
    PanoramaScene,
    PanoramaState,
    PanoramaTile,
    PictureState,
)
from models.portal_session import DeviceKind, PortalSession
from models.poster import Poster, PosterScan
from models.privacy import Consent, ConsentEnd, PrivacyRequest, RequestKind
from models.sign_up_help import SignUpHelp
from models.sitting import SittingArrival
from models.staff import (
    Role,
    Staff,
    StaffGrant,
    StaffLink,
    StaffRecoveryCode,
    StaffSession,
    StaffState,
    StaffTry,
)
from models.staff_act import StaffAct, StaffActSeal
from models.staff_job import JobState, StaffJob
from models.staff_upload import StaffUpload, UploadKind, UploadState
from models.stored_file import FileState, MediaFetch, StoredFile
from models.team import Team
from models.verification import VerificationFile
from models.walk import FOLLOWERS, Listed, TagChange, Walk, WalkKind, WalkStep
from models.wechat_article import WeChatArticle, WeChatArticleState, WeChatBodyPicture, WeChatPicture
from models.wechat_figures import (
    WeChatArticleDay,
    WeChatArticleFigure,
    WeChatCourse,
    WeChatFetch,
    WeChatFollowerDay,
    WeChatTable,
)
