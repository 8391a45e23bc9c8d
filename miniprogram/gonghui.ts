// 由 `make client` 从 /api/v1/openapi.json 生成，不要手改。用法见 docs/api.md。

/** 微信小程序给的，这里只用这几样。 */
declare const wx: {
  request(options: {
    url: string;
    method: string;
    data?: string;
    header: Record<string, string>;
    dataType: string;
    responseType: string;
    timeout: number;
    success(answer: { statusCode: number; data: unknown; header: Record<string, string> }): void;
    fail(error: { errMsg: string }): void;
  }): unknown;
  uploadFile(options: {
    url: string;
    filePath: string;
    name: string;
    formData: Record<string, string>;
    header: Record<string, string>;
    timeout: number;
    success(answer: { statusCode: number; data: string }): void;
    fail(error: { errMsg: string }): void;
  }): unknown;
  login(options: { success(answer: { code: string }): void; fail(error: { errMsg: string }): void }): void;
};
declare function setTimeout(act: () => void, milliseconds: number): unknown;

export type AccountOut = {
  id: string;
  /** 只有尾号 */
  number: string;
  nickname: string | null;
  /** unverified 未核实，verified 已核实 */
  state: BindingState;
  /** 未核实时只是本人选的 */
  area: string | null;
  /** 核实后才有，不全显示 */
  owner: string | null;
  /** 核实后才有，不全显示 */
  address: string | null;
  bound_at: string;
  verified_at: string | null;
};
export type AccountsOut = {
  accounts: Array<AccountOut>;
  /** 可以选的片区 */
  areas: Array<string>;
};
export type ActivityPage = {
  items: Array<ListedOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
};
export type ActivityState = "draft" | "in_review" | "published" | "registration_open" | "registration_closed" | "ongoing" | "ended" | "archived" | "cancelled";
export type AddedOut = {
  /** 不是空的就先显示它：该打哪个电话、先做什么 */
  danger: string;
  case: WholeCaseOut;
};
export type AgreedIn = {
  /** 弹窗里回答 accept 的 */
  templates: Array<string>;
};
export type AlbumCardOut = {
  activity_id: string;
  title: string;
  starts_at: string;
  /** 公开的照片有几张 */
  count: number;
  /** 封面的小图：一两个小时里有效，不用令牌，直接给 image 用 */
  cover: string;
};
export type AlbumOut = {
  activity_id: string;
  title: string;
  seen_by: AlbumSeen;
  /** 谁看得到 */
  seen_by_label: string;
  /** 公开的照片一共几张 */
  count: number;
  /** 公开的，按顺序 */
  items: Array<PhotoOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
  /** 我给的，各种状态都有；只在第一页 */
  own: Array<PhotoOut>;
  /** 我现在能不能加照片 */
  may_add: boolean;
  /** 不能加的原因，可以直接显示 */
  obstacle: string;
  /** 加照片前请本人确认的话 */
  agreed: string;
  /** 一张最大多少 MB */
  largest: number;
};
export type AlbumSeen = "everybody" | "members" | "participants";
export type AlbumsOut = {
  items: Array<AlbumCardOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
};
export type Allocation = "first_come" | "lot" | "quota";
/** 入会申请表。declaration 填 GET /me/joining/form 给出的版本，表示本人看过并确认了声明。 */
export type ApplicationIn = {
  name: string;
  /** 男、女 */
  sex: string;
  born_on: string;
  phone: string;
  /** 在职、劳务派遣 */
  kind: string;
  staff_number?: string;
  post?: string;
  /** 组织的 id；说不清就不填 */
  branch?: string;
  declaration?: string;
};
export type ApplicationOut = {
  number: string;
  state: CaseState;
  state_label: string;
  /** 最迟什么时候答复；等本人补正时没有 */
  due_at: string | null;
  /** 要补正什么，或为什么没有通过 */
  asked: string;
  steps: Array<StepOut>;
};
export type ArticleCategory = "union" | "policy" | "rights" | "notice" | "safety" | "people";
export type ArticleOut = {
  id: string;
  category: ArticleCategory;
  category_label: string;
  title: string;
  summary: string;
  author: string;
  published_at: string;
};
export type ArticlePage = {
  items: Array<ArticleOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
};
export type AskedActivitiesOut = {
  items: Array<AskedActivityOut>;
};
export type AskedActivityOut = {
  activity_id: string;
  title: string;
  /** 活动结束的时间 */
  ends_at: string;
};
export type AskedOut = {
  number: string;
  /** 最迟什么时候答复 */
  due_at: string | null;
};
/** A file to be taken away. `ending` says what it is: pdf, docx, xlsx, zip. */
export type Attachment = {
  type: "attachment";
  file: string;
  name: string;
  ending: string;
  size: number;
};
/** 户号，名称和片区可以不写。 */
export type BindIn = {
  /** 10 位或 13 位 */
  number: string;
  nickname?: string | null;
  /** 从 areas 里选 */
  area?: string | null;
  /** 本人同意的说明的版本，见 /me/privacy/consents */
  consent_version: string;
};
export type BindingState = "unverified" | "verified";
export type BranchOut = {
  id: string;
  name: string;
  /** 第几级，最上面是 0；紧跟在上级后面 */
  depth: number;
};
export type CallOut = {
  number: string;
  name: string;
};
export type CaptainIn = {
  /** people 里那一位的 id */
  member_id: string;
};
/** Something of ours that is looked up when it is shown; `title` is what it was called when chosen. */
export type Card = {
  type: "activity" | "panorama" | "tip";
  key: string;
  title: string;
};
export type CaseKind = "desk" | "feedback" | "consultation" | "counselling" | "health" | "complaint" | "application" | "member_change" | "legal_aid";
export type CaseOut = {
  /** 只在本人这里有用 */
  id: string;
  /** 可以念给工作人员听 */
  number: string;
  kind: CaseKind;
  kind_label: string;
  /** 没有问过的是空的 */
  topic: string;
  state: CaseState;
  state_label: string;
  anonymous: boolean;
  opened_on: string;
};
export type CasePage = {
  items: Array<CaseOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
};
export type CaseState = "submitted" | "triaged" | "assigned" | "in_progress" | "waiting_user" | "answered" | "reopened" | "closed" | "referred" | "cancelled" | "supplement" | "reviewing" | "approved" | "refused" | "granted" | "rejected" | "objection" | "upheld" | "concluded" | "terminated" | "deemed_withdrawn" | "accepted" | "not_accepted" | "dispatched" | "returned" | "extended" | "suspended" | "replied" | "merged";
export type CertificateOut = {
  sign_up_id: string;
  activity_id: string;
  title: string;
  name: string;
  when: string;
  /** 过夜的没有，是空的 */
  hours: string;
  /** 分几次办的：来了几次，例如 2/3；别的是空的 */
  share: string;
  place: string;
  organiser: string;
  number: string;
  /** 核对真伪用，见 /certificates/{code} */
  code: string;
  /** 核对真伪的网页，可以发给别人 */
  verify: string;
  /** PDF 的地址，一两个小时里有效，不用令牌：wx.downloadFile 下来，wx.openDocument 打开 */
  pdf: string;
};
export type CertificatePage = {
  items: Array<CertificateOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
};
/** 写了哪一项就改哪一项；null 是去掉。 */
export type ChangeIn = {
  nickname?: string | null;
  /** 核实后不能改 */
  area?: string | null;
};
export type ChangeKind = "phone" | "move";
export type ChangeOut = {
  number: string;
  /** phone 换手机号，move 换微信号 */
  what: ChangeKind;
  state: CaseState;
  state_label: string;
  /** 工作人员的答复；还没有就是空的 */
  answer: string;
};
export type ChangesOut = {
  mine: Array<ChangeOut>;
  /** 有人申请换走我的绑定，可以提出异议 */
  claimed: boolean;
};
export type ClarificationOut = {
  id: string;
  number: string;
  title: string;
  verdict: Verdict;
  verdict_label: string;
  /** 一句话的结论 */
  short: string;
  /** 哪个单位说的 */
  organ: string;
  published_at: string;
  /** 网页，可以分享 */
  address: string;
};
export type ClarificationPage = {
  items: Array<ClarificationOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
};
export type ClosingIn = {
  /** 本人知道注销以后不能恢复 */
  sure: boolean;
};
export type CodeIn = {
  /** wx.login 得到的 code */
  code: string;
};
/** 工号和姓名都要和花名册一致；写错哪一样，答复都一样。 */
export type ColleagueIn = {
  staff_number: string;
  name: string;
  /** 按活动 questions 的 key */
  answers?: Record<string, string>;
};
export type ComingIn = {
  /** 几个人，包括自己 */
  seats?: number;
  /** 按 questions 的 key */
  answers?: Record<string, string>;
  /** names_guests 的活动：每位同伴 */
  companions?: Array<CompanionIn>;
  /** 同伴有不满 14 周岁的，监护人 */
  guardian?: GuardianIn | null;
};
export type CompanionIn = {
  name: string;
  /** 活动那天几周岁 */
  age: number;
};
export type CompanionOut = {
  name: string;
  age: number;
};
export type ConditionOut = {
  heading: string;
  rule: string;
};
export type CorrectionIn = {
  what: string;
};
/** 本系列的另一场。 */
export type DateOut = {
  id: string;
  starts_at: string;
  place: string;
  /** 现在能不能报名 */
  takes_sign_ups: boolean;
};
export type DeletionIn = {
  parts: Array<Part>;
};
export type DeviceOut = {
  /** 退出时用，只对本人有用 */
  id: string;
  /** 什么设备；小程序的登录都叫小程序 */
  label: string;
  /** 登录时间 */
  started_at: string;
  /** 就是现在用的这一次登录 */
  is_this: boolean;
};
export type DevicesOut = {
  items: Array<DeviceOut>;
};
/** 不订阅也能看本周的。 */
export type DigestIn = {
  on: boolean;
};
export type DigestOut = {
  /** 是否订阅了，每周收一条 */
  on: boolean;
  /** 什么时候发 */
  sent: string;
  /** 本周的，最多 5 篇；没有新文章时是空的 */
  items: Array<PickedOut>;
};
export type DoorOut = {
  /** 固定不变 */
  key: string;
  name: string;
  about: string;
  group: string;
  /** 网页的路径，或 tel: 开头的电话 */
  to: string;
  /** 在公众号里办的：该发哪几个字 */
  say: string | null;
  /** all 所有人，members 只给会员，others 还不是会员的人 */
  whose: Whose;
};
export type DoorsOut = {
  items: Array<DoorOut>;
};
export type EarnedOut = {
  sign_up_id: string;
  activity_title: string;
  /** 算在这一天所在的年份 */
  starts_at: string;
  /** 签到了几次；分几次办的可能多于 1 */
  times: number;
  points: number;
};
export type EntryOut = {
  id: string;
  topic: string;
  topic_label: string;
  title: string;
  /** 可能有生命危险：先显示电话 */
  urgent: boolean;
};
export type EntryPage = {
  items: Array<EntryOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
};
export type EvidenceFileOut = {
  /** 图片，或者附件 */
  sort: "picture" | "document";
  /** 附件叫什么；图片是图上有什么，给看不到图的人 */
  name: string;
  /** 文件的网址，不用登录 */
  address: string;
  /** 附件的格式和大小；图片是空的 */
  about: string;
  /** 图片的宽和高，像素；附件是 0 */
  width: number;
  height: number;
};
export type EvidenceOut = {
  text: string;
  /** 可能是空的 */
  url: string;
  /** 带的图片或附件；没有是 null */
  file: EvidenceFileOut | null;
};
/** 户名或登记手机号的后四位，正好写一样。 */
export type FactIn = {
  name?: string | null;
  phone_end?: string | null;
};
export type FeedbackIn = {
  /** 全部的答案，没有改的也要写上 */
  answers: Record<string, string>;
};
export type FeedbackKind = "stars" | "choice" | "text";
export type FeedbackOut = {
  title: string;
  questions: Array<FeedbackQuestionOut>;
  /** 打分的题可以选的，高的在前 */
  scores: Array<ScoreOut>;
  /** 文字最多多少个字 */
  longest: number;
  /** 我答的；还没有答是空的 */
  answers: Record<string, string>;
  /** 到这时为止可以答，也可以改 */
  closes_at: string;
  /** 请显示给本人看 */
  promise: string;
  /** 不是空的就先显示它：该打哪个电话、先做什么 */
  danger: string;
};
export type FeedbackQuestionOut = {
  /** answers 里的键 */
  key: string;
  prompt: string;
  kind: FeedbackKind;
  kind_label: string;
  /** 只有选择题有 */
  options: Array<string>;
  required: boolean;
};
/** `poster` is shown until it plays. */
export type Film = {
  type: "video";
  file: string;
  title: string;
  size: number;
  poster: Shot | null;
};
/** 填申请表要用的：入会声明和可以选的组织。 */
export type FormOut = {
  declaration: string;
  version: string;
  branches: Array<BranchOut>;
};
export type FoundOut = {
  kind: "tip" | "law" | "signpost";
  /** tip 和 law 可以再取全文 */
  id: string;
  title: string;
  /** 完整答案，可以直接显示 */
  text: string;
};
export type Gallery = {
  type: "gallery";
  shots: Array<Shot>;
};
export type GatheredOut = {
  /** 不是空的就先显示它：该打哪个电话、先做什么 */
  danger: string;
  team: TeamOut;
};
export type GivenPhotoOut = {
  /** false 是相册里已经有这一张，没有再放一次 */
  is_new: boolean;
  /** 可以直接显示 */
  words: string;
};
export type GuardianIn = {
  name: string;
  /** 看过 guardian_words 的话，表示同意 */
  agrees: boolean;
};
export type Heading = {
  type: "heading";
  level: 2 | 3;
  spans: Array<Span>;
};
export type HeardFrom = "wechat" | "video" | "web" | "phone" | "people" | "other";
/** 我替同事报的一次；本人办过以后，现在怎样由他自己看。 */
export type HelpedOut = {
  id: string;
  activity_id: string;
  activity_title: string;
  place: string;
  starts_at: string;
  ends_at: string;
  /** 替谁报的 */
  name: string;
  /** 现在怎样；本人办过以后是「本人已办理」 */
  label: string;
  /** 可以替他取消：本人还没有办过 */
  may_cancel: boolean;
};
export type HelpedPage = {
  items: Array<HelpedOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
};
export type HelpingOut = {
  /** 不是空的就先显示它：该打哪个电话、先做什么 */
  danger: string;
  helped: HelpedOut;
};
export type HotlineOut = {
  number: string;
  name: string;
  note: string;
  subject: Subject;
};
export type HotlinesOut = {
  items: Array<HotlineOut>;
};
export type HotspotKind = "scene" | "text" | "picture" | "activity";
export type InterestOut = {
  /** 编号，删除时用 */
  topic: string;
  label: string;
  /** 看过几次 */
  count: number;
  last_at: string;
};
export type InterestsOut = {
  /** 个性化推荐是否打开 */
  on: boolean;
  items: Array<InterestOut>;
};
export type Items = {
  type: "items";
  ordered: boolean;
  items: Array<Array<Span>>;
};
export type JoinIn = {
  /** 按活动 questions 的 key */
  answers?: Record<string, string>;
  /** 看完同意的是哪一版安全须知 */
  safety_version?: string;
};
export type LawOut = {
  id: string;
  topic: string;
  topic_label: string;
  title: string;
  /** 可能有生命危险：先显示电话 */
  urgent: boolean;
  /** 一两句话的答案 */
  short: string;
  steps: Array<string>;
  do_not: Array<string>;
  /** 依据 */
  law: Array<string>;
  /** 可以问谁 */
  calls: Array<CallOut>;
  caution: string;
  source: string;
  reviewed_on: string;
  /** 网页，可以分享 */
  address: string;
};
export type LawTopic = "wages" | "contract" | "dismissal" | "hours_leave" | "injury" | "insurance" | "women" | "dispatch" | "retirement" | "dispute" | "union" | "help";
export type LineOut = {
  what: string;
  done: string;
};
export type ListedOut = {
  id: string;
  title: string;
  summary: string;
  place: string;
  organiser: string;
  state: ActivityState;
  state_label: string;
  /** 报名开始 */
  opens_at: string;
  /** 报名截止 */
  closes_at: string;
  starts_at: string;
  ends_at: string;
  /** 分几次办的，每一次，按时间；只办一次的是空的 */
  sessions: Array<SessionOut>;
  /** 现在能不能报名 */
  takes_sign_ups: boolean;
  /** 本系列还有几场（除了这一场）；不是系列的是 0。各场的时间在 /activities/{id} 的 dates */
  more_dates: number;
};
export type LiveOut = {
  id: string;
  title: string;
  /** 可能是空的 */
  about: string;
  phase: LivePhase;
  phase_label: string;
  starts_at: string;
  ends_at: string;
  /** 封面图的地址，直接给 image 用；没有是空的 */
  cover: string;
  /** 图上是什么 */
  cover_alt: string;
};
export type LivePhase = "draft" | "scheduled" | "live" | "ended" | "replay" | "cancelled";
export type LiveStandingOut = {
  /** 要提醒我 */
  reminds: boolean;
  /** 在公众号里提醒的时间；来不及提醒、已经开始的是 null */
  reminder_at: string | null;
  /** 现在能不能要提醒 */
  may_remind: boolean;
  /** 算我看过这场了 */
  watched: boolean;
};
export type LivesOut = {
  items: Array<LiveOut>;
};
/** 在地图上的位置，GCJ-02 坐标。 */
export type MapOut = {
  latitude: number;
  longitude: number;
  name: string;
  /** 可能是空的 */
  address: string;
};
export type MeOut = {
  id: string;
  membership: MembershipOut | null;
};
export type MembershipOut = {
  staff_number: string;
  name: string;
  /** 从上到下 */
  branch: Array<string>;
  post: string;
  /** 在职、劳务派遣、退休 */
  kind: string;
  /** 已经离开：会员的权利不再有 */
  has_left: boolean;
};
export type MoreIn = {
  text: string;
};
export type NoticeOut = {
  /** 给 wx.requestSubscribeMessage */
  template_id: string;
  title: string;
  /** 已经同意、还能收几条 */
  remaining: number;
};
export type NoticesOut = {
  /** 最多 3 个，可能是空的：没有可订的就不要问 */
  items: Array<NoticeOut>;
};
export type ObjectionOut = {
  /** 已经先隐藏；false 是以前要求过，工作人员没有撤下 */
  hidden: boolean;
  /** 可以直接显示 */
  words: string;
};
export type OwnTeamOut = {
  /** 队里有谁、怎样了在 /teams/{id} */
  id: string;
  name: string;
  /** 我是队长 */
  is_captain: boolean;
};
export type PanoramaOut = {
  id: string;
  title: string;
  /** 可能是空的 */
  about: string;
  /** 1024×512 的小图，直接给 image 用 */
  preview: string;
};
export type PanoramasOut = {
  items: Array<PanoramaOut>;
};
export type Paragraph = {
  type: "paragraph";
  spans: Array<Span>;
};
export type Part = "messages" | "drafts" | "cases" | "answers" | "appointments" | "board";
export type PhoneIn = {
  phone: string;
};
export type PhotoOut = {
  id: string;
  /** 图下的字，可能是空的 */
  caption: string;
  /** 大图的宽，像素；还没有收到的是 0 */
  width: number;
  height: number;
  /** 小图，边长不超过 480：一两个小时里有效，不用令牌，直接给 image 用；还没有收到的是空的 */
  small: string;
  /** 大图，边长不超过 2048：一两个小时里有效，不用令牌，直接给 image 用 */
  large: string;
  /** 别人给的只看得到 shown；自己给的都看得到 */
  state: PhotoState;
  state_label: string;
  /** 未通过、撤下的原因；没有是空的 */
  reason: string;
  /** 我给的：可以删除；别人给的：可以要求撤下 */
  is_own: boolean;
};
export type PhotoState = "coming" | "pending" | "shown" | "objected" | "refused" | "removed";
export type PickedOut = {
  article_id: string;
  title: string;
  /** 为什么挑它，照原样给人看 */
  reason: string;
};
export type Picture = {
  type: "picture";
  shot: Shot;
};
export type PointsOut = {
  this_year: number;
  /** 历年一共 */
  total: number;
  items: Array<EarnedOut>;
};
/** Why a call was not done. */
export type Problem = {
  type: string;
  status: number;
  /** 固定不变，程序按它判断 */
  code: string;
  title: string;
  /** 可以直接给用户看 */
  detail: string;
  /** 报给工作人员，能查到这一次 */
  request_id: string;
  /** 哪一项不对、为什么 */
  fields: Array<Record<string, string>>;
};
/** 工号、姓名，再加一样：手机号后四位或出生日期。 */
export type ProofIn = {
  staff_number: string;
  name: string;
  phone_end?: string | null;
  born_on?: string | null;
  /** 本人同意的说明的版本，见 /me/privacy/consents */
  consent_version: string;
};
export type PurposeOut = {
  key: string;
  title: string;
  /** 同意时原样带回 */
  version: string;
  /** 同意之前给本人看的话 */
  question: string;
  /** 含敏感信息，要单独同意 */
  sensitive: boolean;
  /** 撤回以后会怎样 */
  withdrawing: string;
  /** 现在的版本，本人同意着 */
  agreed: boolean;
  agreed_at: string | null;
  /** 同意的是以前的说明：给本人看现在的，再 PUT 或 DELETE */
  outdated: boolean;
};
export type PurposesOut = {
  items: Array<PurposeOut>;
};
export type QuestionIn = {
  text: string;
};
export type QuestionKind = "text" | "choice" | "phone";
export type QuestionOut = {
  /** 报名时 answers 里的键 */
  key: string;
  prompt: string;
  kind: QuestionKind;
  /** 只有选择题有 */
  options: Array<string>;
  required: boolean;
};
export type QuotaOut = {
  /** 哪个组织的；最后一项可能是「其他人」 */
  name: string;
  seats: number;
  /** 还有几个；0 是满了，可以候补 */
  left: number;
};
export type Quote = {
  type: "quote";
  spans: Array<Span>;
};
export type RatingIn = {
  score: number;
  /** 想说的话；空的不改以前写的 */
  words?: string;
};
export type RatingOut = {
  /** 现在可以评价，或改评价 */
  may_rate: boolean;
  /** 还没有评是 null */
  score: number | null;
  score_label: string;
  words: string;
};
export type ReceiptOut = {
  /** 回执的页面是 /receipts/ 加这个编号 */
  id: string;
  number: string;
  kind: string;
  asked_at: string;
  lines: Array<LineOut>;
};
export type ReceiptsOut = {
  items: Array<ReceiptOut>;
};
export type RefreshIn = {
  refresh_token: string;
};
export type RenewalIn = {
  /** 本人同意的说明的版本，见 /me/privacy/consents */
  consent_version: string;
};
export type ReportIn = {
  /** 听到的说法 */
  words: string;
  /** 从哪里听到的 */
  heard: HeardFrom;
};
export type ReportedOut = {
  number: string;
  /** 已经核实过的，结论就是这个；没有是 null，有结果在公众号里告诉本人 */
  known: ClarificationOut | null;
  /** 不是空的就先显示它：该打哪个电话、先做什么 */
  danger: string;
};
export type SafetyOut = {
  text: string;
  /** 看完同意以后，报名时放进 safety_version */
  version: string;
};
export type SceneOut = {
  id: string;
  title: string;
  /** 图上有什么，给看不到图的人 */
  alt: string;
  /** 先朝哪边看 */
  yaw: number;
  pitch: number;
  /** 整张的小图（1024×512）：先显示它；不能三维显示的，让人左右滑动着看它 */
  preview: string;
  /** 小块的地址，三个数都从 0 起、从左上角数：第几级、横第几块、竖第几块 */
  tiles: string;
  /** 小块的边长，像素 */
  tile: number;
  /** 各级整张有多宽，高是一半；粗的在前 */
  widths: Array<number>;
  /** 可以点的地方 */
  spots: Array<SpotOut>;
};
export type ScoreOut = {
  /** 答案里写的 */
  value: string;
  label: string;
};
export type SearchOut = {
  /** 不是空的就先显示它：该打哪个电话、先做什么 */
  danger: string;
  /** hit：第一条就是答案；choices：问问是哪一条；miss：没有，已经记下 */
  outcome: "hit" | "choices" | "miss";
  found: Array<FoundOut>;
};
/** 分几次办的，其中一次；报一次名，每次都来。 */
export type SessionOut = {
  /** 第几次，从 1 开始 */
  number: number;
  starts_at: string;
  ends_at: string;
  /** 可能是空的 */
  title: string;
  /** 没有另外写的，就是活动的地点 */
  place: string;
};
/** One picture. Width and height, in pixels, are of its widest cut; 0: nobody has looked yet. */
export type Shot = {
  file: string;
  alt: string;
  caption: string;
  cut: string;
  width: number;
  height: number;
};
export type SignUpIn = {
  /** 几个人，包括自己 */
  seats?: number;
  /** 按 questions 的 key */
  answers?: Record<string, string>;
  /** names_guests 的活动：每位同伴 */
  companions?: Array<CompanionIn>;
  /** 同伴有不满 14 周岁的，监护人 */
  guardian?: GuardianIn | null;
  /** 看完同意的是哪一版安全须知 */
  safety_version?: string;
};
export type SignUpOut = {
  id: string;
  activity_id: string;
  activity_title: string;
  place: string;
  starts_at: string;
  ends_at: string;
  state: SignUpState;
  state_label: string;
  /** 现在怎样，可以直接显示 */
  standing: string;
  /** 几个人，包括自己 */
  seats: number;
  /** 报名时的回答 */
  answers: Record<string, string>;
  /** 登记了姓名和年龄的同伴 */
  companions: Array<CompanionOut>;
  signed_up_at: string;
  /** 空位留到几时；没有是 null */
  offer_expires_at: string | null;
  /** 可以 accept 或 decline */
  may_choose: boolean;
  may_cancel: boolean;
  /** 可以改人数和回答（PUT） */
  may_change: boolean;
  /** 可以重新报名 */
  may_return: boolean;
  /** 同事替我报的，我还没有表示过：可以 keep */
  may_keep: boolean;
  /** 谁替我报的；自己报的是空的 */
  helper: string;
  /** 我在哪支队里；没有是 null */
  team: OwnTeamOut | null;
  /** 放进二维码的内容：报名成功才有，取消就作废；画好的图在 /me/sign-ups/{id}/ticket */
  ticket: string | null;
  /** 不是空的就先显示它：该打哪个电话、先做什么 */
  danger: string;
};
export type SignUpPage = {
  items: Array<SignUpOut>;
  /** 放进 cursor 就是下一页；没有更多时是 null */
  next: string | null;
};
export type SignUpState = "forming" | "entered" | "pending_approval" | "confirmed" | "waitlisted" | "offered" | "offer_expired" | "declined" | "cancelled" | "rejected" | "checked_in" | "no_show";
export type Sound = {
  type: "audio";
  file: string;
  title: string;
  size: number;
};
/** Words of one look. `href` is https, or a path of our own. */
export type Span = {
  text: string;
  bold: boolean;
  href: string;
};
export type SpotOut = {
  kind: HotspotKind;
  label: string;
  /** 从画面正中向右的角度，-180 到 180 */
  yaw: number;
  /** 地平线以上的角度 */
  pitch: number;
  /** kind 是 scene：去哪一处 */
  scene_id: string | null;
  /** kind 是 activity：哪个活动 */
  activity_id: string | null;
  /** kind 是 text、picture：说明 */
  words: string;
  /** kind 是 picture：图的地址 */
  picture: string;
};
export type StandingOut = {
  /** 我的报名；没有报过是 null */
  sign_up: SignUpOut | null;
  may_sign_up: boolean;
  /** 不能报名的原因，可以直接显示 */
  obstacle: string;
  /** 我能用的名额还有几个；null 是不限 */
  left: number | null;
  /** 按组织分名额的，我用哪个组织的；别的是空的 */
  whose: string;
  /** 能报、要排在候补最后的原因，可以直接显示；一般是空的 */
  caution: string;
  /** 可以建一支队；不用组队的活动是 false */
  may_make_team: boolean;
  /** 组队报名的，不能建队的原因，可以直接显示 */
  team_obstacle: string;
  /** 可以替同事报名 */
  may_help: boolean;
  /** 能替同事报名的活动，我不能的原因，可以直接显示 */
  help_obstacle: string;
};
export type StepOut = {
  at: string;
  /** 这一步到了哪个状态 */
  state: CaseState | null;
  words: string;
};
export type Subject = "danger" | "electricity" | "union" | "law" | "mind" | "government";
export type SupplementIn = {
  text: string;
};
/** 关闭后马上停止记，已经记下的全部删除。 */
export type SwitchIn = {
  on: boolean;
};
export type TeamIn = {
  /** 按活动 questions 的 key */
  answers?: Record<string, string>;
  /** 看完同意的是哪一版安全须知 */
  safety_version?: string;
  /** 队名，最多 20 个字 */
  name: string;
};
export type TeamOut = {
  /** 谁有它，谁就能加入：转发给同事 */
  id: string;
  name: string;
  activity_id: string;
  activity_title: string;
  starts_at: string;
  /** 到时没有提交就解散了 */
  closes_at: string;
  /** 现在怎样：组队中、候补中、已报名、已解散…… */
  label: string;
  /** 还没有提交，还能加人 */
  gathers: boolean;
  /** 现在几人 */
  count: number;
  least: number;
  most: number;
  /** 队长是谁；职工才看得到，别人是空的 */
  captain: string;
  /** 队里有谁，队长在前；不在队里的看不到，是空的 */
  people: Array<TeamPersonOut>;
  may_join: boolean;
  /** 不能加入的原因，可以直接显示；在队里的是空的 */
  obstacle: string;
  /** 我是队长，人也够了：可以提交 */
  may_submit: boolean;
  /** 网页上的这支队 */
  address: string;
};
export type TeamPersonOut = {
  /** 请他出队、交队长时用；只给队长 */
  id: string | null;
  name: string;
  is_captain: boolean;
  is_me: boolean;
};
/** 要组队报名：POST /activities/{id}/teams 建队，别人用队的 id 加入，队长提交。 */
export type TeamSizeOut = {
  /** 每队最少几人，含队长 */
  least: number;
  most: number;
};
/** Everything that is shown at the door. */
export type TicketOut = {
  code: string;
  /** 二维码，直接给 image 用 */
  picture: string;
  /** 票号，扫不出来时念给工作人员 */
  number: string;
  /** 绑定了会员的有姓名，没有是空的 */
  name: string;
  activity_title: string;
  place: string;
  starts_at: string;
  /** 加到日历用 wx.addPhoneCalendar */
  ends_at: string;
  /** 几点开始签到；分几次办的是这一次 */
  check_in_opens_at: string;
  seats: number;
  /** 签到的时间；还没有是 null；分几次办的是这一次的 */
  checked_in_at: string | null;
  /** 分几次办的，每一次，按时间；只办一次的是空的 */
  sessions: Array<TicketSessionOut>;
};
/** 分几次办的，其中一次。 */
export type TicketSessionOut = {
  /** 第几次，从 1 开始 */
  number: number;
  starts_at: string;
  ends_at: string;
  /** 可能是空的 */
  title: string;
  place: string;
  check_in_opens_at: string;
  /** 这一次签到的时间；还没有是 null */
  checked_in_at: string | null;
};
export type TipOut = {
  id: string;
  topic: string;
  topic_label: string;
  title: string;
  /** 可能有生命危险：先显示电话 */
  urgent: boolean;
  /** 第一步做什么 */
  first: string;
  /** 千万不要 */
  never: Array<string>;
  steps: Array<string>;
  /** 电话，最要紧的在前 */
  calls: Array<CallOut>;
  source: string;
  reviewed_on: string;
  /** 网页，可以分享 */
  address: string;
};
export type TokensOut = {
  /** 放在 Authorization: Bearer 后面 */
  access_token: string;
  /** 秒 */
  expires_in: number;
  /** 只能用一次，换来新的一对 */
  refresh_token: string;
  /** 秒 */
  refresh_expires_in: number;
};
export type Topic = "household" | "children" | "storms" | "farming" | "building" | "fishing_kites" | "ebikes" | "outages" | "first_aid" | "meters" | "seasons" | "holidays";
export type UpdateOut = {
  at: string;
  text: string;
  /** 结论改成了什么；没有改是空的 */
  verdict_label: string;
};
export type Verdict = "false" | "partly" | "true" | "unknown";
export type VerifiedOut = {
  number: string;
  /** 只有姓 */
  given_to: string;
  /** 分几次办的：来了几次，例如 2/3；别的是空的 */
  share: string;
  title: string;
  organiser: string;
  starts_at: string;
  ends_at: string;
};
export type WholeActivityOut = {
  id: string;
  title: string;
  summary: string;
  place: string;
  organiser: string;
  state: ActivityState;
  state_label: string;
  /** 报名开始 */
  opens_at: string;
  /** 报名截止 */
  closes_at: string;
  starts_at: string;
  ends_at: string;
  /** 分几次办的，每一次，按时间；只办一次的是空的 */
  sessions: Array<SessionOut>;
  /** 现在能不能报名 */
  takes_sign_ups: boolean;
  /** 名额；null 是不限 */
  capacity: number | null;
  /** 还有几个名额；0 是满了，可以候补 */
  left: number | null;
  /** 每人最多带几位同伴 */
  guests: number;
  /** 地图上的位置，可以直接给 wx.openLocation；没有是 null */
  map_place: MapOut | null;
  /** 本系列还没开始的其他场，按时间；不是系列的没有 */
  dates: Array<DateOut>;
  /** 报名要审核 */
  approval: boolean;
  /** 名额怎么分：first_come 先到先得，lot 报名截止后抽签，quota 按组织分 */
  allocation: Allocation;
  /** 按组织分的，各有多少；别的是空的，分完以后大家共用时也是空的 */
  quotas: Array<QuotaOut>;
  /** 给谁的；空的是大家都能来 */
  audience: string;
  /** 还有哪些条件，没有是空的 */
  conditions: Array<ConditionOut>;
  /** 安全须知，没有是 null；先给人看完、同意，再报名 */
  safety: SafetyOut | null;
  /** 组队报名的，每队几人；各报各的是 null */
  team: TeamSizeOut | null;
  /** 签到得几分；分几次办的每签到一次都得；不记积分是 0 */
  points: number;
  /** 可以替同事报名：POST /activities/{id}/colleagues */
  colleagues: boolean;
  /** 带同伴的，要填 companions */
  names_guests: boolean;
  /** 同伴不满 14 周岁时请监护人看的话，{children}、{guardian} 换成名字；不登记同伴的是空的 */
  guardian_words: string;
  questions: Array<QuestionOut>;
  /** 介绍 */
  blocks: Array<Paragraph | Heading | Items | Quote | Picture | Gallery | Attachment | Film | Sound | Card>;
  address: string;
};
export type WholeArticleOut = {
  id: string;
  category: ArticleCategory;
  category_label: string;
  title: string;
  summary: string;
  author: string;
  published_at: string;
  /** 正文：段落、标题、列表、引用，图片、图集、附件、视频、音频，活动、全景、用电安全的卡片 */
  blocks: Array<Paragraph | Heading | Items | Quote | Picture | Gallery | Attachment | Film | Sound | Card>;
  /** 正文里文件的网址从它开始：附件、视频、音频加 /file；图片加 /file/cut/宽，宽是 480、960（比 width 小的）或 width */
  media: string;
  /** 转载自哪里；自己写的是空的 */
  source_name: string;
  /** 原文网址，可能没有 */
  source_link: string;
  /** 标签 */
  tags: Array<string>;
  /** 大约多少人次读过 */
  reads: number;
  /** 网页，可以分享 */
  address: string;
};
export type WholeCaseOut = {
  /** 只在本人这里有用 */
  id: string;
  /** 可以念给工作人员听 */
  number: string;
  kind: CaseKind;
  kind_label: string;
  /** 没有问过的是空的 */
  topic: string;
  state: CaseState;
  state_label: string;
  anonymous: boolean;
  opened_on: string;
  /** 最晚什么时候答复；已经答复是 null */
  answer_due_at: string | null;
  /** 可以在这里补充 */
  may_add: boolean;
  may_withdraw: boolean;
  /** 在公众号里怎样补充 */
  how_to_add: string;
  /** 没有请您评价过是 null */
  rating: RatingOut | null;
  /** 早的在前 */
  thread: Array<WordsOut>;
};
export type WholeClarificationOut = {
  id: string;
  number: string;
  title: string;
  verdict: Verdict;
  verdict_label: string;
  /** 一句话的结论 */
  short: string;
  /** 哪个单位说的 */
  organ: string;
  published_at: string;
  /** 网页，可以分享 */
  address: string;
  /** 详细说明 */
  blocks: Array<Paragraph | Heading | Items | Quote | Picture | Gallery | Attachment | Film | Sound | Card>;
  evidence: Array<EvidenceOut>;
  /** 核实的说法 */
  told: Array<string>;
  /** 后来的更新，按时间 */
  updates: Array<UpdateOut>;
};
export type WholeLiveOut = {
  id: string;
  title: string;
  /** 可能是空的 */
  about: string;
  phase: LivePhase;
  phase_label: string;
  starts_at: string;
  ends_at: string;
  /** 封面图的地址，直接给 image 用；没有是空的 */
  cover: string;
  /** 图上是什么 */
  cover_alt: string;
  /** 哪个活动的；没有是 null */
  activity_id: string | null;
  /** 现在看的地址：直播中是直播，可回看时是回看；现在没有可看的是空的 */
  source: string;
  /** true 是视频流，可以给 video 用；false 是网页，请复制给本人用浏览器打开 */
  plays_here: boolean;
  /** 是 m3u8 直播流 */
  is_stream: boolean;
  /** 回看的章节，没有是空的 */
  chapters: Array<app__api__lives__ChapterOut>;
  address: string;
};
export type WholePanoramaOut = {
  id: string;
  title: string;
  /** 可能是空的 */
  about: string;
  /** 1024×512 的小图，直接给 image 用 */
  preview: string;
  /** 哪个活动的；不是活动的是 null */
  activity_id: string | null;
  /** 各处，从第一处开始看 */
  scenes: Array<SceneOut>;
  /** 网页，可以给 web-view 用，现成就能转着看 */
  address: string;
};
export type Whose = "all" | "members" | "others";
export type WordsOut = {
  /** 谁说的，或发生了什么 */
  said: string;
  /** 没有话的是空的；图片写成 [图片] */
  text: string;
  on: string;
  /** 匿名的只记日期，这里是 null */
  at: string | null;
};
export type app__api__lives__ChapterOut = {
  /** 从头数的秒数，给 video 跳过去用 */
  seconds: number;
  clock: string;
  title: string;
};
export type app__api__privacy__ChapterOut = {
  title: string;
  /** 各项的中文名 */
  fields: Record<string, string>;
  rows: Array<Record<string, unknown>>;
};

/** 登录后的两个令牌放在哪里；不给就只在内存里。 */
export type Keeper = { read(): TokensOut | null; write(tokens: TokensOut | null): void };

type Call = {
  method: string;
  path: string;
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  file?: { name: string; path: string };
  form?: Record<string, string>;
  key?: string;
  seen?: object;
  open?: boolean;
};
type Answer = { status: number; text: string; header: Record<string, string> };

/** 接口说「不」：按 code 判断，detail 可以直接给用户看。 */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ProblemError";
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** 没有等到应答：网络不通，或者服务不在。 */
export class NoAnswer extends Error {
  constructor(reason: string) {
    super("网络不通，请稍后再试。");
    this.name = "NoAnswer";
    this.reason = reason;
  }

  readonly reason: string;
}

const TRIES = 3; // 一次操作最多发几次
const TIMEOUT = 15000; // 毫秒
const UPLOAD_TIMEOUT = 60000;
let made = 0;

/** 一次操作的标识。同一次操作重发时用同一个，就只会办一次。 */
export function newKey(): string {
  made += 1;
  const random = () => Math.random().toString(36).slice(2, 12).padEnd(10, "0");
  return `${Date.now().toString(36)}-${made.toString(36)}-${random()}${random()}`;
}

export class Gonghui {
  private readonly base: string;
  private readonly keeper: Keeper;
  private refreshing: Promise<boolean> | null;
  private readonly known: Map<string, { tag: string; text: string }>;
  private readonly tags: WeakMap<object, string>;

  /** base 是服务的网址，例如 https://gh.example.cn */
  constructor(base: string, keeper?: Keeper) {
    let kept: TokensOut | null = null;
    this.base = base.replace(/\/+$/, "") + "/api/v1";
    this.keeper = keeper ?? { read: () => kept, write: (tokens) => { kept = tokens; } };
    this.refreshing = null;
    this.known = new Map();
    this.tags = new WeakMap();
  }

  /** 登录过，令牌还在手里。 */
  get signedIn(): boolean {
    return this.keeper.read() !== null;
  }

  /** 用 wx.login 登录。 */
  async signIn(): Promise<void> {
    const code = await new Promise<string>((resolve, reject) => {
      wx.login({ success: (answer) => resolve(answer.code), fail: (error) => reject(new NoAnswer(error.errMsg)) });
    });
    this.forget();
    this.keeper.write(await this.logIn({ body: { code } }));
  }

  /** 退出，令牌作废。 */
  async leave(): Promise<void> {
    await this.signOut();
    this.forget();
  }

  /** 小程序登录：用 wx.login 的 code 换访问令牌。code 只能用一次，五分钟内有效。 */
  logIn(given: { body: CodeIn }): Promise<TokensOut> {
    return this.call<TokensOut>({ method: "POST", path: "/auth/miniprogram", body: given.body, open: true });
  }

  /** 用刷新令牌换新的一对。旧的刷新令牌一分钟后再用，登录就此结束。 */
  refreshTokens(given: { body: RefreshIn }): Promise<TokensOut> {
    return this.call<TokensOut>({ method: "POST", path: "/auth/refresh", body: given.body, open: true });
  }

  /** 退出：这一对令牌立即失效。 */
  signOut(): Promise<void> {
    return this.call<void>({ method: "POST", path: "/auth/sign-out" });
  }

  /** 我是谁：随机编号，和绑定的会员信息。 */
  getMe(): Promise<MeOut> {
    return this.call<MeOut>({ method: "GET", path: "/me" });
  }

  /** 花名册里我的资料。没有绑定是 404。 */
  getMembership(): Promise<MembershipOut> {
    return this.call<MembershipOut>({ method: "GET", path: "/me/membership" });
  }

  /** 绑定工号。对不上是 422（code: does_not_fit），一天最多 5 次；不会说是哪一项不对。

绑定着别的微信号是 409（code: bound_elsewhere），可以用 POST /me/changes/move 申请换过来。 */
  bindMembership(given: { body: ProofIn }): Promise<MembershipOut> {
    return this.call<MembershipOut>({ method: "PUT", path: "/me/membership", body: given.body });
  }

  /** 解除绑定。没有绑定也不算错。 */
  unbindMembership(given: { seen?: object } = {}): Promise<void> {
    return this.call<void>({ method: "DELETE", path: "/me/membership", seen: given.seen });
  }

  /** 资讯列表。新的在前，可以按栏目。 */
  listNews(given: { category?: ArticleCategory | null; limit?: number; cursor?: string | null } = {}): Promise<ArticlePage> {
    return this.call<ArticlePage>({ method: "GET", path: "/news", query: { category: given.category, limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 一篇资讯。正文是一块一块的，按 type 显示。 */
  getArticle(given: { article_id: string }): Promise<WholeArticleOut> {
    return this.call<WholeArticleOut>({ method: "GET", path: `/news/${encodeURIComponent(given.article_id)}`, open: true });
  }

  /** 用电安全知识列表。按类别排，同一类里危险的在前。 */
  listTips(given: { topic?: Topic | null; limit?: number; cursor?: string | null } = {}): Promise<EntryPage> {
    return this.call<EntryPage>({ method: "GET", path: "/tips", query: { topic: given.topic, limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 每日一条。今天大家看到的是同一条。 */
  getTipOfTheDay(): Promise<TipOut> {
    return this.call<TipOut>({ method: "GET", path: "/tips/today", open: true });
  }

  /** 一条用电安全知识。urgent 时先显示电话。 */
  getTip(given: { tip_id: string }): Promise<TipOut> {
    return this.call<TipOut>({ method: "GET", path: `/tips/${encodeURIComponent(given.tip_id)}`, open: true });
  }

  /** 劳动权益问答列表。按类别排。 */
  listLaws(given: { topic?: LawTopic | null; limit?: number; cursor?: string | null } = {}): Promise<EntryPage> {
    return this.call<EntryPage>({ method: "GET", path: "/laws", query: { topic: given.topic, limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 一条劳动权益问答。caution 要和答案一起显示。 */
  getLaw(given: { law_id: string }): Promise<LawOut> {
    return this.call<LawOut>({ method: "GET", path: `/laws/${encodeURIComponent(given.law_id)}`, open: true });
  }

  /** 用一句话问。不保存是谁问的；有轻生念头的话会提醒值班人员，这时只显示 danger。 */
  search(given: { body: QuestionIn }): Promise<SearchOut> {
    return this.call<SearchOut>({ method: "POST", path: "/search", body: given.body });
  }

  /** 服务大厅。常用的在前。 */
  listServices(): Promise<DoorsOut> {
    return this.call<DoorsOut>({ method: "GET", path: "/services", open: true });
  }

  /** 服务电话。救命的在前。 */
  listHotlines(): Promise<HotlinesOut> {
    return this.call<HotlinesOut>({ method: "GET", path: "/hotlines", open: true });
  }

  /** 近期活动。正在报名的在前，再按报名截止时间；一个系列只列最近能报名的一场，more_dates 是还有几场。 */
  listActivities(given: { limit?: number; cursor?: string | null } = {}): Promise<ActivityPage> {
    return this.call<ActivityPage>({ method: "GET", path: "/activities", query: { limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 一个活动。不分是谁看；自己的报名在 /activities/{id}/mine。 */
  getActivity(given: { activity_id: string }): Promise<WholeActivityOut> {
    return this.call<WholeActivityOut>({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}`, open: true });
  }

  /** 报名。名额满了就是候补（state: waitlisted）。已经报过名的，答现在的报名。 */
  signUp(given: { activity_id: string; body: SignUpIn; key?: string }): Promise<SignUpOut> {
    return this.call<SignUpOut>({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/sign-ups`, body: given.body, key: given.key ?? newKey() });
  }

  /** 我和这个活动。报过名的有 sign_up；没有报名的，能不能报、为什么不能。 */
  getActivityStanding(given: { activity_id: string }): Promise<StandingOut> {
    return this.call<StandingOut>({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}/mine` });
  }

  /** 我的报名。when=ahead 是还没结束的，近的在前；when=past 是取消的和结束的，新的在前。 */
  listSignUps(given: { when?: "ahead" | "past"; limit?: number; cursor?: string | null } = {}): Promise<SignUpPage> {
    return this.call<SignUpPage>({ method: "GET", path: "/me/sign-ups", query: { when: given.when, limit: given.limit, cursor: given.cursor } });
  }

  /** 一次报名。别人的报名是 404。 */
  getSignUp(given: { sign_up_id: string }): Promise<SignUpOut> {
    return this.call<SignUpOut>({ method: "GET", path: `/me/sign-ups/${encodeURIComponent(given.sign_up_id)}` });
  }

  /** 改人数、回答、同伴，到活动规定的期限为止（may_change）。人数不变或变少，名额和先后都不变。 */
  rewriteSignUp(given: { sign_up_id: string; body: ComingIn; seen?: object }): Promise<SignUpOut> {
    return this.call<SignUpOut>({ method: "PUT", path: `/me/sign-ups/${encodeURIComponent(given.sign_up_id)}`, body: given.body, seen: given.seen });
  }

  /** 入场票：二维码和票面。没有名额、取消了、活动过了的是 409。 */
  getTicket(given: { sign_up_id: string }): Promise<TicketOut> {
    return this.call<TicketOut>({ method: "GET", path: `/me/sign-ups/${encodeURIComponent(given.sign_up_id)}/ticket` });
  }

  /** 取消报名（cancel），接受（accept）或放弃（decline）留给我的空位，留下同事替我报的（keep）。再做一次不算错。 */
  changeSignUp(given: { sign_up_id: string; act: "cancel" | "accept" | "decline" | "keep"; key?: string; seen?: object }): Promise<SignUpOut> {
    return this.call<SignUpOut>({ method: "POST", path: `/me/sign-ups/${encodeURIComponent(given.sign_up_id)}/${encodeURIComponent(given.act)}`, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 建一支队，我是队长。已经是队长的，答现在的队。队里的人都还没有名额，提交以后才有。 */
  makeTeam(given: { activity_id: string; body: TeamIn; key?: string }): Promise<GatheredOut> {
    return this.call<GatheredOut>({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/teams`, body: given.body, key: given.key ?? newKey() });
  }

  /** 一支队。在队里的看得到有谁；别的职工看得到队长是谁、能不能加入。 */
  getTeam(given: { team_id: string }): Promise<TeamOut> {
    return this.call<TeamOut>({ method: "GET", path: `/teams/${encodeURIComponent(given.team_id)}` });
  }

  /** 加入一支队。已经在这支队里的不算错。要退出，取消自己的报名（POST /me/sign-ups/{id}/cancel）。 */
  joinTeam(given: { team_id: string; body: JoinIn; key?: string }): Promise<GatheredOut> {
    return this.call<GatheredOut>({ method: "POST", path: `/teams/${encodeURIComponent(given.team_id)}/members`, body: given.body, key: given.key ?? newKey() });
  }

  /** 队长提交：名额够全队，全队报上；不够，全队一起候补。以后不能再加人；再做一次不算错。 */
  submitTeam(given: { team_id: string; key?: string; seen?: object }): Promise<TeamOut> {
    return this.call<TeamOut>({ method: "POST", path: `/teams/${encodeURIComponent(given.team_id)}/submission`, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 把队长交给队里的另一位，他会收到通知。提交以后不能再换。 */
  handTeamOver(given: { team_id: string; body: CaptainIn; seen?: object }): Promise<TeamOut> {
    return this.call<TeamOut>({ method: "PUT", path: `/teams/${encodeURIComponent(given.team_id)}/captain`, body: given.body, seen: given.seen });
  }

  /** 队长请一位出队，他会收到通知。全队报上名以后，要退出由他自己取消。 */
  removeFromTeam(given: { team_id: string; member_id: string; seen?: object }): Promise<void> {
    return this.call<void>({ method: "DELETE", path: `/teams/${encodeURIComponent(given.team_id)}/members/${encodeURIComponent(given.member_id)}`, seen: given.seen });
  }

  /** 替同事报名，马上通知他本人。对不上是 422（code: does_not_fit），一天最多 5 次；不会说是哪一样不对。 */
  signUpColleague(given: { activity_id: string; body: ColleagueIn; key?: string }): Promise<HelpingOut> {
    return this.call<HelpingOut>({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/colleagues`, body: given.body, key: given.key ?? newKey() });
  }

  /** 我替同事报的，还没有结束的，近的在前。 */
  listHelped(given: { limit?: number; cursor?: string | null } = {}): Promise<HelpedPage> {
    return this.call<HelpedPage>({ method: "GET", path: "/me/helped", query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 我替同事报的一次。别人替报的是 404。 */
  getHelped(given: { helped_id: string }): Promise<HelpedOut> {
    return this.call<HelpedOut>({ method: "GET", path: `/me/helped/${encodeURIComponent(given.helped_id)}` });
  }

  /** 替他取消，会告诉他。他自己办过以后就不能了；再做一次不算错。 */
  cancelHelped(given: { helped_id: string; key?: string; seen?: object }): Promise<HelpedOut> {
    return this.call<HelpedOut>({ method: "POST", path: `/me/helped/${encodeURIComponent(given.helped_id)}/cancel`, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 我的留言、咨询和人工服务。新的在前，列表里没有内容。 */
  listCases(given: { limit?: number; cursor?: string | null } = {}): Promise<CasePage> {
    return this.call<CasePage>({ method: "GET", path: "/me/cases", query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 一件事项，从第一句话到答复。别人的是 404。 */
  getCase(given: { case_id: string }): Promise<WholeCaseOut> {
    return this.call<WholeCaseOut>({ method: "GET", path: `/me/cases/${encodeURIComponent(given.case_id)}` });
  }

  /** 补充情况。咨询（法律、心理疏导、健康）、投诉建议和法律援助申请能在这里补充，别的按 how_to_add。 */
  addToCase(given: { case_id: string; body: MoreIn; key?: string; seen?: object }): Promise<AddedOut> {
    return this.call<AddedOut>({ method: "POST", path: `/me/cases/${encodeURIComponent(given.case_id)}/entries`, body: given.body, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 撤销咨询或投诉建议，撤回法律援助申请。撤销后不再办理，不能恢复；再做一次不算错。 */
  withdrawCase(given: { case_id: string; key?: string; seen?: object }): Promise<WholeCaseOut> {
    return this.call<WholeCaseOut>({ method: "POST", path: `/me/cases/${encodeURIComponent(given.case_id)}/withdrawal`, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 评价办结的事项：办结一小时后的 7 天内，可以改。 */
  rateCase(given: { case_id: string; body: RatingIn; key?: string }): Promise<AddedOut> {
    return this.call<AddedOut>({ method: "POST", path: `/me/cases/${encodeURIComponent(given.case_id)}/rating`, body: given.body, key: given.key ?? newKey() });
  }

  /** 我能看、有照片的相册，活动新的在前。 */
  listAlbums(given: { limit?: number; cursor?: string | null } = {}): Promise<AlbumsOut> {
    return this.call<AlbumsOut>({ method: "GET", path: "/albums", query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 一个活动的相册。没有相册的是 404，不给我看的是 403。 */
  getAlbum(given: { activity_id: string; limit?: number; cursor?: string | null }): Promise<AlbumOut> {
    return this.call<AlbumOut>({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}/album`, query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 一张照片。撤下的、别人给的还没公开的是 404。 */
  getPhoto(given: { activity_id: string; photo_id: string }): Promise<PhotoOut> {
    return this.call<PhotoOut>({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}/album/photos/${encodeURIComponent(given.photo_id)}` });
  }

  /** 删除我给的一张，马上删，不能恢复。别人给的、已经删除的是 404。 */
  takePhotoBack(given: { activity_id: string; photo_id: string }): Promise<void> {
    return this.call<void>({ method: "DELETE", path: `/activities/${encodeURIComponent(given.activity_id)}/album/photos/${encodeURIComponent(given.photo_id)}` });
  }

  /** 照片里有我，请撤下：不用说理由，马上隐藏，工作人员看过以后决定，结果告诉本人。 */
  objectToPhoto(given: { activity_id: string; photo_id: string; key?: string }): Promise<ObjectionOut> {
    return this.call<ObjectionOut>({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/album/photos/${encodeURIComponent(given.photo_id)}/objection`, key: given.key ?? newKey() });
  }

  /** 加一张照片：参加的人，活动开始以后，每人最多 50 张；审核以后大家看得到。位置等信息会去掉。 */
  addPhoto(given: { activity_id: string; photo: string; agreed: "yes" }): Promise<GivenPhotoOut> {
    return this.call<GivenPhotoOut>({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/album/photos`, file: { name: "photo", path: given.photo }, form: { agreed: given.agreed } });
  }

  /** 现在请我答反馈的活动，新的在前：我签到过，结束第二天起 7 天内。 */
  listFeedback(): Promise<AskedActivitiesOut> {
    return this.call<AskedActivitiesOut>({ method: "GET", path: "/me/feedback" });
  }

  /** 一个活动问什么，我答过什么。没有签到的是 404，没有问或收完了的是 409。 */
  getFeedback(given: { activity_id: string }): Promise<FeedbackOut> {
    return this.call<FeedbackOut>({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}/feedback` });
  }

  /** 答反馈，7 天内可以改，改的代替原来的。不记名，组织者看不到是谁答的。 */
  giveFeedback(given: { activity_id: string; body: FeedbackIn }): Promise<FeedbackOut> {
    return this.call<FeedbackOut>({ method: "PUT", path: `/activities/${encodeURIComponent(given.activity_id)}/feedback`, body: given.body });
  }

  /** 我的参加证明：签到过、结束了的活动，新的在前。没有绑定工号的是 409：证明上要写姓名。 */
  listCertificates(given: { limit?: number; cursor?: string | null } = {}): Promise<CertificatePage> {
    return this.call<CertificatePage>({ method: "GET", path: "/me/certificates", query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 核对一张参加证明。不是真的、签到撤销了的是 404。 */
  verifyCertificate(given: { code: string }): Promise<VerifiedOut> {
    return this.call<VerifiedOut>({ method: "GET", path: `/certificates/${encodeURIComponent(given.code)}`, open: true });
  }

  /** 全景。最多 50 个。 */
  listPanoramas(): Promise<PanoramasOut> {
    return this.call<PanoramasOut>({ method: "GET", path: "/panoramas", open: true });
  }

  /** 一个全景：各处的图、可以点的地方、图片小块的地址。 */
  getPanorama(given: { panorama_id: string }): Promise<WholePanoramaOut> {
    return this.call<WholePanoramaOut>({ method: "GET", path: `/panoramas/${encodeURIComponent(given.panorama_id)}`, open: true });
  }

  /** 直播。when=ahead 是正在播的和预告，早的在前；when=replay 是半年内可以回看的，新的在前。最多 30 场。 */
  listLives(given: { when?: "ahead" | "replay" } = {}): Promise<LivesOut> {
    return this.call<LivesOut>({ method: "GET", path: "/lives", query: { when: given.when }, open: true });
  }

  /** 一场直播。不分是谁看；提醒和看过没有在 /lives/{id}/mine。 */
  getLive(given: { live_id: string }): Promise<WholeLiveOut> {
    return this.call<WholeLiveOut>({ method: "GET", path: `/lives/${encodeURIComponent(given.live_id)}`, open: true });
  }

  /** 我和这场直播：要不要提醒，几点提醒，看过没有。 */
  getLiveStanding(given: { live_id: string }): Promise<LiveStandingOut> {
    return this.call<LiveStandingOut>({ method: "GET", path: `/lives/${encodeURIComponent(given.live_id)}/mine` });
  }

  /** 提醒我：开播前半小时在公众号里提醒，夜里开播的前一晚提醒。再做一次不算错；来不及提醒的是 409。 */
  remindOfLive(given: { live_id: string }): Promise<LiveStandingOut> {
    return this.call<LiveStandingOut>({ method: "PUT", path: `/lives/${encodeURIComponent(given.live_id)}/reminder` });
  }

  /** 不用提醒了。没有要过提醒的不算错。 */
  forgetLiveReminder(given: { live_id: string }): Promise<LiveStandingOut> {
    return this.call<LiveStandingOut>({ method: "DELETE", path: `/lives/${encodeURIComponent(given.live_id)}/reminder` });
  }

  /** 进入直播或回看，算我看过，一场只算一次。现在没有可看的是 409。 */
  watchLive(given: { live_id: string }): Promise<LiveStandingOut> {
    return this.call<LiveStandingOut>({ method: "PUT", path: `/lives/${encodeURIComponent(given.live_id)}/visit` });
  }

  /** 核实过的说法，新的在前。 */
  listClarifications(given: { verdict?: Verdict | null; q?: string; limit?: number; cursor?: string | null } = {}): Promise<ClarificationPage> {
    return this.call<ClarificationPage>({ method: "GET", path: "/clarifications", query: { verdict: given.verdict, q: given.q, limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 举报谣言，请工会核实。谁反映的，工作人员看不到；同样的话再发一次不算错。 */
  reportRumour(given: { body: ReportIn; key?: string }): Promise<ReportedOut> {
    return this.call<ReportedOut>({ method: "POST", path: "/clarifications", body: given.body, key: given.key ?? newKey() });
  }

  /** 一条澄清：结论、依据、核实的说法、后来的更新。 */
  getClarification(given: { clarification_id: string }): Promise<WholeClarificationOut> {
    return this.call<WholeClarificationOut>({ method: "GET", path: `/clarifications/${encodeURIComponent(given.clarification_id)}`, open: true });
  }

  /** 举报谣言，附一张截图，只有核实的人看得到。还有截图，同样的话再发一次，最多 3 张。 */
  reportRumourWithPicture(given: { picture: string; words: string; heard: "wechat" | "video" | "web" | "phone" | "people" | "other" }): Promise<ReportedOut> {
    return this.call<ReportedOut>({ method: "POST", path: "/clarifications/pictures", file: { name: "picture", path: given.picture }, form: { words: given.words, heard: given.heard } });
  }

  /** 入会声明和组织的树。 */
  getJoiningForm(): Promise<FormOut> {
    return this.call<FormOut>({ method: "GET", path: "/me/joining/form" });
  }

  /** 我最近一份入会申请。没有申请过是 404。 */
  getApplication(): Promise<ApplicationOut> {
    return this.call<ApplicationOut>({ method: "GET", path: "/me/joining" });
  }

  /** 提交入会申请。已有一份在办的，返回那一份。

花名册里已经有本人的资料时是 409（code: bind_instead），请改用绑定工号。 */
  applyToJoin(given: { body: ApplicationIn; key?: string }): Promise<ApplicationOut> {
    return this.call<ApplicationOut>({ method: "POST", path: "/me/joining", body: given.body, key: given.key ?? newKey() });
  }

  /** 撤销在办的申请。没有在办的是 404。 */
  withdrawApplication(): Promise<void> {
    return this.call<void>({ method: "DELETE", path: "/me/joining" });
  }

  /** 补正：把要补的写上。 */
  supplementApplication(given: { body: SupplementIn; key?: string }): Promise<ApplicationOut> {
    return this.call<ApplicationOut>({ method: "POST", path: "/me/joining/supplement", body: given.body, key: given.key ?? newKey() });
  }

  /** 我的变更申请，新的在前；有没有人申请换走我的绑定。 */
  listChanges(): Promise<ChangesOut> {
    return this.call<ChangesOut>({ method: "GET", path: "/me/changes" });
  }

  /** 申请改花名册里的手机号，工作人员核对后生效。 */
  askForPhone(given: { body: PhoneIn; key?: string }): Promise<AskedOut> {
    return this.call<AskedOut>({ method: "POST", path: "/me/changes/phone", body: given.body, key: given.key ?? newKey() });
  }

  /** 工号绑定着别的微信号时，申请换到这里。对不上是 422（code: does_not_fit），和绑定一起计次。

没有绑定着别的微信号时，直接绑定好，返回 204。 */
  askForMove(given: { body: ProofIn; key?: string }): Promise<AskedOut> {
    return this.call<AskedOut>({ method: "POST", path: "/me/changes/move", body: given.body, key: given.key ?? newKey() });
  }

  /** 撤销我的一件变更申请。 */
  withdrawChange(given: { number: string }): Promise<void> {
    return this.call<void>({ method: "DELETE", path: `/me/changes/${encodeURIComponent(given.number)}` });
  }

  /** 不是我：对换走我的绑定提出异议。没有人申请也不算错。 */
  objectToMove(given: { key?: string } = {}): Promise<void> {
    return this.call<void>({ method: "POST", path: "/me/changes/objection", key: given.key ?? newKey() });
  }

  /** 我绑定的户号，先绑定的在前；和可以选的片区。 */
  listAccounts(): Promise<AccountsOut> {
    return this.call<AccountsOut>({ method: "GET", path: "/me/accounts" });
  }

  /** 绑定户号。绑定过的原样返回；登记里有没有这个户号不会说。号码不对是 422（code: no_such_number）。 */
  bindAccount(given: { body: BindIn; key?: string }): Promise<AccountOut> {
    return this.call<AccountOut>({ method: "POST", path: "/me/accounts", body: given.body, key: given.key ?? newKey() });
  }

  /** 改名称，或选片区。 */
  changeAccount(given: { account_id: string; body: ChangeIn }): Promise<AccountOut> {
    return this.call<AccountOut>({ method: "PATCH", path: `/me/accounts/${encodeURIComponent(given.account_id)}`, body: given.body });
  }

  /** 解绑。 */
  unbindAccount(given: { account_id: string }): Promise<void> {
    return this.call<void>({ method: "DELETE", path: `/me/accounts/${encodeURIComponent(given.account_id)}` });
  }

  /** 核实。对不上是 422（code: does_not_fit），一天最多 5 次；不会说登记的是什么。 */
  verifyAccount(given: { account_id: string; body: FactIn; key?: string }): Promise<AccountOut> {
    return this.call<AccountOut>({ method: "POST", path: `/me/accounts/${encodeURIComponent(given.account_id)}/verification`, body: given.body, key: given.key ?? newKey() });
  }

  /** 我的兴趣，次数多的在前；只用来给「您可能想看」排序。 */
  getInterests(): Promise<InterestsOut> {
    return this.call<InterestsOut>({ method: "GET", path: "/me/interests" });
  }

  /** 打开或关闭个性化推荐。 */
  switchInterests(given: { body: SwitchIn }): Promise<InterestsOut> {
    return this.call<InterestsOut>({ method: "PUT", path: "/me/interests", body: given.body });
  }

  /** 全部删除。 */
  forgetInterests(): Promise<void> {
    return this.call<void>({ method: "DELETE", path: "/me/interests" });
  }

  /** 删除一项。 */
  forgetInterest(given: { topic: string }): Promise<void> {
    return this.call<void>({ method: "DELETE", path: `/me/interests/${encodeURIComponent(given.topic)}` });
  }

  /** 本周精选：这周发给本人的那几篇；没有发过，就按本人的兴趣现挑。 */
  getDigest(): Promise<DigestOut> {
    return this.call<DigestOut>({ method: "GET", path: "/me/digest" });
  }

  /** 订阅或退订。 */
  switchDigest(given: { body: DigestIn }): Promise<DigestOut> {
    return this.call<DigestOut>({ method: "PUT", path: "/me/digest", body: given.body });
  }

  /** 我的积分，新的在前。记积分的活动签到才有，撤销签到就没有了。 */
  getPoints(): Promise<PointsOut> {
    return this.call<PointsOut>({ method: "GET", path: "/me/points" });
  }

  /** 现在可以问本人要不要收的通知。只在本人点按钮时调用 wx.requestSubscribeMessage。 */
  getNotices(given: { sign_up_id?: string | null } = {}): Promise<NoticesOut> {
    return this.call<NoticesOut>({ method: "GET", path: "/me/notices", query: { sign_up_id: given.sign_up_id } });
  }

  /** 弹窗关了以后告诉我们。微信也会推送；选了「总是保持以上选择」的人，只有这里知道。一个模板最多算一条。 */
  agreeToNotices(given: { body: AgreedIn; key?: string }): Promise<NoticesOut> {
    return this.call<NoticesOut>({ method: "POST", path: "/me/notices", body: given.body, key: given.key ?? newKey() });
  }

  /** 要同意的各个用途，和本人的同意。 */
  listConsents(): Promise<PurposesOut> {
    return this.call<PurposesOut>({ method: "GET", path: "/me/privacy/consents" });
  }

  /** 说明改过以后，同意现在的版本。没有同意过或撤回了是 409：要用到的接口会再问（consent_version）。 */
  renewConsent(given: { key: string; body: RenewalIn }): Promise<void> {
    return this.call<void>({ method: "PUT", path: `/me/privacy/consents/${encodeURIComponent(given.key)}`, body: given.body });
  }

  /** 撤回一项同意，现在就生效。没有同意过也不算错。 */
  withdrawConsent(given: { key: string }): Promise<void> {
    return this.call<void>({ method: "DELETE", path: `/me/privacy/consents/${encodeURIComponent(given.key)}` });
  }

  /** 和本人有关的全部资料，按章节。 */
  getMyData(): Promise<Record<string, app__api__privacy__ChapterOut>> {
    return this.call<Record<string, app__api__privacy__ChapterOut>>({ method: "GET", path: "/me/privacy/data" });
  }

  /** 本人提过的要求和回执，新的在前。 */
  listPrivacyRequests(): Promise<ReceiptsOut> {
    return this.call<ReceiptsOut>({ method: "GET", path: "/me/privacy/requests" });
  }

  /** 请工作人员更正一项资料。 */
  askForCorrection(given: { body: CorrectionIn; key?: string }): Promise<ReceiptOut> {
    return this.call<ReceiptOut>({ method: "POST", path: "/me/privacy/corrections", body: given.body, key: given.key ?? newKey() });
  }

  /** 删除一部分资料：messages 对话，drafts 没办完的对话，cases 办完的事，answers 过去报名填的内容。 */
  deleteMyData(given: { body: DeletionIn; key?: string }): Promise<ReceiptOut> {
    return this.call<ReceiptOut>({ method: "POST", path: "/me/privacy/deletions", body: given.body, key: given.key ?? newKey() });
  }

  /** 注销：和本人有关的资料删除或脱离，登录随即失效，不能恢复。 */
  closeAccount(given: { body: ClosingIn; key?: string }): Promise<ReceiptOut> {
    return this.call<ReceiptOut>({ method: "POST", path: "/me/privacy/closing", body: given.body, key: given.key ?? newKey() });
  }

  /** 我在哪里登录着：网页和小程序，这一次在最前，其余新的在前。 */
  listDevices(): Promise<DevicesOut> {
    return this.call<DevicesOut>({ method: "GET", path: "/me/devices" });
  }

  /** 退出其他全部设备，这一次登录留着。 */
  signOutOthers(): Promise<void> {
    return this.call<void>({ method: "DELETE", path: "/me/devices" });
  }

  /** 退出一个，马上生效；退出这一次，等于 POST /auth/sign-out。已经退出的是 404。 */
  signOutDevice(given: { device_id: string }): Promise<void> {
    return this.call<void>({ method: "DELETE", path: `/me/devices/${encodeURIComponent(given.device_id)}` });
  }

  private forget(): void {
    this.keeper.write(null);
    this.known.clear();
  }

  private async call<Result>(call: Call): Promise<Result> {
    const token = this.keeper.read()?.access_token;
    let answer = await this.tried(call);
    // 别的请求已经换过了，就用新的再发，不再换一次
    const renewed = () => this.keeper.read()?.access_token !== token || this.refreshed();
    if (answer.status === 401 && !call.open && (await renewed())) answer = await this.tried(call);
    const address = addressOf(call);
    const before = this.known.get(address);
    const text = answer.status === 304 && before ? before.text : answer.text;
    if (answer.status >= 400) throw new ProblemError(problemIn(answer));
    if (!text) return undefined as Result;
    const result = JSON.parse(text);
    const tag = answer.header.etag;
    if (tag && result !== null && typeof result === "object") this.tags.set(result, tag);
    if (tag && call.method === "GET") this.known.set(address, { tag, text });
    return result as Result;
  }

  // 网络断了、正在恢复、同一个请求正在办理：隔一会儿再发。有标识的不会办两次，同一张照片也只收一次；别的只有读取才再发。
  private async tried(call: Call): Promise<Answer> {
    const again = call.method === "GET" || call.key !== undefined || call.file !== undefined;
    for (let left = TRIES - 1; ; left -= 1) {
      const last = left === 0 || !again;
      try {
        const answer = await this.sent(call);
        if (last || !isPassing(answer)) return answer;
        await pause(Number(answer.header["retry-after"]) || 1);
      } catch (error) {
        if (last || !(error instanceof NoAnswer)) throw error;
        await pause(1);
      }
    }
  }

  private sent(call: Call): Promise<Answer> {
    const address = addressOf(call);
    const header: Record<string, string> = { "Content-Type": "application/json" };
    const token = call.open ? undefined : this.keeper.read()?.access_token;
    if (token) header.Authorization = `Bearer ${token}`;
    if (call.key) header["Idempotency-Key"] = call.key;
    const seen = call.seen && this.tags.get(call.seen);
    if (seen) header["If-Match"] = seen;
    if (call.file) return this.uploaded(address, header, call);
    const before = this.known.get(address);
    if (call.method === "GET" && before) header["If-None-Match"] = before.tag;
    return new Promise((resolve, reject) => {
      wx.request({
        url: this.base + address,
        method: call.method,
        data: call.body === undefined ? undefined : JSON.stringify(call.body),
        header,
        dataType: "text",
        responseType: "text",
        timeout: TIMEOUT,
        success: (answer) => resolve({
          status: answer.statusCode,
          text: typeof answer.data === "string" ? answer.data : answer.data ? JSON.stringify(answer.data) : "",
          header: small(answer.header),
        }),
        fail: (error) => reject(new NoAnswer(error.errMsg)),
      });
    });
  }

  private uploaded(address: string, header: Record<string, string>, call: Call): Promise<Answer> {
    delete header["Content-Type"]; // wx.uploadFile 自己写
    return new Promise((resolve, reject) => {
      wx.uploadFile({
        url: this.base + address,
        filePath: call.file!.path,
        name: call.file!.name,
        formData: call.form ?? {},
        header,
        timeout: UPLOAD_TIMEOUT,
        success: (answer) => resolve({ status: answer.statusCode, text: answer.data, header: {} }),
        fail: (error) => reject(new NoAnswer(error.errMsg)),
      });
    });
  }

  // 换一对新令牌；几个请求同时过期，只换一次。
  private refreshed(): Promise<boolean> {
    this.refreshing ??= this.refresh().finally(() => { this.refreshing = null; });
    return this.refreshing;
  }

  private async refresh(): Promise<boolean> {
    const tokens = this.keeper.read();
    if (!tokens) return false;
    try {
      this.keeper.write(await this.refreshTokens({ body: { refresh_token: tokens.refresh_token } }));
      return true;
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== 401) throw error;
      this.forget();
      return false;
    }
  }
}

function addressOf(call: Call): string {
  const pairs = Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const query = pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
  return query ? `${call.path}?${query}` : call.path;
}

function isPassing(answer: Answer): boolean {
  return answer.status === 503 || (answer.status === 409 && problemIn(answer).code === "in_progress");
}

function problemIn(answer: Answer): Problem {
  try {
    const found = JSON.parse(answer.text);
    if (typeof found.code === "string" && typeof found.detail === "string") return found;
  } catch {
    // 不是我们的应答：多半是中间的网关
  }
  return {
    type: "about:blank",
    status: answer.status,
    code: "unknown",
    title: "没有办成",
    detail: "没有办成，请稍后再试。",
    request_id: "",
    fields: [],
  };
}

function small(header: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]));
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
