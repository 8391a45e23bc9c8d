// The emoji board below the input line.

import { CODES, face } from "./faces.js";
import { make } from "./http.js";

const SIGNS = [..."😀😄😅😂🙂😉😊😍🤔😭😡😴👍👎👌👏🙏💪🤝✌👋🙌❤💔🎉🌹🎁☕🌞🌧⚡🔥💡🔌🏠📞📷⏰✅❌❓❗"];
let tab = "faces";

// `insert` puts a text where the caret is; `erase` takes the letter before it.
export function board({ insert, erase, redraw }) {
  const choose = (key, label) => make("button", {
    type: "button", role: "tab", "aria-selected": String(tab === key), "data-test": `emoji-${key}`,
    onclick: () => {
      tab = key;
      redraw();
    },
  }, label);
  const keys = tab === "faces"
    ? CODES.map((name) => key(`[${name}]`, face(name), insert))
    : SIGNS.map((sign) => key(sign, sign, insert));
  return make("div", { class: "emoji", "data-test": "emoji-board" },
    make("div", { class: "emoji-tabs", role: "tablist" }, choose("faces", "微信表情"), choose("signs", "符号"),
      make("button", { type: "button", class: "erase", "aria-label": "删掉前一个字", onclick: erase }, "⌫")),
    make("div", { class: "emoji-keys" }, ...keys));
}

const key = (text, shown, insert) => make("button", {
  type: "button", title: text, "aria-label": text, "data-test": "emoji-key", onclick: () => insert(text),
}, shown);
