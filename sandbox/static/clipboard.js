// Copying to the clipboard, and what was done on the phone as a test to paste.

import { get, tell } from "./http.js";
import { askFor } from "./sheets.js";

export async function copy(text, said = "已复制。") {
  try {
    await navigator.clipboard.writeText(text);
    tell(said);
  } catch {
    // Without the right to write there, the words are shown to be taken by hand.
    await askFor("复制下面的内容", [{ name: "text", label: "浏览器不让页面写剪贴板，请自己复制", value: text, rows: 10 }], { ok: "好了" });
  }
}

// One exchange when given, else the conversation since following.
export async function copyStory(openid, exchange) {
  const told = await get(`people/${openid}/story${exchange ? `?exchange=${exchange}` : ""}`);
  if (told) await copy(told.story, "已复制，可以直接贴进测试。");
}
