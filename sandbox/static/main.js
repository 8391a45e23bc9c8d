// Starts the page, keeps it in step with the sandbox, and changes who one is.

import { append, newestId, start, toEnd } from "./chat.js";
import { scan, show as showComposer } from "./composer.js";
import { get, make, post } from "./http.js";
import "./js_sdk.js";
import * as notices from "./notices.js";
import * as panel from "./panel.js";
import { askFor, belongTo } from "./sheets.js";
import { offerFull } from "./webview.js";

const at = (id) => document.getElementById(id);
const REMEMBERED = "sandbox-person";
let people = [];
let person = null;
let title = "";
let typingTimer;

async function loadState() {
  const state = await get("state");
  if (!state) return false;
  people = state.people;
  title = state.account;
  document.title = `${title} · 沙盒手机`;
  at("account").textContent = title;
  at("profile-name").textContent = title;
  panel.showFacts(state);
  const wanted = person?.openid ?? new URLSearchParams(location.search).get("person") ?? localStorage.getItem(REMEMBERED);
  person = people.find((one) => one.openid === wanted || one.name === wanted) ?? people[0];
  drawPeople();
  return true;
}

function drawPeople() {
  belongTo(person.openid);
  notices.belongTo(person);
  at("person").replaceChildren(...people.map((one) => make("option", {
    value: one.openid, selected: one.openid === person.openid ? "" : null,
  }, one.following ? one.name : `${one.name}（未关注）`)));
  at("person").value = person.openid;
  at("unfollow").hidden = !person.following;
  at("profile").hidden = person.following;
  at("chat").hidden = !person.following;
  at("composer").hidden = !person.following;
}

async function loadPerson() {
  const openid = person.openid;
  const [messages, menu] = await Promise.all([get(`people/${openid}/conversation`), get(`people/${openid}/menu`)]);
  if (!messages || !menu || openid !== person.openid) return;
  start(person);
  messages.forEach(append);
  showComposer(person, menu);
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
  showTyping(0);
  drawPeople();
  await loadPerson();
}

async function loadMenu() {
  const menu = await get(`people/${person.openid}/menu`);
  if (menu) showComposer(person, menu);
}

function showTyping(seconds) {
  clearTimeout(typingTimer);
  at("account").textContent = seconds ? "对方正在输入…" : title;
  if (seconds) typingTimer = setTimeout(() => showTyping(0), seconds * 1000);
}

// What arrived while a page was being read may come twice; `append` takes each id once.
async function catchUp() {
  const missed = await get(`people/${person.openid}/conversation?after=${newestId()}`);
  missed?.forEach(append);
}

const NEWS = {
  ...notices.NEWS,
  message: (news) => {
    if (news.openid !== person?.openid) return;
    if (news.message.direction === "in") showTyping(0);
    append(news.message);
  },
  person: async () => {
    await loadState();
    await loadMenu();
    await catchUp();
  },
  typing: (news) => news.openid === person?.openid && showTyping(news.seconds),
  snapshot: (news) => news.openid === person?.openid && offerFull(),
  menu: loadMenu,
  exchange: () => panel.refresh("exchanges"),
  call: () => panel.refresh("calls"),
  misbehaviour: () => panel.refresh("wishes"),
  clock: loadState,
  reset: loadAll,
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
at("add-person").addEventListener("click", async () => {
  const given = await askFor("加一个人", [{ name: "name", label: "姓名" }], { ok: "加上" });
  const made = given && (await post("people", given));
  if (made) {
    await loadState();
    await become(made.openid);
  }
});
at("show-panel").addEventListener("click", (event) => {
  const open = at("panel").classList.toggle("open");
  event.currentTarget.setAttribute("aria-expanded", String(open));
  event.currentTarget.textContent = open ? "手机" : "面板";
});

listen();
