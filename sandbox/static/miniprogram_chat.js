// The mini-program's own chat (客服会话): what was said, live, and writing into it.

import { drawn } from "./bubbles.js";
import { choosePicture } from "./files.js";
import { get, icon, make, post, tell } from "./http.js";
import { askFor, choose } from "./sheets.js";

let list = null; // while it is on the screen
let visitor = ""; // the openid there
let lastId = 0;
let held = null; // what arrives while the chat is being read
let typing = null;

const toEnd = () => list && (list.scrollTop = list.scrollHeight);

function append(message) {
  if (!list || message.id <= lastId) return;
  lastId = message.id;
  list.querySelector(".empty")?.remove();
  list.append(drawn(message, toEnd));
  toEnd();
}

// At first, and again when something may have been missed: the line was broken, or it was not known yet whose
// the messages here are. Where it fails, what arrives is held until it is read again.
async function read(openid) {
  const came = [];
  held = came;
  const after = `conversation?app=miniprogram&after=${lastId}`;
  const [known, messages] = await Promise.all([get(`people/${openid}/miniprogram`), get(`people/${openid}/${after}`)]);
  if (held !== came || !known || !messages) return; // left, or another reading has begun since
  visitor = known.openid;
  held = null;
  messages.concat(came).forEach(append);
}

function hear({ kind, openid, message, seconds }) {
  if (openid !== visitor && visitor) return;
  if (kind === "typing") return showTyping(seconds);
  if (message.direction === "in") showTyping(0);
  if (held) held.push(message);
  else append(message);
}

function showTyping(seconds) {
  if (!typing) return;
  typing.hidden = !seconds;
  clearTimeout(typing.timer);
  if (seconds) typing.timer = setTimeout(() => showTyping(0), seconds * 1000);
}

export const chat = {
  key: "chat",
  label: "客服",
  shows: (openid) => Boolean(list) && openid === visitor,
  hear,
  read,
  leave() {
    list = null;
    visitor = "";
    held = null;
    lastId = 0;
  },
  draw({ person, opened }) {
    const act = (name, body) => post(`people/${person.openid}/${name}`, body);
    const page = `${opened.path}${opened.query ? `?${opened.query}` : ""}`;
    list = make("div", { class: "chat", role: "log", "aria-live": "polite", "aria-label": "客服会话", tabindex: "0", "data-test": "mini-messages" },
      make("p", { class: "empty" }, "还没有消息。点「进入会话」，或直接说一句话。"));
    typing = make("p", { class: "typing", hidden: "" }, "对方正在输入…");
    read(person.openid);
    const input = make("textarea", { rows: "1", "aria-label": "对客服说", "data-test": "mini-say", maxlength: "5000" });
    const say = async () => {
      const text = input.value;
      if (!text.trim()) return;
      input.value = "";
      if ((await act("say-in-miniprogram", { text })) === null && !input.value) input.value = text;
    };
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      say();
    });
    return make("div", { class: "service" }, list, typing,
      make("div", { class: "composer" }, make("div", { class: "line" },
        make("button", { type: "button", class: "icon", "aria-label": "更多", "data-test": "mini-attach", onclick: () => more(act, page) }, icon("plus")), input,
        make("button", { type: "button", class: "send", "data-test": "mini-say-send", onclick: say }, "发送"))));
  },
};

async function more(act, page) {
  const way = await choose("客服会话", [["enter", "进入会话", "推送 user_enter_tempsession"], ["album", "发图片"],
    ["sample", "发示例图片", "冒火花的插座"], ["page", "发小程序卡片", page]]);
  if (way === "sample") act("picture-in-miniprogram", {});
  else if (way === "album") {
    const picture = await choosePicture();
    if (picture) act("picture-in-miniprogram", picture);
  } else if (way === "enter") {
    const given = await askFor("进入会话", [{ name: "from", label: "session-from，可空", value: "" }], { ok: "进入" });
    if (given && (await act("enter-session", given))) tell("已进入会话。一分钟内服务可以发 2 条。");
  } else if (way === "page") {
    const given = await askFor("发小程序卡片", [{ name: "title", label: "标题", value: "小程序" }, { name: "path", label: "页面路径", value: page }]);
    if (given) act("page-in-miniprogram", given);
  }
}
