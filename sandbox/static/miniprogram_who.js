// Who somebody is to the mini-program: openid, unionid, phone number, and how risky WeChat thinks the person.

import { copy } from "./clipboard.js";
import { get, make, post, tell } from "./http.js";
import { tokens } from "./miniprogram_request.js";
import { inOrder } from "./redraw.js";

const RISKS = ["0 没有风险", "1 较低", "2 中等", "3 较高", "4 很高"];

export const identity = {
  key: "who",
  label: "身份",
  draw({ person }) {
    const list = make("div", { class: "list" });
    fill(list, person);
    return list;
  },
};

async function fill(list, person, readings = inOrder()) {
  const number = readings.ask();
  const known = await get(`people/${person.openid}/miniprogram`);
  if (!known || !readings.takes(number)) return;
  const copied = (value, said) => (value ? make("button", { type: "button", class: "quiet", onclick: () => copy(value, said) }, "复制") : null);
  const row = (label, value, button = null) => [make("dt", {}, label), make("dd", {}, make("span", {}, value), button)];
  const token = tokens.get(person.openid) ?? "";
  list.replaceChildren(make("section", { class: "block" }, make("dl", { class: "facts", "data-test": "mini-facts" },
    ...row("姓名", person.name), ...row("openid", known.openid, copied(known.openid, "已复制 openid。")),
    ...row("unionid", known.unionid || "没有：没有绑定开放平台", copied(known.unionid, "已复制 unionid。")),
    ...row("手机号", known.phone), ...row("登录", known.logged_in ? "服务换过 session_key" : "还没有登录过"),
    ...row("令牌", token || "没有", copied(token, "已复制令牌。")),
    ...row("最近", known.active ? "2 小时内用过" : "2 小时内没有用过")),
  ), risk(known, person, () => fill(list, person, readings)));
}

function risk(known, person, again) {
  const rank = make("select", { "aria-label": "风险等级", "data-test": "mini-rank" }, ...RISKS.map((label, value) => make("option", { value }, label)));
  rank.value = String(known.risk);
  const blocked = make("input", { type: "checkbox", "data-test": "mini-blocked", checked: known.blocked ? "" : null });
  const keep = async () => {
    const done = await post(`people/${person.openid}/risk`, { rank: Number(rank.value), blocked: blocked.checked });
    if (done) tell("已改。");
    again();
  };
  for (const input of [rank, blocked]) input.addEventListener("change", keep);
  return make("section", { class: "block" }, make("h2", {}, "微信怎么看这个人"), make("label", {}, "风险等级（getuserriskrank）", rank),
    make("label", { class: "tick" }, blocked, make("span", { class: "words" }, make("b", {}, "登录被拦截"), make("span", {}, "jscode2session 得到 40226"))));
}
