// The bottom of the chat: the account's menu bar, the input line, and what can be attached.

import { get, icon, make, post } from "./http.js";
import { askFor, openMiniProgram, openPage } from "./sheets.js";

const root = document.getElementById("composer");
let person = null;
let buttons = [];
let typing = false; // the input line is shown although there is a menu
let attachOpen = false;
const drafts = new Map(); // openid -> text not yet sent

export function show(who, menu) {
  const samePerson = person?.openid === who.openid;
  person = who;
  buttons = menu.button;
  if (!samePerson) {
    typing = false;
    attachOpen = false;
  }
  draw();
}

function draw() {
  const focused = document.activeElement?.dataset?.test === "message-input";
  const inMenu = buttons.length > 0 && !typing;
  root.replaceChildren(inMenu ? menuLine() : inputLine());
  if (attachOpen && !inMenu) root.append(attachGrid());
  if (focused) root.querySelector("textarea")?.focus();
}

function switcher(name, label) {
  return make("button", {
    type: "button", class: "icon switch", "aria-label": label, "data-test": "toggle-input",
    onclick: () => {
      typing = !typing;
      attachOpen = false;
      draw();
      if (typing) root.querySelector("textarea").focus();
    },
  }, icon(name));
}

function menuLine() {
  const slots = buttons.map((button) => make("div", { class: "slot" }, topButton(button)));
  return make("nav", { class: "line", "aria-label": "公众号菜单" },
    switcher("keyboard", "切换到键盘"), make("div", { class: "buttons" }, ...slots));
}

function topButton(button) {
  const children = button.sub_button ?? [];
  const shown = shortened(button.name, 4);
  if (!children.length) {
    return make("button", { type: "button", "data-test": "menu-button", title: button.name, onclick: () => tap([button.name], button) }, shown);
  }
  return make("button", {
    type: "button", class: "parent", "data-test": "menu-button", title: button.name,
    "aria-haspopup": "menu", "aria-expanded": "false",
    onclick: (event) => openSubmenu(event.currentTarget, button),
  }, shown);
}

// WeChat shows four characters on top and eight below; half-width letters count half.
function shortened(name, most) {
  let width = 0;
  let out = "";
  for (const letter of name) {
    width += letter.codePointAt(0) < 256 ? 0.5 : 1;
    if (width > most) return `${out}…`;
    out += letter;
  }
  return out;
}

function openSubmenu(opener, button) {
  const wasOpen = opener.getAttribute("aria-expanded") === "true";
  closeSubmenu();
  if (wasOpen) return;
  opener.setAttribute("aria-expanded", "true");
  const items = button.sub_button.map((item) => make("button", {
    type: "button", role: "menuitem", "data-test": "submenu-item", title: item.name,
    onclick: () => {
      closeSubmenu();
      tap([button.name, item.name], item);
    },
  }, shortened(item.name, 8)));
  opener.parentElement.append(make("div", { class: "submenu", role: "menu" }, ...items));
}

function closeSubmenu() {
  root.querySelector(".submenu")?.remove();
  root.querySelector('[aria-expanded="true"]')?.setAttribute("aria-expanded", "false");
}

document.addEventListener("click", (event) => {
  if (!event.target.closest(".slot")) closeSubmenu();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeSubmenu();
});

async function tap(path, button) {
  const given = await asked(button);
  if (given === null) return;
  const done = await post(`people/${person.openid}/menu`, { path, ...given });
  if (done?.open) openPage(done.open, button.name);
  if (done?.miniprogram) openMiniProgram(done.miniprogram);
}

// What the phone itself would ask before the event is sent.
async function asked(button) {
  if (button.type.startsWith("scancode_")) {
    const found = await askFor("扫一扫", [{ name: "scan_result", label: "扫到的内容" }], { ok: "扫" });
    return found;
  }
  if (button.type.startsWith("pic_")) {
    const file = await askFor("选择图片", [], { ok: "用示例图片", note: "菜单会发送一张示例图片：冒火花的插座。" });
    return file && {};
  }
  if (button.type === "location_select") return askForPlace();
  return {};
}

export const PLACES = [
  ["黄陵县城", 35.5814, 109.2627, "陕西省延安市黄陵县桥山街道"],
  ["轩辕大道", 35.5849, 109.2571, "陕西省延安市黄陵县轩辕大道"],
  ["店头镇", 35.6381, 109.0246, "陕西省延安市黄陵县店头镇"],
];

async function askForPlace() {
  const [, latitude, longitude, label] = PLACES[0];
  const place = await askFor("发送位置", [
    { name: "label", label: "地点", value: label },
    { name: "latitude", label: "纬度", value: latitude },
    { name: "longitude", label: "经度", value: longitude },
  ], {
    chips: PLACES.map(([name, x, y, words]) => ({ label: name, values: { label: words, latitude: x, longitude: y } })),
  });
  return place && { ...place, latitude: Number(place.latitude), longitude: Number(place.longitude) };
}

function inputLine() {
  const input = make("textarea", {
    rows: "1", "aria-label": "输入消息", "data-test": "message-input", enterkeyhint: "send", maxlength: "5000",
  });
  input.value = drafts.get(person.openid) ?? "";
  const send = make("button", { type: "button", class: "send", "data-test": "send", onclick: () => sendText(input) }, "发送");
  const attach = make("button", {
    type: "button", class: "icon", "aria-label": "更多", "data-test": "attach", "aria-expanded": String(attachOpen),
    onclick: () => {
      attachOpen = !attachOpen;
      draw();
    },
  }, icon("plus"));
  const fit = () => {
    drafts.set(person.openid, input.value);
    send.hidden = !input.value.trim();
    attach.hidden = !send.hidden;
    input.style.height = "40px";
    input.style.height = `${Math.min(input.scrollHeight, 120)}px`;
  };
  input.addEventListener("input", fit);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      sendText(input);
    }
  });
  requestAnimationFrame(fit);
  const voice = make("button", { type: "button", class: "icon", "aria-label": "发语音", "data-test": "send-voice", onclick: sendVoice }, icon("voice"));
  const toMenu = buttons.length ? switcher("menu", "切换到菜单") : null;
  const parts = [toMenu, voice, input, attach, send].filter(Boolean);
  send.hidden = !input.value.trim();
  attach.hidden = !send.hidden;
  return make("div", { class: "line" }, ...parts);
}

async function sendText(input) {
  const text = input.value;
  if (!text.trim()) return;
  const who = person.openid;
  input.value = "";
  input.dispatchEvent(new Event("input"));
  input.focus();
  if ((await post(`people/${who}/say`, { text })) === null && person.openid === who && !input.value) {
    input.value = text; // not sent: give the words back
    input.dispatchEvent(new Event("input"));
  }
}

const send = (act, body = {}) => post(`people/${person.openid}/${act}`, body);

async function sendVoice() {
  const said = await askFor("发语音", [{ name: "recognition", label: "语音识别出的文字", rows: 2 }], {
    note: "发送一段 3 秒的示例语音，识别结果由您填写，可以留空。",
  });
  if (said) send("voice", said);
}

async function sendLocation() {
  const place = await askForPlace();
  if (place) send("location", place);
}

async function sendLink() {
  const link = await askFor("发送链接", [
    { name: "title", label: "标题", value: "秋季活动回顾" },
    { name: "url", label: "网址", value: "https://mp.weixin.qq.com/s/demo" },
    { name: "description", label: "说明", value: "" },
  ]);
  if (link) send("link", link);
}

function chooseFile() {
  const input = make("input", { type: "file", accept: "image/png,image/jpeg" });
  input.addEventListener("change", () => {
    const reader = new FileReader();
    reader.addEventListener("load", () => send("picture", { base64: reader.result }));
    if (input.files[0]) reader.readAsDataURL(input.files[0]);
  });
  input.click();
}

export async function scan() {
  const known = (await get("state"))?.scenes ?? [];
  const code = await askFor("扫带参数的二维码", [{ name: "scene", label: "场景值（scene）", value: "" }], {
    ok: "扫码", note: "已关注时产生 SCAN 事件，未关注时等于扫码关注。",
    chips: known.slice(0, 8).map(({ scene }) => ({ label: scene, values: { scene } })),
  });
  if (code) send("scan", code);
}

function attachGrid() {
  const items = [
    ["示例图片", "photo", "send-picture", () => send("picture")],
    ["选择图片", "upload", "choose-picture", chooseFile],
    ["位置", "place", "send-location", sendLocation],
    ["语音", "voice", "send-voice-sample", sendVoice],
    ["视频", "film", "send-video", () => send("video")],
    ["链接", "link", "send-link", sendLink],
    ["扫一扫", "scan", "scan-code", scan],
  ];
  return make("div", { class: "attach" }, ...items.map(([label, shape, test, act]) => make("button", {
    type: "button", "data-test": test,
    onclick: () => {
      attachOpen = false;
      draw();
      act();
    },
  }, make("span", {}, icon(shape)), label)));
}
