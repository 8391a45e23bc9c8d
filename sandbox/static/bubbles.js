// One kept message as WeChat would draw it.

import { withFaces } from "./faces.js";
import { icon, make, tell } from "./http.js";
import { act, me } from "./me.js";
import { noticeCard } from "./notices.js";
import { openMiniProgram, openPage } from "./sheets.js";
import { play, showFilm, showPicture } from "./viewer.js";

// `loaded` is called when a picture has come and the height has changed.
export function drawn(message, loaded) {
  if (message.direction === "note") return note(message);
  const [content, style] = (DRAW[message.type] ?? unknown)(message);
  const bubble = make("div", {
    class: `bubble ${style}`, "data-test": `bubble-${message.direction}`, "data-type": message.type,
  });
  bubble.append(...[content].flat());
  for (const image of bubble.querySelectorAll("img")) image.addEventListener("load", loaded);
  const wide = style.includes("wide") ? " wide" : "";
  const row = { class: `row ${message.direction}${wide}`, "data-id": message.id, "data-exchange": message.exchange_id };
  return make("div", row, avatar(message), bubble);
}

// A tap on the account's picture shows in the panel how this answer came.
function avatar(message) {
  if (message.direction === "out") return painted(me.person.name);
  // What a friend sends lies in the same chat: it is the only one this phone has.
  if (message.content.from) return painted(message.content.from);
  if (!message.exchange_id) return make("div", { class: "avatar account", "aria-hidden": "true" }, "工");
  return make("button", {
    type: "button", class: "avatar account", "aria-label": "在面板里看这次往来", title: "在面板里看这次往来", "data-test": "look",
    onclick: () => document.dispatchEvent(new CustomEvent("look", { detail: message.exchange_id })),
  }, "工");
}

function painted(name) {
  const avatar = make("div", { class: "avatar", "aria-hidden": "true" }, name.slice(-1));
  avatar.style.background = colour(name);
  return avatar;
}

export function colour(name) {
  const sum = [...name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return ["#3f6fb5", "#b5476b", "#7a7a2e", "#a8660a", "#5b5b8c", "#4d7a57"][sum % 6];
}

function note(message) {
  const test = message.type === "fault" ? "fault-notice" : "note";
  const whom = message.type === "transfer" && message.content.account ? `（${message.content.account}）` : "";
  return make("div", { class: "grey", "data-test": test, title: message.content.rule }, message.text + whom);
}

const alone = (before, after) => (!before || before.text.endsWith("\n")) && (!after || after.text.startsWith("\n"));

function segments(message) {
  return message.segments.flatMap((one, index, all) => {
    if (one.choice) {
      const style = alone(all[index - 1], all[index + 1]) ? "link choice alone" : "link choice";
      return make("a", {
        href: "#", role: "button", class: style, "data-test": "choice-link",
        onclick: (event) => {
          event.preventDefault();
          act("choose", one.choice);
        },
      }, one.text);
    }
    if (one.miniprogram) return linked(one, () => openMiniProgram(one.miniprogram, "text"));
    if (one.url?.startsWith("tel:")) return linked(one, () => tell(`拨打 ${one.url.slice(4)}`));
    if (one.url) return linked(one, () => openPage(one.url));
    return withFaces(one.text);
  });
}

// An inline element, so that a long address wraps with the text around it.
const linked = (one, follow) => make("a", {
  href: one.url || "#", class: "link",
  onclick: (event) => {
    event.preventDefault();
    follow();
  },
}, one.text);

// A picture that cannot be loaded leaves a plain surface, not a broken sign.
function picture(style, address) {
  if (!address) return make("span", { class: style });
  const image = make("img", { class: style, src: address, alt: "" });
  image.addEventListener("error", () => image.replaceWith(make("span", { class: style })));
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
  return [make("button", { type: "button", class: "frame", "aria-label": "看大图", onclick: () => showPicture(message.media_url) }, photo), "bare"];
}

// Several pictures, or one with words: a card, as mass messages bring them.
function pictures(message) {
  const { title, recommend } = message.content;
  const photos = message.media_urls.map((address, index) => make("button", {
    type: "button", class: "frame", "aria-label": `看第 ${index + 1} 张大图`, onclick: () => showPicture(address),
  }, picture("photo", address)));
  const words = title || recommend ? [make("div", { class: "pad" }, line("title", title), line("about", recommend))] : [];
  return [make("div", { class: "card", "data-test": "pictures" }, make("div", { class: "photos" }, ...photos), ...words), "bare wide"];
}

function voice(message) {
  const { seconds, recognition, audible } = message.content;
  const heard = (bar) => {
    if (message.direction === "out" && !audible) return tell("示例语音是无声的。");
    return play(message.media_url, (on) => bar.classList.toggle("playing", on));
  };
  const bar = make("button", {
    type: "button", class: "voice", "aria-label": `语音${seconds ? ` ${seconds} 秒` : ""}`, onclick: (event) => heard(event.currentTarget),
  }, icon("waves"), seconds ? `${seconds}"` : "语音");
  bar.style.minWidth = `${84 + Math.min(seconds ?? 3, 30) * 4}px`;
  return [recognition ? [bar, make("div", { class: "heard" }, recognition)] : [bar], "talk spoken"];
}

function video(message) {
  const { title, description } = message.content;
  if (message.media_gone) return [make("div", { class: "gone" }, "视频已过期"), "bare"];
  const still = make("button", { type: "button", class: "video", "aria-label": "播放视频", onclick: () => showFilm(message.media_url) },
    picture("cover", message.thumb_url));
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
  return [make("button", {
    type: "button", class: "card", "data-test": "link-card", onclick: () => openPage(url, title, from ? "elsewhere" : "chat"),
  },
  make("span", { class: "pad block" }, line("title", title || url || "链接"),
    make("span", { class: "side" },
      make("span", { class: "words" }, line("about clipped", description || url), line("about", from && `来自 ${from}`)),
      cover ? picture("small", cover) : make("span", { class: "thumb" }, icon("link"))))), "bare wide"];
}

function music(message) {
  const { title, description, url } = message.content;
  const start = (card) => (url ? play(url, (on) => card.classList.toggle("playing", on)) : tell("没有音乐地址。"));
  const cover = make("span", { class: "disc" }, picture("small", message.thumb_url), make("span", { class: "start", "aria-hidden": "true" }));
  return [make("button", { type: "button", class: "card music", "aria-label": `音乐：${title || "未命名"}`, onclick: (event) => start(event.currentTarget) },
    make("span", { class: "pad side" }, make("span", { class: "words" }, line("title", title || "音乐"), line("about", description)), cover),
    line("foot", "音乐")), "bare wide"];
}

function miniprogram(message) {
  const { title, appid, path } = message.content;
  return [make("button", { type: "button", class: "card mini", "data-test": "mini-card", onclick: () => openMiniProgram({ appid, path }, "card") },
    make("span", { class: "pad block" }, make("span", { class: "about app" }, icon("mini"), "小程序"), line("title", title)),
    picture("cover", message.thumb_url), make("span", { class: "foot" }, icon("mini"), "小程序")), "bare wide"];
}

const card = (message) => [make("div", { class: "card" }, make("div", { class: "pad" }, line("title", "卡券"), line("about", message.content.card_id))), "bare wide"];
const unknown = (message) => [`[${message.type}]`, "talk"];

const DRAW = {
  text, msgmenu: text, image, pictures, voice, video, shortvideo: video, news, location: place, link, music,
  miniprogrampage: miniprogram, template: noticeCard, wxcard: card,
};
