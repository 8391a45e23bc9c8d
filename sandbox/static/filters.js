// Which rows of the log are shown: by person, by kind, only faults, by a word in them.

import { make } from "./http.js";

export const KINDS = {
  messages: ["消息", ["text", "image", "voice", "video", "shortvideo", "location", "link", "file", "miniprogrampage"]],
  menu: ["菜单", ["CLICK", "VIEW", "view_miniprogram", "scancode_push", "scancode_waitmsg", "pic_sysphoto",
    "pic_photo_or_album", "pic_weixin", "location_select"]],
  follow: ["关注、扫码", ["subscribe", "unsubscribe", "SCAN"]],
};
const NAMED = new Set(Object.values(KINDS).flatMap(([, kinds]) => kinds));

const who = make("select", { "aria-label": "只看谁", "data-test": "filter-person" });
const kind = make("select", { "aria-label": "只看哪一类", "data-test": "filter-kind" },
  make("option", { value: "" }, "全部种类"),
  ...Object.entries(KINDS).map(([key, [label]]) => make("option", { value: key }, label)),
  make("option", { value: "other" }, "其他事件"));
const faults = make("input", { type: "checkbox", "data-test": "filter-faults" });
const words = make("input", { type: "search", placeholder: "搜内容", "aria-label": "搜内容", "data-test": "filter-words" });
const clear = make("button", { type: "button", "data-test": "filter-clear", onclick: reset }, "清除条件");
let changed = () => {};
let visitors = {}; // openids in the mini-program, and whose they are

export const bar = make("div", { class: "filters" }, who, kind,
  make("label", { class: "check" }, faults, "只看出错"), words, clear);

for (const one of [who, kind, faults, words]) one.addEventListener("input", tellChange);
clear.hidden = true;

export function onChange(act) {
  changed = act;
}

function tellChange() {
  clear.hidden = !active();
  changed();
}

export function reset() {
  who.value = "";
  kind.value = "";
  faults.checked = false;
  words.value = "";
  tellChange();
}

export const active = () => Boolean(who.value || kind.value || faults.checked || words.value.trim());

export const person = () => who.value;

export function showPeople(people, known) {
  visitors = known;
  const kept = who.value;
  who.replaceChildren(make("option", { value: "" }, "所有人"),
    ...people.map((one) => make("option", { value: one.openid }, one.name)));
  who.value = people.some((one) => one.openid === kept) ? kept : "";
}

// Calls have no kind; the choice rests while they are looked at.
export function about(tab) {
  kind.hidden = tab !== "exchanges";
}

export function takes(row, tab) {
  const text = tab === "exchanges" ? `${row.label}${row.request_xml}${row.reply_xml}${row.raw}${row.rule}`
    : `${row.path}${row.errcode}${row.body}${JSON.stringify(row.answer)}${row.rule}`;
  const own = tab === "exchanges" ? [row.openid, visitors[row.openid]].includes(who.value) : row.person === who.value || text.includes(who.value);
  if (who.value && !own) return false;
  if (faults.checked && (tab === "exchanges" ? row.result !== "fault" : row.errcode === 0)) return false;
  if (tab === "exchanges" && !ofKind(row.kind)) return false;
  return text.toLowerCase().includes(words.value.trim().toLowerCase());
}

function ofKind(name) {
  if (!kind.value) return true;
  return kind.value === "other" ? !NAMED.has(name) : KINDS[kind.value][1].includes(name);
}
