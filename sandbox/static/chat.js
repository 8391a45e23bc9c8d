// From a kept message to what WeChat would draw.

import { icon, make, post, tell } from "./http.js";
import { noticeCard } from "./notices.js";
import { openMiniProgram, openPage } from "./sheets.js";

const chat = document.getElementById("chat");
const GAP_SECONDS = 300;
let lastAt = 0;
let lastId = 0;
let person = null;
let atEnd = true; // the newest message is in sight, and stays so when the space changes

chat.addEventListener("scroll", () => {
  atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 160;
});
new ResizeObserver(() => atEnd && toEnd()).observe(chat);

export const newestId = () => lastId;

export function start(who) {
  person = who;
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
  chat.append(drawn(message));
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

function drawn(message) {
  if (message.direction === "note") return note(message);
  const [content, style] = (DRAW[message.type] ?? unknown)(message);
  const bubble = make("div", {
    class: `bubble ${style}`, "data-test": `bubble-${message.direction}`, "data-type": message.type,
  });
  bubble.append(...[content].flat());
  const own = message.direction === "out";
  const avatar = own
    ? make("div", { class: "avatar", "aria-hidden": "true" }, person.name.slice(-1))
    : make("div", { class: "avatar account", "aria-hidden": "true" }, "工");
  if (own) avatar.style.background = colour(person.name);
  if (message.content.from) fromFriend(avatar, message.content.from);
  const wide = style.includes("wide") ? " wide" : "";
  return make("div", { class: `row ${message.direction}${wide}`, "data-id": message.id }, avatar, bubble);
}

// What a friend sends lies in the same chat: it is the only one this phone has.
function fromFriend(avatar, name) {
  avatar.textContent = name.slice(-1);
  avatar.style.background = colour(name);
}

export function colour(name) {
  const sum = [...name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return ["#3f6fb5", "#b5476b", "#7a7a2e", "#a8660a", "#5b5b8c", "#4d7a57"][sum % 6];
}

function note(message) {
  const test = message.type === "fault" ? "fault-notice" : "note";
  return make("div", { class: "grey", "data-test": test, title: message.content.rule }, message.text);
}

const alone = (before, after) => (!before || before.text.endsWith("\n")) && (!after || after.text.startsWith("\n"));

function segments(message) {
  return message.segments.map((one, index, all) => {
    if (one.choice) {
      const style = alone(all[index - 1], all[index + 1]) ? "link choice alone" : "link choice";
      return make("a", {
        href: "#", role: "button", class: style, "data-test": "choice-link",
        onclick: (event) => {
          event.preventDefault();
          post(`people/${person.openid}/choose`, one.choice);
        },
      }, one.text);
    }
    if (one.miniprogram) return linked(one, () => openMiniProgram(one.miniprogram));
    if (one.url?.startsWith("tel:")) return linked(one, () => tell(`拨打 ${one.url.slice(4)}`));
    if (one.url) return linked(one, () => openPage(one.url));
    return one.text;
  });
}

// An inline element, so that a long address wraps with the text around it.
const linked = (one, act) => make("a", {
  href: one.url || "#", class: "link",
  onclick: (event) => {
    event.preventDefault();
    act();
  },
}, one.text);

// A picture that cannot be loaded leaves a plain surface, not a broken sign.
function picture(style, address) {
  if (!address) return make("span", { class: "cover" });
  const image = make("img", { class: style, src: address, alt: "" });
  image.addEventListener("error", () => image.replaceWith(make("span", { class: style })));
  image.addEventListener("load", () => atEnd && toEnd());
  return image;
}

function text(message) {
  const shown = segments(message);
  if (message.ai) shown.push(make("span", { class: "ai" }, "内容由第三方AI生成"));
  return [shown, "talk"];
}

function image(message) {
  if (message.media_gone) return [make("div", { class: "gone" }, "图片已过期"), "bare"];
  const photo = picture("photo", message.media_url);
  photo.setAttribute("alt", "图片");
  return [photo, "bare"];
}

function voice(message) {
  const length = message.content.seconds ? `${message.content.seconds}"` : "语音";
  const bar = make("div", { class: "voice" }, icon("waves"), length);
  const heard = message.content.recognition;
  return [heard ? [bar, make("div", { class: "heard" }, heard)] : [bar], "talk"];
}

function video(message) {
  const { title, description } = message.content;
  const still = make("span", { class: "video", role: "img", "aria-label": "视频" }, picture("cover", message.thumb_url));
  const words = title ? [make("div", { class: "pad" }, line("title", title), line("about", description))] : [];
  return [make("div", { class: "card" }, still, ...words), "bare wide"];
}

const line = (name, words) => (words ? make("span", { class: name }, words) : null);

function articleButton(article, style, ...children) {
  return make("button", {
    type: "button", class: `article ${style}`, "data-test": "article",
    onclick: () => (article.url ? openPage(article.url, article.title) : tell("这条图文没有链接。")),
  }, ...children);
}

function news(message) {
  const [first, ...rest] = message.content.articles;
  const top = first.picture ? picture("cover", first.picture) : null;
  if (!rest.length) {
    const words = make("span", { class: "pad block" }, line("title", first.title), line("about", first.description));
    return [make("div", { class: "card" }, articleButton(first, "", top, words)), "bare wide"];
  }
  const lead = top
    ? articleButton(first, "lead", top, line("over", first.title))
    : articleButton(first, "plain", first.title);
  const others = rest.map((one) => articleButton(one, "small", line("words", one.title),
    one.picture ? picture("cover", one.picture) : null));
  return [make("div", { class: "card" }, lead, ...others), "bare wide"];
}

function place(message) {
  const { label, latitude, longitude } = message.content;
  return [make("div", { class: "card" }, make("div", { class: "pad" }, line("title", label || "位置"),
    line("about", `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`)), make("div", { class: "map" })), "bare wide"];
}

function link(message) {
  const { title, description, url, picture: cover, from } = message.content;
  const words = [line("title", title), line("about", description || url), line("about", from && `来自 ${from}`)];
  const inside = cover
    ? make("span", { class: "pad side" }, make("span", { class: "words" }, ...words), picture("small", cover))
    : make("span", { class: "pad block" }, ...words);
  return [make("button", { type: "button", class: "card", "data-test": "link-card",
    onclick: () => openPage(url, title, from ? "elsewhere" : "chat") }, inside), "bare wide"];
}

function music(message) {
  const { title, description, url } = message.content;
  return [make("button", { type: "button", class: "card", onclick: () => (url ? openPage(url, title) : tell("没有音乐地址。")) },
    make("span", { class: "pad side" }, make("span", { class: "words" }, line("title", title || "音乐"), line("about", description)),
      message.thumb_url ? picture("small", message.thumb_url) : make("span", { class: "disc" }, "♪"))), "bare wide"];
}

function miniprogram(message) {
  const { title, appid, path } = message.content;
  return [make("button", { type: "button", class: "card", onclick: () => openMiniProgram({ appid, path }) },
    make("span", { class: "pad block" }, line("title", title || "小程序")),
    picture("cover", message.thumb_url),
    line("foot", "小程序")), "bare wide"];
}

const card = (message) => [make("div", { class: "card" }, make("div", { class: "pad" }, line("title", "卡券"), line("about", message.content.card_id))), "bare wide"];
const unknown = (message) => [`[${message.type}]`, "talk"];

const DRAW = {
  text, msgmenu: text, image, voice, video, shortvideo: video, news, location: place, link, music,
  miniprogrampage: miniprogram, template: noticeCard, wxcard: card,
};
