// Asking for subscription notices of the mini-program (`wx.requestSubscribeMessage`): choosing templates, and the popup.

import { get, make, post, tell } from "./http.js";
import { askFor } from "./sheets.js";

const AT_ONCE = 3;
const ANSWERED = { accept: "允许", reject: "拒绝", ban: "已被封禁" };

export const subscribing = {
  key: "subscribe",
  label: "订阅",
  draw({ person, facts }) {
    const list = make("div", { class: "list" });
    const fill = async (result = null) => {
      const notices = await get(`people/${person.openid}/notices`);
      if (!notices) return;
      const own = notices.templates.filter((one) => one.app_id === facts.miniprogram_app_id);
      list.replaceChildren(...(own.length ? form(person, own, fill) : [none()]), ...(result ? [result] : []));
    };
    fill();
    return list;
  },
};

const none = () => make("section", { class: "block" }, make("h2", {}, "还没有模板"),
  make("p", { class: "note" }, "服务用小程序的令牌调用 /wxaapi/newtmpl/addtemplate 添加模板以后，这里就能请求订阅。"));

function state(row) {
  if (row.banned) return "已停用";
  if (row.kept) return row.kept === "accept" ? "总是允许" : "总是拒绝";
  if (row.long_term && row.standing) return "长期接收";
  return row.left ? `还可收 ${row.left} 条` : "未订阅";
}

function form(person, rows, fill) {
  const boxes = rows.map((row, index) => {
    const box = make("input", { type: "checkbox", value: row.id, checked: index === 0 ? "" : null });
    return [row, box, make("label", { class: "tick", "data-test": "mini-template-row" }, box,
      make("span", { class: "words" }, make("b", {}, row.title), make("span", { class: "id" }, row.id)), make("span", { class: "state" }, state(row)))];
  });
  const ask = async () => {
    const chosen = boxes.filter(([, box]) => box.checked).map(([row]) => row);
    if (!chosen.length || chosen.length > AT_ONCE) return tell(`一次可以请求 1 至 ${AT_ONCE} 个模板。`);
    const answer = await popup(chosen);
    const done = await post(`people/${person.openid}/subscribe`, { templates: chosen.map((row) => row.id), ...answer });
    return done && fill(outcome(done, rows));
  };
  return [make("section", { class: "block" }, make("p", { class: "note" }, `wx.requestSubscribeMessage，一次最多 ${AT_ONCE} 个模板。`),
    ...boxes.map(([, , label]) => label), make("button", { type: "button", class: "primary", "data-test": "mini-ask", onclick: ask }, "请求订阅"))];
}

// What WeChat asks; where every choice was kept earlier it asks nothing. To close it is to refuse.
async function popup(chosen) {
  const open = chosen.filter((row) => !row.kept && !row.banned);
  if (!open.length) return { accept: true };
  const given = await askFor("小程序申请发送订阅消息", [
    ...open.map((row) => ({ name: row.id, label: `${row.title}（${row.long_term ? "长期" : "一次性"}）`, check: true, value: true })),
    { name: "always", label: "总是保持以上选择，不再询问", check: true, value: false },
  ], { ok: "允许", no: "取消" });
  const { always = false, ...accept } = given ?? {};
  return { accept: given ? accept : false, always };
}

function outcome({ answers, popup: asked }, rows) {
  const named = Object.entries(answers).map(([id, status]) => `${rows.find((row) => row.id === id)?.title ?? id}：${ANSWERED[status] ?? status}`);
  return make("section", { class: "answer", "data-test": "mini-outcome" },
    make("p", { class: "head" }, asked ? named.join("，") : `没有弹窗（选择早已保持）。${named.join("，")}`),
    make("pre", {}, JSON.stringify({ errMsg: "requestSubscribeMessage:ok", ...answers }, null, 2)));
}
