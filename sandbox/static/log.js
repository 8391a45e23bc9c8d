// One row of the developer's log: a push with its answer, or a call of the service.

import { clock } from "./chat.js";
import { copyStory } from "./clipboard.js";
import { make } from "./http.js";

export const RESULTS = { reply: ["已回复", "good"], silent: ["不回复", ""], fault: ["出故障", "bad"] };

export function exchangeRow(row, name, calls) {
  const [label, style] = RESULTS[row.result];
  return make("details", { "data-key": `exchange-${row.id}`, "data-test": "exchange" },
    make("summary", {}, make("span", { class: "at" }, clock(row.at)),
      make("span", { class: "name" }, make("b", {}, name), ` ${row.label}`),
      make("span", { class: `tag ${style}` }, label),
      make("span", { class: "num tries", title: "推送次数" }, `${row.tries} 次`),
      make("span", { class: `num${row.ms > 4000 ? " slow" : ""}`, title: "用时" }, took(row.ms))), exchangeInside(row, calls));
}

function exchangeInside(row, calls) {
  const asked = make("section", {}, make("h3", {}, "推送（解密后）"), make("pre", {}, ...pretty(row.request_xml)));
  let answered = make("section", {}, make("h3", {}, "回复"), make("p", { class: "soft" }, "空串或 success：不回复。"));
  if (row.reply_xml) answered = make("section", {}, make("h3", {}, "回复（解密后）"), make("pre", {}, ...pretty(row.reply_xml)));
  else if (row.raw) answered = make("section", {}, make("h3", {}, `应答原文（HTTP ${row.status}）`), make("pre", {}, row.raw));
  else if (row.result === "fault") answered = make("section", {}, make("h3", {}, "回复"), make("p", { class: "soft" }, "没有收到应答。"));
  // The driver's stories are of the account's chat.
  const copy = row.act && !row.label.startsWith("小程序：") ? make("button", {
    type: "button", class: "quiet", "data-test": "copy-exchange", onclick: () => copyStory(row.openid, row.id),
  }, "复制这一次为测试") : null;
  return make("div", { class: "inside" },
    row.rule ? make("p", { class: "rule" }, row.rule) : null,
    row.notes.length ? make("p", { class: "soft" }, row.notes.join("；")) : null,
    make("div", { class: "pair" }, asked, answered), copies(row), callsOf(calls), copy);
}

function copies(row) {
  if (row.copies.length < 2) return null;
  const lines = row.copies.map((one) => `${one.url}  ${RESULTS[one.result][0]}  ${one.tries} 次`);
  return make("section", {}, make("h3", {}, `并行 ${row.copies.length} 份`), make("pre", {}, lines.join("\n")));
}

function callsOf(calls) {
  if (!calls.length) return null;
  return make("section", {}, make("h3", {}, `之后对此人的接口调用 ${calls.length} 次`),
    make("ul", { class: "calls" }, ...calls.map((one) => make("li", {},
      make("p", {}, `${one.method} ${one.path}`,
        make("span", { class: one.errcode ? "mark bad" : "mark good" }, one.errcode ? String(one.errcode) : "ok"),
        one.rule ? make("span", { class: "rule" }, one.rule) : null),
      make("div", { class: "pair" }, one.body ? make("pre", {}, indented(one.body)) : null, make("pre", {}, answer(one)))))));
}

export function callRow(row, names) {
  const inside = make("div", { class: "inside" });
  const openid = row.person ?? [...names.keys()].find((one) => row.body.includes(one) || JSON.stringify(row.query).includes(one));
  if (row.rule) inside.append(make("p", { class: "rule" }, row.rule));
  if (Object.keys(row.query).length) inside.append(make("h3", {}, "查询串"), make("pre", {}, JSON.stringify(row.query, null, 2)));
  inside.append(make("div", { class: "pair" },
    row.body ? make("section", {}, make("h3", {}, "请求"), make("pre", {}, indented(row.body))) : null,
    make("section", {}, make("h3", {}, "应答"), make("pre", {}, answer(row)))));
  return make("details", { "data-key": `call-${row.id}`, "data-test": "call" },
    make("summary", {}, make("span", { class: "at" }, clock(row.at)),
      make("span", { class: "name" }, `${row.method} ${row.path}`, openid ? make("span", { class: "soft" }, `  ${names.get(openid)}`) : null),
      make("span", { class: `tag ${row.errcode === 0 ? "good" : "bad"}` }, row.errcode === 0 ? "ok" : String(row.errcode)),
      make("span", { class: "num" }, took(row.ms))), inside);
}

const took = (ms) => (ms >= 1000 ? `${(ms / 1000).toFixed(1)} 秒` : `${Math.round(ms)} 毫秒`);
const answer = (row) => (typeof row.answer === "string" ? row.answer : JSON.stringify(row.answer, null, 2));

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// The XML indented, its tags fainter than what they hold.
function pretty(xml) {
  const root = new DOMParser().parseFromString(xml, "text/xml").documentElement;
  if (root.querySelector("parsererror")) return [xml];
  const parts = [];
  const tag = (text) => make("span", { class: "xml" }, text);
  const write = (node, depth) => {
    const pad = "  ".repeat(depth);
    if (node.children.length) {
      parts.push(pad, tag(`<${node.tagName}>`), "\n");
      for (const child of node.children) write(child, depth + 1);
      parts.push(pad, tag(`</${node.tagName}>`), "\n");
    } else parts.push(pad, tag(`<${node.tagName}>`), node.textContent, tag(`</${node.tagName}>`), "\n");
  };
  write(root, 0);
  parts.pop();
  return parts;
}
