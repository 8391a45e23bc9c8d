// The mini-program over the phone: what was opened, and the tabs that do by hand what its own code would do.

import { copy } from "./clipboard.js";
import { get, icon, make, tryPost } from "./http.js";
import { chat } from "./miniprogram_chat.js";
import { login, phoneNumber } from "./miniprogram_codes.js";
import { asking } from "./miniprogram_request.js";
import { setUp } from "./miniprogram_set_up.js";
import { subscribing } from "./miniprogram_subscribing.js";
import { identity } from "./miniprogram_who.js";
import { lend } from "./miniprogram_wx.js";
import { announce, offer } from "./notices.js";
import { askFor, choose } from "./sheets.js";

const phone = document.getElementById("phone");
const TABS = [login, asking, phoneNumber, subscribing, chat, identity];
const VERSIONS = { trial: "体验版", develop: "开发版" };

let facts = { miniprogram_app_id: "", service: "", visitors: {} };
let person = null;
let opened = null; // the page shown, as the sandbox told it
let current = login;
let turn = 0; // what is opened while something else is still on its way counts alone

const title = make("h1", {}, "小程序");
const dots = make("button", { type: "button", "aria-label": "更多", "data-test": "mini-more", onclick: more }, make("span", { class: "dots" }));
const bar = make("header", { class: "minibar" }, title,
  make("div", { class: "capsule" }, dots,
    make("button", { type: "button", "aria-label": "关闭小程序", "data-test": "mini-close", onclick: close }, make("span", { class: "target" }))));
const inside = make("div", { class: "inside" });
const pane = make("section", { class: "mini-pane", id: "miniprogram", "aria-label": "小程序", tabindex: "-1", hidden: "" }, bar, inside);
phone.append(pane);

// What the sandbox says of itself, and whose phone it is.
export function know(state) {
  facts = state;
  if (person && !pane.hidden && current === chat) chat.read(person.openid);
}

export function belongTo(who) {
  if (who.openid !== person?.openid) close();
  person = who;
}

// A card, a menu button, a link or a code was tapped.
document.addEventListener("miniprogram", ({ detail }) => open(detail));

async function open({ link = "", appid = "", path = "", way = "profile" }) {
  const inChat = !pane.hidden && current === chat;
  turn += 1;
  const mine = turn;
  if (!facts.miniprogram_app_id) return show(setUp(link || [appid, path].filter(Boolean).join(" "), facts));
  const from = inChat ? { card: "service-card", text: "service-text" }[way] ?? way : way;
  const done = await tryPost(`people/${person.openid}/open-miniprogram`, { link, path, way: from, app_id: appid });
  if (mine !== turn) return undefined;
  if (done.error) return show(ended(done.error));
  opened = done;
  return opened.own ? draw(inChat ? login : current) : show(foreign(opened));
}

export function close() {
  turn += 1;
  pane.hidden = true;
  lend(null);
  inside.replaceChildren();
  current.leave?.();
  current = login;
  opened = null;
}

function show(...content) {
  current.leave?.();
  inside.replaceChildren(...content);
  dots.disabled = true;
  reveal();
}

function draw(tab) {
  current.leave?.();
  current = tab;
  const tabs = make("div", { class: "switcher", role: "tablist" }, ...TABS.map((one) => make("button", {
    type: "button", role: "tab", "data-test": `mini-${one.key}`, "aria-selected": String(one === tab), onclick: () => draw(one),
  }, one.label)));
  lend(person, facts.service);
  inside.replaceChildren(place(), tabs, tab.draw({ person, opened, facts }));
  dots.disabled = false;
  reveal();
}

// A page that was left for it keeps no keys: Esc is for what lies on top.
function reveal() {
  if (!pane.hidden) return;
  pane.hidden = false;
  pane.focus();
}

// Where one is: the page, what it was given, and how one came.
function place() {
  const options = Object.entries(opened.options);
  return make("div", { class: "place", "data-test": "mini-place" },
    make("p", {}, make("code", {}, opened.path), VERSIONS[opened.version] ? make("span", { class: "mark-version" }, VERSIONS[opened.version]) : null),
    opened.known ? null : make("p", { class: "warn" }, "页面不存在：这个版本里没有这一页。"),
    make("p", { class: "came" }, `场景值 ${opened.scene} · ${opened.way}`),
    options.length ? make("dl", {}, ...options.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value || "（空）")])) : null);
}

function ended(words) {
  return make("div", { class: "told", "data-test": "mini-ended" }, make("span", { class: "sign", "aria-hidden": "true" }, "!"),
    make("p", {}, words), make("button", { type: "button", class: "primary", onclick: close }, "返回"));
}

function foreign(other) {
  const words = Object.entries(other.options).map(([name, value]) => `${name}=${value}`).join("&");
  return make("div", { class: "told" }, make("span", { class: "sign mini", "aria-hidden": "true" }, icon("mini")),
    make("p", {}, "这是另一个小程序，沙盒里没有它。"),
    make("dl", {}, make("dt", {}, "appid"), make("dd", {}, other.app_id), make("dt", {}, "页面"), make("dd", {}, `${other.path || "首页"}${words ? `?${words}` : ""}`),
      make("dt", {}, "场景值"), make("dd", {}, `${other.scene} · ${other.way}`)),
    make("button", { type: "button", class: "primary", onclick: close }, "返回"));
}

async function more() {
  const full = `${opened.path}${opened.query ? `?${opened.query}` : ""}`;
  const chosen = await choose("小程序", [["other", "打开另一页", "写路径和参数"], ["home", "重新进入小程序", "从首页开始"], ["copy", "复制页面路径", full]]);
  if (chosen === "copy") copy(full, "已复制页面路径。");
  else if (chosen === "home") open({ way: "recent" });
  else if (chosen === "other") {
    const given = await askFor("打开另一页", [{ name: "path", label: "页面路径，参数写在 ? 后面", value: full, required: true }], { ok: "打开" });
    if (given) open({ path: given.path, way: "recent" });
  }
}

// News of a message or of typing: true when it belongs to the mini-program and not to the account's chat.
export function hears(news) {
  const whose = facts.visitors[news.openid] ?? (chat.shows(news.openid) ? person.openid : "");
  if (!whose) return "";
  if (whose !== person.openid) return whose;
  if (!pane.hidden && current === chat) chat.hear(news);
  else if (news.message?.direction === "in") announce("小程序客服", news.message.text, openChat);
  return whose;
}

async function openChat() {
  if (!opened?.own) await open({ way: "recent" });
  if (opened?.own) draw(chat);
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || pane.hidden || document.querySelector("dialog[open], .viewer")) return;
  event.stopImmediatePropagation();
  close();
}, { capture: true });

// --- Where one finds it without a card: a list behind ···.

const KINDS = { unlimited: "小程序码", limited: "小程序码", qrcode: "小程序二维码", url: "URL Link", scheme: "URL Scheme" };

offer("miniprogram", entries);
async function entries() {
  const own = make("button", { type: "button", class: "entry", "data-key": "own", "data-test": "mini-entry", onclick: () => open({}) },
    make("span", { class: "sign mini", "aria-hidden": "true" }, icon("mini")),
    make("span", { class: "words" }, make("b", {}, "小程序"), make("span", {}, facts.miniprogram_app_id || "还没有设置，点开看怎么做")));
  if (!facts.miniprogram_app_id) return [own];
  const links = (await get("miniprogram/links")) ?? [];
  const head = make("p", { class: "group" }, links.length ? "服务生成的码和链接" : "服务还没有生成过码和链接。");
  return [own, head, ...links.slice(0, 30).map(entry)];
}

function entry(link) {
  const scanned = link.kind in { unlimited: 1, limited: 1, qrcode: 1 };
  const query = link.kind === "unlimited" ? `scene=${link.query}` : link.query;
  const where = `${link.path || "首页"}${query ? `?${query}` : ""}`;
  const state = [KINDS[link.kind], VERSIONS[link.env], link.ended ? "已过期" : null].filter(Boolean).join(" · ");
  return make("div", { class: "entry", "data-key": link.id },
    make("button", { type: "button", class: "opens", "data-test": "mini-link", onclick: () => open({ link: link.address }) },
      scanned ? make("img", { src: `/sandbox/api/miniprogram/codes/${link.id}`, alt: "", width: "44", height: "44" })
        : make("span", { class: "sign link", "aria-hidden": "true" }, icon("link")),
      make("span", { class: "words" }, make("b", {}, where), make("span", {}, state))),
    make("button", { type: "button", class: "pick", "aria-label": `复制${KINDS[link.kind]}的内容`, onclick: () => copy(link.address, "已复制。") }, "复制"));
}

