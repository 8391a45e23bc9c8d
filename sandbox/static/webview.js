// Around the page in the phone: its … menu, sending it to a friend, and the bar of a snapshot page.

import { choose, show } from "./asking.js";
import { get, make, post, tell } from "./http.js";
import { pageNow } from "./js_sdk.js";
import { holder, opened, openPage } from "./sheets.js";

const snapshot = document.getElementById("snapshot");
const more = document.getElementById("webview-more");
const webview = document.getElementById("webview");

webview.addEventListener("opened", () => {
  snapshot.hidden = true;
  more.hidden = !opened.url;
});

// The page was opened under a made-up account; the real one comes with opening it again.
export function offerFull() {
  snapshot.hidden = false;
}
document.getElementById("full-service").addEventListener("click", () => openPage(opened.url, opened.title, "full"));

more.addEventListener("click", async () => {
  const page = await pageNow();
  const chosen = await choose(page?.title || opened.title || "网页", [
    { key: "friend", label: "发送给朋友" },
    { key: "timeline", label: "分享到朋友圈" },
    { key: "copy", label: "复制链接" },
  ]);
  if (chosen === "friend") sendToFriend(card(page, "friend"));
  else if (chosen === "timeline") toTimeline(card(page, "timeline"));
  else if (chosen === "copy") copy(page?.url ?? opened.url);
});

// What the page set, and where it set nothing what it is.
function card(page, kind) {
  const given = page?.share[kind] ?? {};
  return {
    title: given.title || page?.title || opened.title || opened.url,
    description: given.desc ?? "",
    url: given.link || page?.url || opened.url,
    picture: given.imgUrl ?? "",
  };
}

async function sendToFriend(given) {
  const people = ((await get("state"))?.people ?? []).filter((one) => one.openid !== holder);
  const to = await choose("发送给朋友", people.map(({ openid, name }) => ({ key: openid, label: name })), {
    note: `「${given.title}」`,
  });
  if (!to) return;
  const sent = await post(`people/${holder}/share`, { to, ...given });
  const { name } = people.find((one) => one.openid === to);
  if (sent) tell(sent.seen ? `已发送给${name}。` : `已发送。${name}还没有关注，关注以后在聊天里看到。`);
}

function toTimeline({ title, url, picture }) {
  post(`people/${holder}/share-to-timeline`, { url });
  const image = picture ? make("img", { class: "small", src: picture, alt: "" }) : null;
  show("分享到朋友圈", make("p", { class: "note" }, "朋友圈里会这样显示："),
    make("div", { class: "card shared" }, make("div", { class: "pad side" }, image,
      make("span", { class: "words" }, make("span", { class: "title" }, title), make("span", { class: "about" }, url)))));
}

async function copy(url) {
  try {
    await navigator.clipboard.writeText(url);
    tell("已复制链接。");
  } catch {
    show("复制链接", make("p", { class: "note" }, url));
  }
}
