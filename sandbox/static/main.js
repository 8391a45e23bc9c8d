// Starts the page, keeps it in step with the sandbox, and changes who one is.

import "./articles.js";
import { append, start, toEnd } from "./chat.js";
import { show as showComposer } from "./composer.js";
import { get, make, post } from "./http.js";
import "./js_sdk.js";
import * as miniprogram from "./miniprogram.js";
import * as notices from "./notices.js";
import * as panel from "./panel.js";
import { inOrder } from "./redraw.js";
import { scan } from "./scanning.js";
import { openSettings } from "./settings.js";
import { askFor, belongTo } from "./sheets.js";
import { offerFull } from "./webview.js";

const at = (id) => document.getElementById(id);
const REMEMBERED = "sandbox-person";
let people = [];
let person = null;
let title = "";
let typingTimer;
const unread = new Map(); // openid -> how many came while somebody else had the phone
let held = null; // what arrives while the chat is being read, to be added after it

const states = inOrder();
const menus = inOrder();

async function loadState() {
  const number = states.ask();
  const state = await get("state");
  if (!state) return false;
  if (!states.takes(number)) return true;
  people = state.people;
  title = state.account;
  document.title = `${title} · 沙盒手机`;
  at("account").textContent = title;
  at("profile-name").textContent = title;
  panel.showFacts(state);
  miniprogram.know(state);
  const wanted = person?.openid ?? new URLSearchParams(location.search).get("person") ?? localStorage.getItem(REMEMBERED);
  person = people.find((one) => one.openid === wanted || one.name === wanted) ?? people[0];
  unread.delete(person.openid); // the chat that is read next holds it
  drawPeople();
  return true;
}

function drawPeople() {
  belongTo(person.openid);
  panel.belongTo(person);
  notices.belongTo(person);
  miniprogram.belongTo(person);
  at("person").replaceChildren(...people.map((one) => make("option", {
    value: one.openid, selected: one.openid === person.openid ? "" : null,
  }, labelled(one))));
  at("person").value = person.openid;
  at("unfollow").hidden = !person.following;
  at("profile").hidden = person.following;
  at("chat").hidden = !person.following;
  at("composer").hidden = !person.following;
}

function labelled(one) {
  const fresh = unread.get(one.openid);
  return `${one.name}${one.following ? "" : "（未关注）"}${fresh ? ` · ${fresh} 条新消息` : ""}`;
}

async function loadPerson() {
  const openid = person.openid;
  const came = [];
  const number = menus.ask();
  held = came;
  const [messages, menu] = await Promise.all([get(`people/${openid}/conversation`), get(`people/${openid}/menu`)]);
  if (held !== came) return; // another reading has begun since
  held = null;
  if (!messages || !menu) return;
  start(person);
  messages.concat(came).forEach(append);
  if (menus.takes(number)) showComposer(person, menu);
  requestAnimationFrame(toEnd);
}

async function loadAll() {
  if (await loadState()) {
    await Promise.all([loadPerson(), panel.load()]);
    document.body.dataset.ready = "yes";
  }
}

async function become(openid) {
  person = people.find((one) => one.openid === openid);
  localStorage.setItem(REMEMBERED, openid);
  unread.delete(openid);
  showTyping(0);
  drawPeople();
  await loadPerson();
}

async function loadMenu() {
  if (!person) return; // whoever reads the people now reads the menu after them
  const { openid } = person;
  const number = menus.ask();
  const menu = await get(`people/${openid}/menu`);
  if (menu && openid === person.openid && menus.takes(number)) showComposer(person, menu);
}

function showTyping(seconds) {
  clearTimeout(typingTimer);
  at("account").textContent = seconds ? "对方正在输入…" : title;
  if (seconds) typingTimer = setTimeout(() => showTyping(0), seconds * 1000);
}

// Something came for somebody else, or before it is known whose phone this is.
function count(openid) {
  unread.set(openid, (unread.get(openid) ?? 0) + 1);
  if (person) drawPeople();
}

const NEWS = {
  ...notices.NEWS,
  message: (news) => {
    const visitor = miniprogram.hears(news);
    if (visitor === person?.openid) return;
    if (visitor || news.openid !== person?.openid) {
      if (news.message.direction !== "out") count(visitor || news.openid);
      return;
    }
    if (news.message.direction === "in") showTyping(0);
    if (held) held.push(news.message);
    else append(news.message);
  },
  person: async () => {
    if (!(await loadState())) return; // said at the top of the page; the line's return reads all again
    await loadMenu();
  },
  typing: (news) => (news.openid === person?.openid ? showTyping(news.seconds) : miniprogram.hears(news)),
  snapshot: (news) => news.openid === person?.openid && offerFull(),
  menu: loadMenu,
  mass: loadAll, // many chats changed at once: what lies in this one is read anew
  pushing: panel.pushing,
  exchange: panel.answered,
  call: () => panel.refresh("calls"),
  misbehaviour: () => panel.refresh("wishes"),
  clock: loadState,
  reset: () => {
    miniprogram.close();
    panel.clear();
    return loadAll();
  },
};

function listen() {
  const source = new EventSource("/sandbox/api/live");
  source.addEventListener("open", () => {
    at("offline").hidden = true;
    loadAll();
  });
  source.addEventListener("error", () => {
    at("offline").hidden = false;
    // After a refused stream the browser gives up by itself; a lost one it opens again.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1500);
  });
  source.addEventListener("message", (event) => {
    const news = JSON.parse(event.data);
    NEWS[news.kind]?.(news);
  });
}

at("person").addEventListener("change", (event) => become(event.target.value));
at("follow").addEventListener("click", () => post(`people/${person.openid}/follow`));
at("unfollow").addEventListener("click", () => post(`people/${person.openid}/unfollow`));
at("scan").addEventListener("click", scan);
at("settings").addEventListener("click", () => person && openSettings(person));
at("add-person").addEventListener("click", async () => {
  const given = await askFor("加一个人", [{ name: "name", label: "姓名" }], { ok: "加上" });
  const made = given && (await post("people", given));
  if (made && (await loadState())) await become(made.openid);
});
at("show-panel").addEventListener("click", (event) => {
  const open = at("panel").classList.toggle("open");
  event.currentTarget.setAttribute("aria-expanded", String(open));
  event.currentTarget.textContent = open ? "手机" : "面板";
});

listen();
