// The developer's panel: its head, its tabs, and when each of them is read again.

import { refresh as showAccount } from "./account.js";
import { copyStory } from "./clipboard.js";
import * as filters from "./filters.js";
import { get, make, tell } from "./http.js";
import { callRow, exchangeRow } from "./log.js";
import { inOrder, redraw } from "./redraw.js";
import * as time from "./time_travel.js";
import { left, show as showWishes } from "./wishes.js";

const panel = document.getElementById("panel");
const log = make("div", { class: "log", tabindex: "-1", role: "tabpanel" });
const waitingFor = make("p", { class: "waiting", role: "status" });
const tabs = make("div", { class: "tabs", role: "tablist" });
const TABS = [["exchanges", "往来"], ["calls", "接口"], ["wishes", "捣乱"], ["account", "账号"]];
const badge = make("span", { class: "badge", "data-test": "wish-count" });
const SHOWN = 80;
const SEARCHED = 1000;
let current = "exchanges";
let state = null;
let names = new Map();
let person = null;
let rows = [];
let waiting = null;
let counting = null;
let pushed = []; // pushes that wait for their answer
const readings = inOrder(); // of the log

const copies = make("div", { class: "copies" },
  make("span", { class: "soft" }, "复制为测试"),
  make("button", { type: "button", "data-test": "copy-last", onclick: copyLast }, "最近一次"),
  make("button", { type: "button", "data-test": "copy-all", onclick: () => copyStory(subject()) }, "关注以来整段"));
const above = make("div", { class: "above" }, filters.bar, copies);

panel.append(time.bar, tabs, above, waitingFor, log);
waitingFor.hidden = true;
badge.hidden = true;
filters.onChange(load);
for (const [key, label] of TABS) {
  tabs.append(make("button", {
    type: "button", role: "tab", "data-test": `tab-${key}`, "aria-selected": String(key === current), onclick: () => open(key),
  }, label, key === "wishes" ? badge : null));
}
tabs.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = (TABS.findIndex(([key]) => key === current) + step + TABS.length) % TABS.length;
  open(TABS[next][0]);
  tabs.children[next].focus();
});

// Somebody wants to see one exchange.
document.addEventListener("look", async ({ detail: id }) => {
  filters.reset();
  await open("exchanges");
  const row = log.querySelector(`[data-key="exchange-${id}"]`);
  if (!row) return tell("这次往来太早了，列表里没有。");
  if (!panel.classList.contains("open") && getComputedStyle(panel).display === "none") document.getElementById("show-panel").click();
  for (const one of log.querySelectorAll(".found")) one.classList.remove("found");
  row.classList.add("found");
  row.open = true;
  row.scrollIntoView({ block: "center" });
  return undefined;
});

function open(key) {
  current = key;
  for (const [index, tab] of [...tabs.children].entries()) {
    tab.setAttribute("aria-selected", String(TABS[index][0] === key));
    tab.tabIndex = TABS[index][0] === key ? 0 : -1;
  }
  filters.about(key);
  log.scrollTop = 0;
  return load();
}

// The person looked for, else the one whose phone it is.
const subject = () => filters.person() || person.openid;

function copyLast() {
  const last = rows.find((row) => row.openid === subject() && row.act);
  if (last) copyStory(last.openid, last.id);
  else tell("还没有可以写成测试的往来。");
}

export function showFacts(fresh) {
  state = fresh;
  names = new Map(state.people.map((one) => [one.openid, one.name]));
  for (const [openid, person] of Object.entries(state.visitors)) names.set(openid, names.get(person) ?? "");
  filters.showPeople(state.people, state.visitors);
  time.show(state);
  countAgain(); // this answer may be older than what is shown
  if (current === "account") showAccount(log, state);
}

export function belongTo(one) {
  person = one;
}

// Null where it is not known.
function showCount(number) {
  if (number === null) return;
  badge.textContent = number;
  badge.hidden = !number;
}

// A push has left and nothing has come back yet.
export function pushing(news) {
  pushed.push(news);
  showWaiting();
}

export function answered(news) {
  const done = pushed.findIndex((one) => one.openid === news.openid);
  pushed = pushed.filter((one, index) => index !== done);
  showWaiting();
  refresh("exchanges");
}

function showWaiting() {
  waitingFor.hidden = !pushed.length || current !== "exchanges";
  waitingFor.textContent = `等待应答：${pushed.map((one) => `${names.get(one.openid) ?? ""} ${one.label}`).join("、")}`;
}

// Many changes at once are one reading.
export function refresh(kind) {
  if (kind === "wishes" || !badge.hidden) countAgain();
  const shown = kind === current || (kind === "calls" && current === "exchanges");
  if (!shown || waiting || kind === "wishes") return;
  waiting = setTimeout(() => {
    waiting = null;
    // Somebody may have turned to another tab since, and be typing there.
    if (current === "exchanges" || current === "calls") load();
  }, 80);
}

// Wishes are used up without a word; every push and call may have been one's end.
function countAgain() {
  clearTimeout(counting);
  counting = setTimeout(async () => {
    showCount(current === "wishes" ? await showWishes(log, state, () => current === "wishes") : await left());
  }, 80);
}

export async function load() {
  const logged = current === "exchanges" || current === "calls";
  above.hidden = !logged;
  copies.hidden = current !== "exchanges";
  showWaiting();
  if (logged) return loadLog();
  if (current === "account") return state && showAccount(log, state);
  return showCount(await showWishes(log, state, () => current === "wishes"));
}

async function loadLog() {
  const tab = current;
  const number = readings.ask();
  const limit = filters.active() ? SEARCHED : SHOWN;
  const [read, calls] = await Promise.all([get(`${tab}?limit=${limit}`), tab === "exchanges" ? get("calls?limit=200") : []]);
  if (!read || !calls || tab !== current || !readings.takes(number)) return;
  rows = read;
  const drawn = read.filter((row) => filters.takes(row, tab)).slice(0, SHOWN)
    .map((row) => (tab === "exchanges" ? exchangeRow(row, names.get(row.openid) ?? "", following(row, calls)) : callRow(row, names)));
  for (const one of drawn) asBefore(one);
  redraw(log, drawn.length ? drawn : [nothing(tab)]);
}

// Open, and marked as found, as it was.
function asBefore(row) {
  const before = log.querySelector(`[data-key="${row.dataset.key}"]`);
  row.open = Boolean(before?.open);
  if (before?.className) row.className = before.className;
}

export const clear = () => log.replaceChildren();

// Calls that name this person, from this push until their next one.
function following(row, calls) {
  const later = rows.filter((one) => one.openid === row.openid && one.id > row.id).map((one) => one.at);
  const end = Math.min(Infinity, ...later);
  return calls.filter((call) => call.at >= row.at && call.at < end && call.body.includes(row.openid)).reverse();
}

function nothing(tab) {
  if (!filters.active()) {
    return make("p", { class: "none" }, tab === "exchanges" ? "还没有往来。在手机里说一句话。" : "服务还没有调用过接口。");
  }
  return make("p", { class: "none" }, "没有符合条件的。", make("button", { type: "button", class: "quiet", onclick: filters.reset }, "清除条件"));
}
