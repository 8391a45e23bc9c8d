// The bottom of the chat: the account's menu bar or the input line, and the board that opens below.

import { board as attachBoard } from "./attach.js";
import { board as emojiBoard } from "./emoji.js";
import { dataUrl } from "./files.js";
import { icon, make } from "./http.js";
import { act, me } from "./me.js";
import { menuButtons } from "./menu_bar.js";
import { choose } from "./sheets.js";
import { sendVoice } from "./voice.js";

const root = document.getElementById("composer");
const below = make("div", { class: "below" });
let holder = ""; // whose line it is
let buttons = [];
let typing = false; // the input line is shown although there is a menu
let board = ""; // which board is open: emoji, attach, or none
const drafts = new Map(); // openid -> text not yet sent

export function show(who, menu) {
  const isSame = holder === who.openid && JSON.stringify(buttons) === JSON.stringify(menu.button);
  if (isSame && root.hasChildNodes()) return; // a list that stands open stays so while a menu is pushed in steps
  if (!buttons.length && isWriting()) typing = true; // the first menu does not take the line from who writes
  buttons = menu.button;
  if (holder !== who.openid) {
    typing = false;
    board = "";
  }
  holder = who.openid;
  draw();
}

function isWriting() {
  const input = root.querySelector("textarea");
  return Boolean(input && (input.value || input === document.activeElement));
}

function draw() {
  const focused = document.activeElement?.dataset?.test === "message-input";
  const inMenu = buttons.length > 0 && !typing;
  root.replaceChildren(inMenu ? menuLine() : inputLine(), below);
  drawBoard();
  if (focused) root.querySelector("textarea")?.focus();
}

function drawBoard() {
  const open = buttons.length > 0 && !typing ? "" : board;
  const drawn = { attach: () => attachBoard(() => toggle("")), emoji: () => emojiBoard({ insert, erase, redraw: drawBoard }) }[open];
  below.replaceChildren(...(drawn ? [drawn()] : []));
  for (const name of ["attach", "emoji"]) root.querySelector(`[data-board="${name}"]`)?.setAttribute("aria-expanded", String(open === name));
}

function toggle(name) {
  board = board === name ? "" : name;
  drawBoard();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !board || document.querySelector("dialog[open]")) return;
  toggle("");
  root.querySelector("textarea")?.focus();
});

function switcher(name, label) {
  return make("button", {
    type: "button", class: "icon switch", "aria-label": label, "data-test": "toggle-input",
    onclick: () => {
      typing = !typing;
      board = "";
      draw();
      if (typing) root.querySelector("textarea").focus();
    },
  }, icon(name));
}

function menuLine() {
  return make("nav", { class: "line", "aria-label": "公众号菜单" }, switcher("keyboard", "切换到键盘"), menuButtons(buttons));
}

const opener = (name, shape, label, test) => make("button", {
  type: "button", class: "icon", "aria-label": label, "data-test": test, "data-board": name, "aria-expanded": String(board === name),
  onclick: () => toggle(name),
}, icon(shape));

function inputLine() {
  const input = make("textarea", {
    rows: "1", "aria-label": "输入消息", "data-test": "message-input", enterkeyhint: "send", maxlength: "5000",
  });
  input.value = drafts.get(holder) ?? "";
  const send = make("button", { type: "button", class: "send", "data-test": "send", onclick: () => sendText(input) }, "发送");
  const attach = opener("attach", "plus", "更多", "attach");
  const fit = () => {
    drafts.set(holder, input.value);
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
  input.addEventListener("paste", (event) => pastePicture(event));
  requestAnimationFrame(fit);
  const voice = make("button", { type: "button", class: "icon", "aria-label": "发语音", "data-test": "send-voice", onclick: sendVoice }, icon("voice"));
  const toMenu = buttons.length ? switcher("menu", "切换到菜单") : null;
  const parts = [toMenu, voice, input, opener("emoji", "smile", "表情", "emoji"), attach, send].filter(Boolean);
  send.hidden = !input.value.trim();
  attach.hidden = !send.hidden;
  return make("div", { class: "line" }, ...parts);
}

// A picture in the clipboard is sent, once one has said so.
async function pastePicture(event) {
  const file = [...event.clipboardData.files].find((one) => ["image/png", "image/jpeg"].includes(one.type));
  if (!file) return;
  event.preventDefault();
  if (await choose("剪贴板里有一张图片", [["send", "发送这张图片"]])) act("picture", { base64: await dataUrl(file) });
}

// A text from the emoji board, put where the caret is.
function insert(text) {
  const input = root.querySelector("textarea");
  input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
  input.dispatchEvent(new Event("input"));
  input.scrollTop = input.scrollHeight;
}

// The letter before the caret; a code such as [微笑] goes as one.
function erase() {
  const input = root.querySelector("textarea");
  const before = input.value.slice(0, input.selectionStart);
  const last = before.match(/\[[\u4e00-\u9fff]{1,4}\]$/)?.[0] ?? [...before].at(-1) ?? "";
  input.setRangeText("", input.selectionStart - last.length, input.selectionEnd, "end");
  input.dispatchEvent(new Event("input"));
}

async function sendText(input) {
  const text = input.value;
  if (!text.trim()) return;
  const who = holder;
  input.value = "";
  input.dispatchEvent(new Event("input"));
  if (board !== "emoji") input.focus();
  if ((await act("say", { text })) === null && me.person.openid === who && !input.value) {
    input.value = text; // not sent: give the words back
    input.dispatchEvent(new Event("input"));
  }
}
