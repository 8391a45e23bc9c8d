// What the plus opens: everything that can be sent besides words.

import { askForFilm, choosePicture } from "./files.js";
import { icon, make } from "./http.js";
import { act } from "./me.js";
import { askForPlace } from "./places.js";
import { scan } from "./scanning.js";
import { askFor } from "./sheets.js";
import { sendVoice } from "./voice.js";

const LINKS = [
  { label: "公众号文章", values: { title: "秋季活动回顾", url: "https://mp.weixin.qq.com/s/demo", description: "登山、拔河和一顿热汤面" } },
  { label: "很长的网址", values: { title: "停电通知", url: `${location.origin}/notice?${"area=qiaoshan&".repeat(12)}end=1`, description: "" } },
];

// Asks, then sends; nothing is sent when it was called off.
const asking = (name, ask) => async () => {
  const given = await ask();
  if (given) act(name, given);
};

const askForLink = () => askFor("发送链接", [
  { name: "title", label: "标题", value: LINKS[0].values.title },
  { name: "url", label: "网址", value: LINKS[0].values.url, required: true },
  { name: "description", label: "说明", value: LINKS[0].values.description },
], { chips: LINKS });

const ITEMS = [
  ["相册", "photo", "choose-picture", asking("picture", choosePicture)],
  ["示例图片", "spark", "send-picture", () => act("picture")],
  ["视频", "film", "send-video", asking("video", askForFilm)],
  ["位置", "place", "send-location", asking("location", () => askForPlace())],
  ["语音", "mic", "send-voice-sample", sendVoice],
  ["链接", "link", "send-link", asking("link", askForLink)],
  ["扫一扫", "scan", "scan-code", scan],
];

export function board(close) {
  return make("div", { class: "attach" }, ...ITEMS.map(([label, shape, test, send]) => make("button", {
    type: "button", "data-test": test,
    onclick: () => {
      close();
      send();
    },
  }, make("span", {}, icon(shape)), label)));
}
