// The panel's page about the account: how it is connected, its limits, and starting over.

import { section as articles } from "./articles.js";
import { copy } from "./clipboard.js";
import { make, post, tell } from "./http.js";
import { inOrder } from "./redraw.js";

const MODES = { safe: "安全模式", compatible: "兼容模式", plain: "明文模式" };

export function show(log, state) {
  const facts = [["名称", state.account], ["回调地址", state.callback], ["消息加解密", MODES[state.mode]],
    ["appid", state.app_id], ["原始 ID", state.gh_id]];
  log.replaceChildren(make("div", { class: "wishes" },
    make("section", { class: "known" }, make("dl", {}, ...facts.flatMap(([label, value]) => [make("dt", {}, label),
      make("dd", {}, make("code", {}, value))])),
    make("div", { class: "moves" }, tool("校验回调地址", "verify", verify), tool("作废所有令牌", "revoke", revoke))),
    quotaForm(state), articles(state), people(state), elsewhere(), again()));
}

// Only the people change by themselves; what is being typed stands.
export function refresh(log, state) {
  const section = log.querySelector('[data-test="people"]');
  if (!section) show(log, state);
  else if (!section.querySelector(":focus-visible")) section.replaceWith(people(state));
}

const tool = (label, test, act) => make("button", { type: "button", "data-test": test, onclick: act }, label);

async function verify() {
  const done = await post("verify");
  if (done) tell(done.ok ? `校验通过，用时 ${done.ms} 毫秒。` : `校验没有通过：${done.rule}`);
}

export async function revoke() {
  const done = await post("tokens/revoke");
  if (done) tell(done.revoked ? `已作废 ${done.revoked} 个令牌，下一次调用会得到 40001。` : "没有有效的令牌。");
}

function quotaForm(state) {
  const path = make("select", { "aria-label": "接口", "data-test": "quota-path" },
    ...state.endpoints.map((one) => make("option", { value: one, selected: one === "/cgi-bin/message/custom/send" ? "" : null }, one)));
  const limit = make("input", { type: "number", min: "0", "aria-label": "每天最多调用几次", "data-test": "quota-limit" });
  const spent = make("span", { class: "soft", "data-test": "quota-state" });
  const readings = inOrder();
  const read = async (body = {}) => {
    const number = readings.ask();
    const now = await post("quota", { path: path.value, ...body });
    if (!now || !readings.takes(number)) return;
    limit.value = now.daily_limit;
    spent.textContent = `今天用了 ${now.used} 次，还剩 ${now.remain} 次。`;
  };
  path.addEventListener("change", () => read());
  read();
  const use = tool("改上限", "quota-set", async () => {
    await read({ limit: Number(limit.value) });
    tell("上限已改。用完时返回 45009。");
  });
  return make("section", {}, make("h3", {}, "每天的调用额度"),
    make("div", { class: "fields" }, path, make("label", {}, "上限", limit), use, spent));
}

function people(state) {
  const row = (one) => make("tr", {}, make("td", {}, one.name), make("td", {}, one.following ? "已关注" : "未关注"),
    make("td", {}, [...one.tags, one.remark && `备注 ${one.remark}`, one.refuses && "拒收消息"].filter(Boolean).join("、") || "没有标签"),
    make("td", {}, make("button", { type: "button", class: "quiet", title: one.openid, onclick: () => copy(one.openid, "openid 已复制。") }, "复制 openid"),
      " ", make("button", { type: "button", class: "quiet", title: one.wechat_id, onclick: () => copy(one.wechat_id, "微信号已复制。") }, "微信号")));
  return make("section", { "data-test": "people" }, make("h3", {}, "这里的人"), make("table", {}, make("tbody", {}, ...state.people.map(row))));
}

function elsewhere() {
  const link = (words, path) => make("a", { class: "outside", href: path, target: "_blank", rel: "noopener", "data-test": path.slice(9) }, words);
  return make("section", {}, make("h3", {}, "手机以外"), make("div", { class: "moves" },
    link("群发：发了什么，等管理员确认的", "/sandbox/mass"), link("微博：发了什么", "/sandbox/weibo")));
}

function again() {
  const ask = async () => {
    const after = "菜单要等服务再发布一次才会回来：改一改 menus.yaml 并保存。";
    if (!window.confirm(`将清空沙盒里的关注、聊天、菜单和素材，确定吗？\n${after}`)) return;
    await post("reset");
  };
  return make("section", {}, make("h3", {}, "重新开始"),
    make("p", { class: "soft" }, "清空关注、聊天、菜单、素材和日志。每个人的 openid 不变。"),
    make("button", { type: "button", class: "danger", "data-test": "reset", onclick: ask }, "全部重来"));
}

