// The popup of <wx-open-subscribe>: a page asks which notices may come, and is told what was answered.

import { inTurn } from "./asking.js";
import { get, make, post, tell } from "./http.js";
import { holder } from "./sheets.js";

const sheet = document.getElementById("sheet");
const MOST = 3;
const FROM_A_PAGE = 1; // PopupScene

// WeChat's numbers; the words after them are what its papers say of each.
const WRONG = {
  10001: "参数传空了",
  10002: "网络问题，请求消息列表失败",
  10003: "网络问题，订阅请求发送失败",
  20001: "没有模板数据，一般是模板ID不存在，或者和模板类型不对应",
  20002: "模板消息类型既有一次性的，又有永久的",
  20003: "模板消息数量超过上限",
};

function wrong(errCode) {
  tell(`wx-open-subscribe：${WRONG[errCode]}（${errCode}）`);
  return { errMsg: `subscribe:fail ${WRONG[errCode]}`, errCode };
}

export async function subscribe({ template }, appId) {
  const who = holder;
  const ids = [...new Set(String(template ?? "").split(",").map((id) => id.trim()).filter(Boolean))];
  if (!ids.length) return wrong(10001);
  if (ids.length > MOST) return wrong(20003);
  const notices = await get(`people/${who}/notices`);
  if (!notices) return wrong(10002);
  const rows = ids.map((id) => notices.templates.find((row) => row.id === id && row.app_id === appId));
  if (!rows.every(Boolean)) return wrong(20001);
  if (new Set(rows.map((row) => row.long_term)).size > 1) return wrong(20002);

  const open = rows.filter((row) => !row.kept && !row.banned);
  const given = open.length ? await inTurn(() => asked(notices.account, open)) : {};
  if (!given) return answered(ids.map((id) => [id, "cancel"]));
  const done = await post(`people/${who}/subscribe`, { ...given, templates: ids, scene: FROM_A_PAGE });
  return done ? answered(Object.entries(done.answers)) : wrong(10003);
}

// JSON within JSON, as WeChat gives it.
const answered = (statuses) => ({
  errMsg: "subscribe:ok",
  subscribeDetails: JSON.stringify(Object.fromEntries(statuses.map(([id, status]) => [id, JSON.stringify({ status })]))),
});

// Resolves to the answer by template; null when the popup was put away without one.
function asked(account, rows) {
  return new Promise((resolve) => {
    let given = null;
    const always = make("input", { type: "checkbox", "data-test": "popup-always" });
    const allow = make("button", { type: "submit", "data-test": "popup-allow" }, "允许");
    const boxes = rows.map(() => make("input", { type: "checkbox", checked: "" }));
    const decide = (ticked) => {
      given = { accept: Object.fromEntries(rows.map((row, at) => [row.id, ticked(boxes[at])])), always: always.checked };
      sheet.close();
    };
    const refuse = make("button", { type: "button", "data-test": "popup-refuse", onclick: () => decide(() => false) }, "取消");
    const form = make("form", { method: "dialog", class: "popup", "data-test": "popup" },
      make("p", { class: "asks" }, `${account} 申请`), make("h2", { id: "sheet-title" }, "给你发送以下通知"),
      ...rows.map((row, at) => make("label", { class: "line" }, words(row), rows.length > 1 ? boxes[at] : null)),
      make("label", { class: "check" }, always, "总是保持以上选择，不再询问"),
      make("div", { class: "ends" }, refuse, allow));
    form.addEventListener("change", () => { allow.disabled = !boxes.some((box) => box.checked); });
    form.addEventListener("submit", () => decide((box) => box.checked));
    sheet.replaceChildren(form);
    sheet.addEventListener("close", () => resolve(given), { once: true });
    sheet.showModal();
  });
}

function words(row) {
  const fields = row.example.split("\n").map((line) => line.split(":")[0]).join("、");
  return make("span", {}, make("b", {}, row.title), make("small", {}, row.long_term ? `长期 · ${fields}` : fields));
}
