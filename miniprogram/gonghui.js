// 由 `make client` 从 /api/v1/openapi.json 生成，不要手改。用法见 docs/api.md。

/** 接口说「不」：按 code 判断，detail 可以直接给用户看。 */
export class ProblemError extends Error {
  constructor(problem) {
    super(problem.detail);
    this.name = "ProblemError";
    this.problem = problem;
  }

  get code() {
    return this.problem.code;
  }

  get status() {
    return this.problem.status;
  }
}

/** 没有等到应答：网络不通，或者服务不在。 */
export class NoAnswer extends Error {
  constructor(reason) {
    super("网络不通，请稍后再试。");
    this.name = "NoAnswer";
    this.reason = reason;
  }
}

const TRIES = 3; // 一次操作最多发几次
const TIMEOUT = 15000; // 毫秒
const UPLOAD_TIMEOUT = 60000;
let made = 0;

/** 一次操作的标识。同一次操作重发时用同一个，就只会办一次。 */
export function newKey() {
  made += 1;
  const random = () => Math.random().toString(36).slice(2, 12).padEnd(10, "0");
  return `${Date.now().toString(36)}-${made.toString(36)}-${random()}${random()}`;
}

export class Gonghui {
  /** base 是服务的网址，例如 https://gh.example.cn */
  constructor(base, keeper) {
    let kept = null;
    this.base = base.replace(/\/+$/, "") + "/api/v1";
    this.keeper = keeper ?? { read: () => kept, write: (tokens) => { kept = tokens; } };
    this.refreshing = null;
    this.known = new Map();
    this.tags = new WeakMap();
  }

  /** 登录过，令牌还在手里。 */
  get signedIn() {
    return this.keeper.read() !== null;
  }

  /** 用 wx.login 登录。 */
  async signIn() {
    const code = await new Promise((resolve, reject) => {
      wx.login({ success: (answer) => resolve(answer.code), fail: (error) => reject(new NoAnswer(error.errMsg)) });
    });
    this.forget();
    this.keeper.write(await this.logIn({ body: { code } }));
  }

  /** 退出，令牌作废。 */
  async leave() {
    await this.signOut();
    this.forget();
  }

  /** 小程序登录：用 wx.login 的 code 换访问令牌。code 只能用一次，五分钟内有效。 */
  logIn(given) {
    return this.call({ method: "POST", path: "/auth/miniprogram", body: given.body, open: true });
  }

  /** 用刷新令牌换新的一对。旧的刷新令牌一分钟后再用，登录就此结束。 */
  refreshTokens(given) {
    return this.call({ method: "POST", path: "/auth/refresh", body: given.body, open: true });
  }

  /** 退出：这一对令牌立即失效。 */
  signOut() {
    return this.call({ method: "POST", path: "/auth/sign-out" });
  }

  /** 我是谁：随机编号，和绑定的会员信息。 */
  getMe() {
    return this.call({ method: "GET", path: "/me" });
  }

  /** 花名册里我的资料。没有绑定是 404。 */
  getMembership() {
    return this.call({ method: "GET", path: "/me/membership" });
  }

  /** 绑定工号。对不上是 422（code: does_not_fit），一天最多 5 次；不会说是哪一项不对。

绑定着别的微信号是 409（code: bound_elsewhere），可以用 POST /me/changes/move 申请换过来。 */
  bindMembership(given) {
    return this.call({ method: "PUT", path: "/me/membership", body: given.body });
  }

  /** 解除绑定。没有绑定也不算错。 */
  unbindMembership(given = {}) {
    return this.call({ method: "DELETE", path: "/me/membership", seen: given.seen });
  }

  /** 资讯列表。新的在前，可以按栏目。 */
  listNews(given = {}) {
    return this.call({ method: "GET", path: "/news", query: { category: given.category, limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 一篇资讯。正文是一块一块的，按 type 显示。 */
  getArticle(given) {
    return this.call({ method: "GET", path: `/news/${encodeURIComponent(given.article_id)}`, open: true });
  }

  /** 用电安全知识列表。按类别排，同一类里危险的在前。 */
  listTips(given = {}) {
    return this.call({ method: "GET", path: "/tips", query: { topic: given.topic, limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 每日一条。今天大家看到的是同一条。 */
  getTipOfTheDay() {
    return this.call({ method: "GET", path: "/tips/today", open: true });
  }

  /** 一条用电安全知识。urgent 时先显示电话。 */
  getTip(given) {
    return this.call({ method: "GET", path: `/tips/${encodeURIComponent(given.tip_id)}`, open: true });
  }

  /** 劳动权益问答列表。按类别排。 */
  listLaws(given = {}) {
    return this.call({ method: "GET", path: "/laws", query: { topic: given.topic, limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 一条劳动权益问答。caution 要和答案一起显示。 */
  getLaw(given) {
    return this.call({ method: "GET", path: `/laws/${encodeURIComponent(given.law_id)}`, open: true });
  }

  /** 用一句话问。不保存是谁问的；有轻生念头的话会提醒值班人员，这时只显示 danger。 */
  search(given) {
    return this.call({ method: "POST", path: "/search", body: given.body });
  }

  /** 服务大厅。常用的在前。 */
  listServices() {
    return this.call({ method: "GET", path: "/services", open: true });
  }

  /** 服务电话。救命的在前。 */
  listHotlines() {
    return this.call({ method: "GET", path: "/hotlines", open: true });
  }

  /** 近期活动。正在报名的在前，再按报名截止时间；一个系列只列最近能报名的一场，more_dates 是还有几场。 */
  listActivities(given = {}) {
    return this.call({ method: "GET", path: "/activities", query: { limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 一个活动。不分是谁看；自己的报名在 /activities/{id}/mine。 */
  getActivity(given) {
    return this.call({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}`, open: true });
  }

  /** 报名。名额满了就是候补（state: waitlisted）。已经报过名的，答现在的报名。 */
  signUp(given) {
    return this.call({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/sign-ups`, body: given.body, key: given.key ?? newKey() });
  }

  /** 我和这个活动。报过名的有 sign_up；没有报名的，能不能报、为什么不能。 */
  getActivityStanding(given) {
    return this.call({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}/mine` });
  }

  /** 我的报名。when=ahead 是还没结束的，近的在前；when=past 是取消的和结束的，新的在前。 */
  listSignUps(given = {}) {
    return this.call({ method: "GET", path: "/me/sign-ups", query: { when: given.when, limit: given.limit, cursor: given.cursor } });
  }

  /** 一次报名。别人的报名是 404。 */
  getSignUp(given) {
    return this.call({ method: "GET", path: `/me/sign-ups/${encodeURIComponent(given.sign_up_id)}` });
  }

  /** 改人数、回答、同伴，到活动规定的期限为止（may_change）。人数不变或变少，名额和先后都不变。 */
  rewriteSignUp(given) {
    return this.call({ method: "PUT", path: `/me/sign-ups/${encodeURIComponent(given.sign_up_id)}`, body: given.body, seen: given.seen });
  }

  /** 入场票：二维码和票面。没有名额、取消了、活动过了的是 409。 */
  getTicket(given) {
    return this.call({ method: "GET", path: `/me/sign-ups/${encodeURIComponent(given.sign_up_id)}/ticket` });
  }

  /** 取消报名（cancel），接受（accept）或放弃（decline）留给我的空位，留下同事替我报的（keep）。再做一次不算错。 */
  changeSignUp(given) {
    return this.call({ method: "POST", path: `/me/sign-ups/${encodeURIComponent(given.sign_up_id)}/${encodeURIComponent(given.act)}`, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 建一支队，我是队长。已经是队长的，答现在的队。队里的人都还没有名额，提交以后才有。 */
  makeTeam(given) {
    return this.call({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/teams`, body: given.body, key: given.key ?? newKey() });
  }

  /** 一支队。在队里的看得到有谁；别的职工看得到队长是谁、能不能加入。 */
  getTeam(given) {
    return this.call({ method: "GET", path: `/teams/${encodeURIComponent(given.team_id)}` });
  }

  /** 加入一支队。已经在这支队里的不算错。要退出，取消自己的报名（POST /me/sign-ups/{id}/cancel）。 */
  joinTeam(given) {
    return this.call({ method: "POST", path: `/teams/${encodeURIComponent(given.team_id)}/members`, body: given.body, key: given.key ?? newKey() });
  }

  /** 队长提交：名额够全队，全队报上；不够，全队一起候补。以后不能再加人；再做一次不算错。 */
  submitTeam(given) {
    return this.call({ method: "POST", path: `/teams/${encodeURIComponent(given.team_id)}/submission`, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 把队长交给队里的另一位，他会收到通知。提交以后不能再换。 */
  handTeamOver(given) {
    return this.call({ method: "PUT", path: `/teams/${encodeURIComponent(given.team_id)}/captain`, body: given.body, seen: given.seen });
  }

  /** 队长请一位出队，他会收到通知。全队报上名以后，要退出由他自己取消。 */
  removeFromTeam(given) {
    return this.call({ method: "DELETE", path: `/teams/${encodeURIComponent(given.team_id)}/members/${encodeURIComponent(given.member_id)}`, seen: given.seen });
  }

  /** 替同事报名，马上通知他本人。对不上是 422（code: does_not_fit），一天最多 5 次；不会说是哪一样不对。 */
  signUpColleague(given) {
    return this.call({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/colleagues`, body: given.body, key: given.key ?? newKey() });
  }

  /** 我替同事报的，还没有结束的，近的在前。 */
  listHelped(given = {}) {
    return this.call({ method: "GET", path: "/me/helped", query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 我替同事报的一次。别人替报的是 404。 */
  getHelped(given) {
    return this.call({ method: "GET", path: `/me/helped/${encodeURIComponent(given.helped_id)}` });
  }

  /** 替他取消，会告诉他。他自己办过以后就不能了；再做一次不算错。 */
  cancelHelped(given) {
    return this.call({ method: "POST", path: `/me/helped/${encodeURIComponent(given.helped_id)}/cancel`, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 我的留言、咨询和人工服务。新的在前，列表里没有内容。 */
  listCases(given = {}) {
    return this.call({ method: "GET", path: "/me/cases", query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 一件事项，从第一句话到答复。别人的是 404。 */
  getCase(given) {
    return this.call({ method: "GET", path: `/me/cases/${encodeURIComponent(given.case_id)}` });
  }

  /** 补充情况。咨询（法律、心理疏导、健康）、投诉建议和法律援助申请能在这里补充，别的按 how_to_add。 */
  addToCase(given) {
    return this.call({ method: "POST", path: `/me/cases/${encodeURIComponent(given.case_id)}/entries`, body: given.body, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 撤销咨询或投诉建议，撤回法律援助申请。撤销后不再办理，不能恢复；再做一次不算错。 */
  withdrawCase(given) {
    return this.call({ method: "POST", path: `/me/cases/${encodeURIComponent(given.case_id)}/withdrawal`, key: given.key ?? newKey(), seen: given.seen });
  }

  /** 评价办结的事项：办结一小时后的 7 天内，可以改。 */
  rateCase(given) {
    return this.call({ method: "POST", path: `/me/cases/${encodeURIComponent(given.case_id)}/rating`, body: given.body, key: given.key ?? newKey() });
  }

  /** 我能看、有照片的相册，活动新的在前。 */
  listAlbums(given = {}) {
    return this.call({ method: "GET", path: "/albums", query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 一个活动的相册。没有相册的是 404，不给我看的是 403。 */
  getAlbum(given) {
    return this.call({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}/album`, query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 一张照片。撤下的、别人给的还没公开的是 404。 */
  getPhoto(given) {
    return this.call({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}/album/photos/${encodeURIComponent(given.photo_id)}` });
  }

  /** 删除我给的一张，马上删，不能恢复。别人给的、已经删除的是 404。 */
  takePhotoBack(given) {
    return this.call({ method: "DELETE", path: `/activities/${encodeURIComponent(given.activity_id)}/album/photos/${encodeURIComponent(given.photo_id)}` });
  }

  /** 照片里有我，请撤下：不用说理由，马上隐藏，工作人员看过以后决定，结果告诉本人。 */
  objectToPhoto(given) {
    return this.call({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/album/photos/${encodeURIComponent(given.photo_id)}/objection`, key: given.key ?? newKey() });
  }

  /** 加一张照片：参加的人，活动开始以后，每人最多 50 张；审核以后大家看得到。位置等信息会去掉。 */
  addPhoto(given) {
    return this.call({ method: "POST", path: `/activities/${encodeURIComponent(given.activity_id)}/album/photos`, file: { name: "photo", path: given.photo }, form: { agreed: given.agreed } });
  }

  /** 现在请我答反馈的活动，新的在前：我签到过，结束第二天起 7 天内。 */
  listFeedback() {
    return this.call({ method: "GET", path: "/me/feedback" });
  }

  /** 一个活动问什么，我答过什么。没有签到的是 404，没有问或收完了的是 409。 */
  getFeedback(given) {
    return this.call({ method: "GET", path: `/activities/${encodeURIComponent(given.activity_id)}/feedback` });
  }

  /** 答反馈，7 天内可以改，改的代替原来的。不记名，组织者看不到是谁答的。 */
  giveFeedback(given) {
    return this.call({ method: "PUT", path: `/activities/${encodeURIComponent(given.activity_id)}/feedback`, body: given.body });
  }

  /** 我的参加证明：签到过、结束了的活动，新的在前。没有绑定工号的是 409：证明上要写姓名。 */
  listCertificates(given = {}) {
    return this.call({ method: "GET", path: "/me/certificates", query: { limit: given.limit, cursor: given.cursor } });
  }

  /** 核对一张参加证明。不是真的、签到撤销了的是 404。 */
  verifyCertificate(given) {
    return this.call({ method: "GET", path: `/certificates/${encodeURIComponent(given.code)}`, open: true });
  }

  /** 全景。最多 50 个。 */
  listPanoramas() {
    return this.call({ method: "GET", path: "/panoramas", open: true });
  }

  /** 一个全景：各处的图、可以点的地方、图片小块的地址。 */
  getPanorama(given) {
    return this.call({ method: "GET", path: `/panoramas/${encodeURIComponent(given.panorama_id)}`, open: true });
  }

  /** 直播。when=ahead 是正在播的和预告，早的在前；when=replay 是半年内可以回看的，新的在前。最多 30 场。 */
  listLives(given = {}) {
    return this.call({ method: "GET", path: "/lives", query: { when: given.when }, open: true });
  }

  /** 一场直播。不分是谁看；提醒和看过没有在 /lives/{id}/mine。 */
  getLive(given) {
    return this.call({ method: "GET", path: `/lives/${encodeURIComponent(given.live_id)}`, open: true });
  }

  /** 我和这场直播：要不要提醒，几点提醒，看过没有。 */
  getLiveStanding(given) {
    return this.call({ method: "GET", path: `/lives/${encodeURIComponent(given.live_id)}/mine` });
  }

  /** 提醒我：开播前半小时在公众号里提醒，夜里开播的前一晚提醒。再做一次不算错；来不及提醒的是 409。 */
  remindOfLive(given) {
    return this.call({ method: "PUT", path: `/lives/${encodeURIComponent(given.live_id)}/reminder` });
  }

  /** 不用提醒了。没有要过提醒的不算错。 */
  forgetLiveReminder(given) {
    return this.call({ method: "DELETE", path: `/lives/${encodeURIComponent(given.live_id)}/reminder` });
  }

  /** 进入直播或回看，算我看过，一场只算一次。现在没有可看的是 409。 */
  watchLive(given) {
    return this.call({ method: "PUT", path: `/lives/${encodeURIComponent(given.live_id)}/visit` });
  }

  /** 核实过的说法，新的在前。 */
  listClarifications(given = {}) {
    return this.call({ method: "GET", path: "/clarifications", query: { verdict: given.verdict, q: given.q, limit: given.limit, cursor: given.cursor }, open: true });
  }

  /** 举报谣言，请工会核实。谁反映的，工作人员看不到；同样的话再发一次不算错。 */
  reportRumour(given) {
    return this.call({ method: "POST", path: "/clarifications", body: given.body, key: given.key ?? newKey() });
  }

  /** 一条澄清：结论、依据、核实的说法、后来的更新。 */
  getClarification(given) {
    return this.call({ method: "GET", path: `/clarifications/${encodeURIComponent(given.clarification_id)}`, open: true });
  }

  /** 举报谣言，附一张截图，只有核实的人看得到。还有截图，同样的话再发一次，最多 3 张。 */
  reportRumourWithPicture(given) {
    return this.call({ method: "POST", path: "/clarifications/pictures", file: { name: "picture", path: given.picture }, form: { words: given.words, heard: given.heard } });
  }

  /** 入会声明和组织的树。 */
  getJoiningForm() {
    return this.call({ method: "GET", path: "/me/joining/form" });
  }

  /** 我最近一份入会申请。没有申请过是 404。 */
  getApplication() {
    return this.call({ method: "GET", path: "/me/joining" });
  }

  /** 提交入会申请。已有一份在办的，返回那一份。

花名册里已经有本人的资料时是 409（code: bind_instead），请改用绑定工号。 */
  applyToJoin(given) {
    return this.call({ method: "POST", path: "/me/joining", body: given.body, key: given.key ?? newKey() });
  }

  /** 撤销在办的申请。没有在办的是 404。 */
  withdrawApplication() {
    return this.call({ method: "DELETE", path: "/me/joining" });
  }

  /** 补正：把要补的写上。 */
  supplementApplication(given) {
    return this.call({ method: "POST", path: "/me/joining/supplement", body: given.body, key: given.key ?? newKey() });
  }

  /** 我的变更申请，新的在前；有没有人申请换走我的绑定。 */
  listChanges() {
    return this.call({ method: "GET", path: "/me/changes" });
  }

  /** 申请改花名册里的手机号，工作人员核对后生效。 */
  askForPhone(given) {
    return this.call({ method: "POST", path: "/me/changes/phone", body: given.body, key: given.key ?? newKey() });
  }

  /** 工号绑定着别的微信号时，申请换到这里。对不上是 422（code: does_not_fit），和绑定一起计次。

没有绑定着别的微信号时，直接绑定好，返回 204。 */
  askForMove(given) {
    return this.call({ method: "POST", path: "/me/changes/move", body: given.body, key: given.key ?? newKey() });
  }

  /** 撤销我的一件变更申请。 */
  withdrawChange(given) {
    return this.call({ method: "DELETE", path: `/me/changes/${encodeURIComponent(given.number)}` });
  }

  /** 不是我：对换走我的绑定提出异议。没有人申请也不算错。 */
  objectToMove(given = {}) {
    return this.call({ method: "POST", path: "/me/changes/objection", key: given.key ?? newKey() });
  }

  /** 我绑定的户号，先绑定的在前；和可以选的片区。 */
  listAccounts() {
    return this.call({ method: "GET", path: "/me/accounts" });
  }

  /** 绑定户号。绑定过的原样返回；登记里有没有这个户号不会说。号码不对是 422（code: no_such_number）。 */
  bindAccount(given) {
    return this.call({ method: "POST", path: "/me/accounts", body: given.body, key: given.key ?? newKey() });
  }

  /** 改名称，或选片区。 */
  changeAccount(given) {
    return this.call({ method: "PATCH", path: `/me/accounts/${encodeURIComponent(given.account_id)}`, body: given.body });
  }

  /** 解绑。 */
  unbindAccount(given) {
    return this.call({ method: "DELETE", path: `/me/accounts/${encodeURIComponent(given.account_id)}` });
  }

  /** 核实。对不上是 422（code: does_not_fit），一天最多 5 次；不会说登记的是什么。 */
  verifyAccount(given) {
    return this.call({ method: "POST", path: `/me/accounts/${encodeURIComponent(given.account_id)}/verification`, body: given.body, key: given.key ?? newKey() });
  }

  /** 我的兴趣，次数多的在前；只用来给「您可能想看」排序。 */
  getInterests() {
    return this.call({ method: "GET", path: "/me/interests" });
  }

  /** 打开或关闭个性化推荐。 */
  switchInterests(given) {
    return this.call({ method: "PUT", path: "/me/interests", body: given.body });
  }

  /** 全部删除。 */
  forgetInterests() {
    return this.call({ method: "DELETE", path: "/me/interests" });
  }

  /** 删除一项。 */
  forgetInterest(given) {
    return this.call({ method: "DELETE", path: `/me/interests/${encodeURIComponent(given.topic)}` });
  }

  /** 本周精选：这周发给本人的那几篇；没有发过，就按本人的兴趣现挑。 */
  getDigest() {
    return this.call({ method: "GET", path: "/me/digest" });
  }

  /** 订阅或退订。 */
  switchDigest(given) {
    return this.call({ method: "PUT", path: "/me/digest", body: given.body });
  }

  /** 我的积分，新的在前。记积分的活动签到才有，撤销签到就没有了。 */
  getPoints() {
    return this.call({ method: "GET", path: "/me/points" });
  }

  /** 现在可以问本人要不要收的通知。只在本人点按钮时调用 wx.requestSubscribeMessage。 */
  getNotices(given = {}) {
    return this.call({ method: "GET", path: "/me/notices", query: { sign_up_id: given.sign_up_id } });
  }

  /** 弹窗关了以后告诉我们。微信也会推送；选了「总是保持以上选择」的人，只有这里知道。一个模板最多算一条。 */
  agreeToNotices(given) {
    return this.call({ method: "POST", path: "/me/notices", body: given.body, key: given.key ?? newKey() });
  }

  /** 要同意的各个用途，和本人的同意。 */
  listConsents() {
    return this.call({ method: "GET", path: "/me/privacy/consents" });
  }

  /** 说明改过以后，同意现在的版本。没有同意过或撤回了是 409：要用到的接口会再问（consent_version）。 */
  renewConsent(given) {
    return this.call({ method: "PUT", path: `/me/privacy/consents/${encodeURIComponent(given.key)}`, body: given.body });
  }

  /** 撤回一项同意，现在就生效。没有同意过也不算错。 */
  withdrawConsent(given) {
    return this.call({ method: "DELETE", path: `/me/privacy/consents/${encodeURIComponent(given.key)}` });
  }

  /** 和本人有关的全部资料，按章节。 */
  getMyData() {
    return this.call({ method: "GET", path: "/me/privacy/data" });
  }

  /** 本人提过的要求和回执，新的在前。 */
  listPrivacyRequests() {
    return this.call({ method: "GET", path: "/me/privacy/requests" });
  }

  /** 请工作人员更正一项资料。 */
  askForCorrection(given) {
    return this.call({ method: "POST", path: "/me/privacy/corrections", body: given.body, key: given.key ?? newKey() });
  }

  /** 删除一部分资料：messages 对话，drafts 没办完的对话，cases 办完的事，answers 过去报名填的内容。 */
  deleteMyData(given) {
    return this.call({ method: "POST", path: "/me/privacy/deletions", body: given.body, key: given.key ?? newKey() });
  }

  /** 注销：和本人有关的资料删除或脱离，登录随即失效，不能恢复。 */
  closeAccount(given) {
    return this.call({ method: "POST", path: "/me/privacy/closing", body: given.body, key: given.key ?? newKey() });
  }

  /** 我在哪里登录着：网页和小程序，这一次在最前，其余新的在前。 */
  listDevices() {
    return this.call({ method: "GET", path: "/me/devices" });
  }

  /** 退出其他全部设备，这一次登录留着。 */
  signOutOthers() {
    return this.call({ method: "DELETE", path: "/me/devices" });
  }

  /** 退出一个，马上生效；退出这一次，等于 POST /auth/sign-out。已经退出的是 404。 */
  signOutDevice(given) {
    return this.call({ method: "DELETE", path: `/me/devices/${encodeURIComponent(given.device_id)}` });
  }

  forget() {
    this.keeper.write(null);
    this.known.clear();
  }

  async call(call) {
    const token = this.keeper.read()?.access_token;
    let answer = await this.tried(call);
    // 别的请求已经换过了，就用新的再发，不再换一次
    const renewed = () => this.keeper.read()?.access_token !== token || this.refreshed();
    if (answer.status === 401 && !call.open && (await renewed())) answer = await this.tried(call);
    const address = addressOf(call);
    const before = this.known.get(address);
    const text = answer.status === 304 && before ? before.text : answer.text;
    if (answer.status >= 400) throw new ProblemError(problemIn(answer));
    if (!text) return undefined;
    const result = JSON.parse(text);
    const tag = answer.header.etag;
    if (tag && result !== null && typeof result === "object") this.tags.set(result, tag);
    if (tag && call.method === "GET") this.known.set(address, { tag, text });
    return result;
  }

  // 网络断了、正在恢复、同一个请求正在办理：隔一会儿再发。有标识的不会办两次，同一张照片也只收一次；别的只有读取才再发。
  async tried(call) {
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

  sent(call) {
    const address = addressOf(call);
    const header = { "Content-Type": "application/json" };
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

  uploaded(address, header, call) {
    delete header["Content-Type"]; // wx.uploadFile 自己写
    return new Promise((resolve, reject) => {
      wx.uploadFile({
        url: this.base + address,
        filePath: call.file.path,
        name: call.file.name,
        formData: call.form ?? {},
        header,
        timeout: UPLOAD_TIMEOUT,
        success: (answer) => resolve({ status: answer.statusCode, text: answer.data, header: {} }),
        fail: (error) => reject(new NoAnswer(error.errMsg)),
      });
    });
  }

  // 换一对新令牌；几个请求同时过期，只换一次。
  refreshed() {
    this.refreshing ??= this.refresh().finally(() => { this.refreshing = null; });
    return this.refreshing;
  }

  async refresh() {
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

function addressOf(call) {
  const pairs = Object.entries(call.query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  const query = pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
  return query ? `${call.path}?${query}` : call.path;
}

function isPassing(answer) {
  return answer.status === 503 || (answer.status === 409 && problemIn(answer).code === "in_progress");
}

function problemIn(answer) {
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

function small(header) {
  return Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]));
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
