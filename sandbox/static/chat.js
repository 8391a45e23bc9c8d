// The conversation: what is in it, when, and that its end stays in sight.

import { drawn } from "./bubbles.js";
import { make } from "./http.js";
import { me } from "./me.js";

const chat = document.getElementById("chat");
const GAP_SECONDS = 300;
let lastAt = 0;
let lastId = 0;
let atEnd = true; // the newest message is in sight, and stays so when the space changes

chat.addEventListener("scroll", () => {
  atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 160;
});
new ResizeObserver(() => atEnd && toEnd()).observe(chat);

export function start(who) {
  me.person = who;
  chat.dataset.person = who.name;
  lastAt = 0;
  lastId = 0;
  chat.replaceChildren(make("p", { class: "empty" }, "还没有消息。说一句话，或点下面的菜单。"));
}

export function append(message) {
  if (message.id <= lastId) return;
  chat.querySelector(".empty")?.remove();
  const follows = atEnd || message.direction === "out";
  if (message.at - lastAt > GAP_SECONDS) chat.append(make("div", { class: "time" }, clock(message.at)));
  lastAt = message.at;
  lastId = message.id;
  chat.append(drawn(message, () => atEnd && toEnd()));
  if (follows) toEnd();
}

export function toEnd() {
  atEnd = true;
  chat.scrollTop = chat.scrollHeight;
}

const two = (number) => String(number).padStart(2, "0");

export function clock(at) {
  // Shown in the account's own time, whatever the browser's zone is.
  const date = new Date((at + 8 * 3600) * 1000);
  const today = new Date(Date.now() + 8 * 3600 * 1000);
  const time = `${date.getUTCHours()}:${two(date.getUTCMinutes())}`;
  if (date.toISOString().slice(0, 10) === today.toISOString().slice(0, 10)) return time;
  return `${date.getUTCMonth() + 1}月${date.getUTCDate()}日 ${time}`;
}
