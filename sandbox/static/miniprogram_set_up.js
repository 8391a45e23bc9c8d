// What the pane says where there is no mini-program: which settings make one.

import { copy } from "./clipboard.js";
import { icon, make } from "./http.js";

const HEX = "0123456789abcdef";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const made = (letters, count) => [...crypto.getRandomValues(new Uint8Array(count))].map((byte) => letters[byte % letters.length]).join("");

// `wanted` is what was tapped.
export function setUp(wanted, facts) {
  const lines = [
    `GONGHUI_MINIPROGRAM_APP_ID=wx${made(HEX, 16)}`,
    `GONGHUI_MINIPROGRAM_APP_SECRET=${made(HEX, 32)}`,
    `GONGHUI_MINIPROGRAM_TOKEN=${made(HEX, 32)}`,
    `GONGHUI_MINIPROGRAM_AES_KEY=${made(LETTERS, 43)}`,
  ].join("\n");
  return make("div", { class: "list set-up", "data-test": "mini-set-up" },
    make("section", { class: "block" }, make("span", { class: "sign mini", "aria-hidden": "true" }, icon("mini")),
      make("h2", {}, "还没有小程序"),
      wanted ? make("p", { class: "note" }, `刚才点的会打开：${wanted}`) : null,
      make("p", { class: "note" }, "在 .env 里加上这四行，重新启动服务和沙盒，就有一个沙盒里的小程序。值是随机的，只在这台机器上用。"),
      make("pre", {}, lines),
      make("button", { type: "button", class: "primary", "data-test": "mini-copy-settings", onclick: () => copy(lines, "已复制，贴进 .env 即可。") }, "复制这四行"),
      make("p", { class: "note" }, `服务在 ${facts.service}，小程序的消息推送到 /wechat/miniprogram。有真的小程序也请用这里的值试，不要把正式的密钥写进来。`)));
}
