// Behind ···: what came to 服务通知, the settings of subscription notices, the account's articles, and the mini-program. Also the card of a notice.

import { get, make, post } from "./http.js";
import { inOrder, redraw } from "./redraw.js";
import { openMiniProgram, openPage } from "./sheets.js";

const phone = document.getElementById("phone");
const BANNER_MS = 5000;
const TABS = [["service", "服务通知"], ["settings", "订阅消息"], ["articles", "文章"], ["miniprogram", "小程序"]];
let person = null;
let current = "service";
let hiding;
const readings = inOrder();

const list = make("div", { class: "list" });
const tabs = make("div", { class: "switcher", role: "tablist" }, ...TABS.map(([key, label]) => make("button", {
  type: "button", role: "tab", "data-key": key, "data-test": `notices-${key}`, onclick: () => show(key),
}, label)));
const view = make("section", { class: "notices", id: "notices-view", "aria-label": "通知", hidden: "" },
  make("header", { class: "bar" },
    make("button", { type: "button", class: "leave", "aria-label": "返回", "data-test": "notices-close", onclick: close },
      make("span", { class: "back", "aria-hidden": "true" })),
    make("h1", {}, "通知、文章和小程序"), make("span", { class: "leave", "aria-hidden": "true" })), tabs, list);
const banner = make("button", { type: "button", class: "banner", "data-test": "notice-banner", hidden: "" });
phone.append(view, banner);
document.getElementById("notices").addEventListener("click", () => show(current));

// The rows of other tabs, from who knows them: modules must not need each other to start.
const offered = {};
export function offer(key, rows) {
  offered[key] = rows;
}

// A notice as WeChat draws it; in the chat's shape: what is in the bubble, and its style.
export function noticeCard(message, way = "template") {
  const { title, lines, url, miniprogram: app } = message.content;
  const rows = lines.flatMap((one) => (one.label
    ? [make("dt", {}, one.label), make("dd", {}, one.value)]
    : [make("dd", { class: "whole" }, one.value)]));
  const opens = app ? () => openMiniProgram(app, way) : url ? () => openPage(url, title) : null;
  const inside = [
    make("span", { class: "pad block" }, make("span", { class: "title" }, title), make("dl", {}, ...rows)),
    opens ? make("span", { class: "foot" }, app ? "进入小程序查看" : "查看详情") : null,
  ];
  const style = { class: "card notice", "data-test": "notice" };
  return [opens ? make("button", { type: "button", ...style, onclick: opens }, ...inside) : make("div", style, ...inside), "bare wide"];
}

// Whose phone it is.
export function belongTo(who) {
  if (who.openid !== person?.openid) close();
  person = who;
  refresh();
}

export const NEWS = {
  notices: refresh,
  publications: refresh,
  "service-notice": (news) => {
    if (news.openid !== person?.openid) return;
    refresh();
    if (view.hidden || current !== "service") announce("服务通知", `${news.notice.from}：${news.notice.content.title}`, () => show("service"));
  },
};

export function announce(from, words, open) {
  banner.replaceChildren(make("span", { class: "avatar", "aria-hidden": "true" }, from[0] === "服" ? "通" : "客"),
    make("span", { class: "words" }, make("b", {}, from), make("span", {}, words)));
  banner.onclick = () => {
    banner.hidden = true;
    open();
  };
  banner.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { banner.hidden = true; }, BANNER_MS);
}

function show(key) {
  current = key;
  banner.hidden = true;
  view.hidden = false;
  for (const tab of tabs.children) tab.setAttribute("aria-selected", String(tab.dataset.key === key));
  list.replaceChildren();
  refresh();
}

function close() {
  view.hidden = true;
  banner.hidden = true;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open], .mini-pane:not([hidden])")) close();
}, { capture: true });

async function refresh() {
  if (view.hidden || !person) return;
  const { openid } = person;
  const shown = current;
  const number = readings.ask();
  const rows = await read(openid, shown);
  if (!rows || openid !== person.openid || shown !== current || !readings.takes(number)) return;
  const scrolled = list.scrollTop;
  redraw(list, rows.length ? rows : [make("p", { class: "empty" }, EMPTY[current])]);
  list.scrollTop = current === "service" ? list.scrollHeight : scrolled;
}

async function read(openid, shown) {
  if (offered[shown]) return offered[shown]();
  const notices = await get(`people/${openid}/notices`);
  return notices && (shown === "service" ? notices.service.map(arrived) : notices.templates.map(setting));
}

const EMPTY = {
  service: "还没有服务通知。\n没有关注的人，通知会到这里。",
  settings: "账号还没有订阅通知的模板。",
  articles: "账号还没有发布过文章。",
};

function arrived(notice) {
  const [card] = noticeCard(notice, notice.from === "小程序" ? "notice" : "template");
  card.prepend(make("span", { class: "sender" }, make("span", { class: "dot", "aria-hidden": "true" }, "工"), notice.from));
  return make("article", { "data-key": notice.id }, make("div", { class: "time" }, when(notice.at)), card);
}

const two = (number) => String(number).padStart(2, "0");

export function when(at) {
  // The account's own time, whatever the browser's zone is.
  const date = new Date((at + 8 * 3600) * 1000);
  return `${date.getUTCMonth() + 1}月${date.getUTCDate()}日 ${date.getUTCHours()}:${two(date.getUTCMinutes())}`;
}

function setting(row) {
  const always = make("input", { type: "checkbox", "data-test": "always" });
  const answer = (accept) => () => send("subscribe", { templates: [row.id], accept, always: always.checked });
  const receive = (value) => () => send("notice-setting", { template: row.id, receive: value });
  const button = (label, test, act, style = "") => make("button", { type: "button", class: `pick ${style}`, "data-test": test, onclick: act }, label);
  let ends;
  if (row.banned) ends = [make("span", { class: "said" }, "平台已停用这个模板")];
  else if (row.kept === "reject") {
    ends = [make("span", { class: "said" }, "不再接收"), button("恢复接收", "receive", receive(true))];
  } else if (row.long_term && row.standing) {
    ends = [make("span", { class: "said" }, "一直接收，直到拒收"), button("拒收", "stop", receive(false))];
  } else if (row.kept === "accept") {
    ends = [make("span", { class: "said" }, "总是允许，不再询问"), button("拒收", "stop", receive(false)),
      button(row.long_term ? "允许" : "再允许一次", "accept", answer(true), "good")];
  } else {
    ends = [make("label", {}, always, "总是保持以上选择"), button("拒绝", "reject", answer(false)),
      button("允许", "accept", answer(true), "good")];
  }
  const fields = row.example.split("\n").map((one) => one.split(":")[0]).join("、");
  return make("article", { class: "setting", "data-key": row.id, "data-test": "setting" },
    make("h2", {}, make("span", { class: "name" }, row.title), make("span", { class: "kind" }, row.long_term ? "长期" : "一次性"),
      row.from === "小程序" ? make("span", { class: "kind" }, row.from) : null,
      make("span", { class: "state", "data-test": "state" }, state(row))),
    make("p", {}, fields), make("div", { class: "ends" }, ...ends));
}

function state(row) {
  if (row.banned) return "已停用";
  if (row.kept === "reject") return "已拒收";
  if (row.long_term) return row.standing ? "长期接收" : "未订阅";
  return row.left ? `还可收 ${row.left} 条` : "未订阅";
}

const send = (act, body) => post(`people/${person.openid}/${act}`, body);
