// The developer panel: exchanges, API calls, misbehaviour, time.

import { clock } from "./chat.js";
import { drop, get, make, post, tell } from "./http.js";

const panel = document.getElementById("panel");
const facts = make("p", { class: "facts" });
const log = make("div", { class: "log" });
const tabs = make("div", { class: "tabs", role: "tablist" });
const TABS = [["exchanges", "往来"], ["calls", "接口"], ["wishes", "捣乱"]];
let current = "exchanges";
let names = new Map();
let waiting = null;

const tool = (label, test, act) => make("button", { type: "button", "data-test": test, onclick: act }, label);
const moved = (seconds) => () => post("clock", { advance: seconds });

panel.append(facts, make("div", { class: "tools" },
  tool("校验回调地址", "verify", verify),
  tool("时间 +1 分钟", "clock-minute", moved(60)),
  tool("+1 小时", "clock-hour", moved(3600)),
  tool("+49 小时", "clock-49", moved(49 * 3600)),
  tool("回到现在", "clock-zero", () => post("clock", { offset: 0 })),
  tool("全部重来", "reset", reset)), tabs, log);
for (const [key, label] of TABS) {
  tabs.append(make("button", {
    type: "button", role: "tab", "data-test": `tab-${key}`, "aria-selected": String(key === current),
    onclick: () => {
      current = key;
      for (const [index, tab] of [...tabs.children].entries()) tab.setAttribute("aria-selected", String(TABS[index][0] === key));
      load();
    },
  }, label));
}

async function verify() {
  const done = await post("verify");
  if (done) tell(done.ok ? `校验通过，${done.ms} 毫秒。` : `校验没有通过：${done.rule}`);
}

function reset() {
  const after = "菜单要等服务再发布一次才会回来：改一改 menus.yaml 并保存。";
  if (window.confirm(`将清空沙盒里的关注、聊天、菜单和素材，确定吗？\n${after}`)) post("reset");
}

export function showFacts(state) {
  names = new Map(state.people.map((one) => [one.openid, one.name]));
  const modes = { safe: "安全模式", compatible: "兼容模式", plain: "明文模式" };
  const fact = (label, value) => make("span", {}, `${label} `, make("b", {}, make("code", {}, value)));
  facts.replaceChildren(fact("回调", state.callback), fact("方式", modes[state.mode]),
    fact("appid", state.app_id), fact("原始ID", state.gh_id), fact("沙盒时间", `${clock(state.now)}${shift(state.offset)}`));
}

function shift(seconds) {
  if (!seconds) return "";
  const sign = seconds > 0 ? "+" : "−";
  const size = Math.abs(seconds);
  return `（${sign}${size >= 3600 ? `${Math.round(size / 360) / 10} 小时` : `${Math.round(size / 6) / 10} 分钟`}）`;
}

// Many changes at once are one reading.
export function refresh(kind) {
  if (kind !== current || waiting) return;
  waiting = setTimeout(() => {
    waiting = null;
    load();
  }, 80);
}

export async function load() {
  if (current === "wishes") return showWishes();
  const rows = await get(`${current}?limit=80`);
  if (!rows) return undefined;
  const opened = new Set([...log.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  const draw = current === "exchanges" ? exchange : call;
  const empty = current === "exchanges" ? "还没有往来。在左边的手机里说一句话。" : "服务还没有调用过接口。";
  log.replaceChildren(...(rows.length ? rows.map(draw) : [make("p", {}, empty)]));
  for (const one of log.querySelectorAll("details")) one.open = opened.has(one.dataset.key);
  return undefined;
}

const RESULTS = { reply: ["已回复", "good"], silent: ["不回复", ""], fault: ["出故障", "bad"] };

function exchange(row) {
  const [label, style] = RESULTS[row.result];
  const inside = make("div", { class: "inside" });
  if (row.rule) inside.append(make("p", { class: "rule" }, row.rule));
  if (row.notes.length) inside.append(make("p", {}, row.notes.join("；")));
  inside.append(make("h3", {}, "推送（解密后）"), make("pre", {}, pretty(row.request_xml)));
  if (row.reply_xml) inside.append(make("h3", {}, "回复（解密后）"), make("pre", {}, pretty(row.reply_xml)));
  else if (row.raw) inside.append(make("h3", {}, `应答原文（HTTP ${row.status}）`), make("pre", {}, row.raw));
  if (row.copies.length > 1) {
    inside.append(make("h3", {}, `并行 ${row.copies.length} 份`),
      make("pre", {}, row.copies.map((one) => `${one.url}  ${RESULTS[one.result][0]}  ${one.tries} 次`).join("\n")));
  }
  return make("details", { "data-key": `exchange-${row.id}`, "data-test": "exchange" },
    make("summary", {}, make("span", { class: "at" }, clock(row.at)),
      make("span", { class: "name" }, `${names.get(row.openid) ?? ""} ${row.label}`),
      make("span", { class: `tag ${style}` }, label),
      make("span", { class: "num tries" }, `${row.tries} 次`), make("span", { class: "num" }, `${row.ms} ms`)), inside);
}

function call(row) {
  const good = row.errcode === 0;
  const inside = make("div", { class: "inside" });
  if (row.rule) inside.append(make("p", { class: "rule" }, row.rule));
  if (Object.keys(row.query).length) inside.append(make("h3", {}, "查询串"), make("pre", {}, JSON.stringify(row.query, null, 2)));
  if (row.body) inside.append(make("h3", {}, "请求"), make("pre", {}, indented(row.body)));
  inside.append(make("h3", {}, "应答"), make("pre", {}, typeof row.answer === "string" ? row.answer : JSON.stringify(row.answer, null, 2)));
  return make("details", { "data-key": `call-${row.id}`, "data-test": "call" },
    make("summary", {}, make("span", { class: "at" }, clock(row.at)),
      make("span", { class: "name" }, `${row.method} ${row.path}`),
      make("span", { class: `tag ${good ? "good" : "bad"}` }, good ? "ok" : String(row.errcode)),
      make("span", { class: "num" }, `${row.ms} ms`)), inside);
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function pretty(xml) {
  const root = new DOMParser().parseFromString(xml, "text/xml").documentElement;
  if (root.querySelector("parsererror")) return xml;
  const lines = (node, depth) => {
    const pad = "  ".repeat(depth);
    if (!node.children.length) return `${pad}<${node.tagName}>${node.textContent}</${node.tagName}>`;
    return [`${pad}<${node.tagName}>`, ...[...node.children].map((child) => lines(child, depth + 1)), `${pad}</${node.tagName}>`].join("\n");
  };
  return lines(root, 0);
}

async function showWishes() {
  const known = await get("misbehaviour");
  if (!known) return;
  const { pending } = known;
  const path = make("input", { name: "path", value: "/cgi-bin/message/custom/send", "aria-label": "接口路径" });
  const code = make("input", { name: "errcode", value: "45009", inputmode: "numeric", "aria-label": "错误码" });
  const wish = (label, body) => make("button", {
    type: "button",
    onclick: async () => {
      await post("misbehaviour", typeof body === "function" ? body() : body);
      showWishes();
    },
  }, label);
  const count = Object.values(pending).flat().length;
  log.replaceChildren(make("div", { class: "wishes" },
    make("section", {}, make("h3", {}, "推送到服务"),
      wish("丢掉下一次应答", { drop_next: "callback" }),
      wish("下一次应答迟到 6 秒", { delay_next: { path: "callback", seconds: 6 } }),
      wish("三次都没有应答", { drop_next: { path: "callback", times: 3 } }),
      wish("下一条并行推 3 份", { duplicate: 3 }),
      wish("下一次签名错误", { wrong_signature: true })),
    make("section", {}, make("h3", {}, "服务调用接口"), path, code,
      wish("下一次返回此错误码", () => ({ fail_next: { path: path.value, errcode: Number(code.value) } })),
      wish("下一次拖 8 秒", () => ({ delay_next: { path: path.value, seconds: 8 } })),
      wish("执行后断开", () => ({ drop_next: { path: path.value } })),
      make("button", { type: "button", onclick: async () => { if (await post("tokens/revoke")) tell("令牌已全部作废。"); } }, "作废所有令牌")),
    make("section", {}, make("h3", {}, count ? `还没用掉的 ${count} 项` : "没有待用的捣乱"),
      count ? make("pre", {}, JSON.stringify(pending, null, 2)) : null,
      count ? make("button", { type: "button", onclick: async () => { await drop("misbehaviour"); showWishes(); } }, "全部取消") : null)));
}
