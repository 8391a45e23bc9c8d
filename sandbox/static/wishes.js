// Making the platform misbehave: usual wishes at one tap, any kind by its fields, and what is still pending.

import { drop, get, make, post, tell } from "./http.js";
import { inOrder } from "./redraw.js";

const PATH = (choices) => ({ name: "path", label: "哪里", type: "path", choices, default: choices.at(-1) });
const TIMES = { name: "times", label: "几次", type: "whole", default: 1, least: 1 };
const SECONDS = { name: "seconds", label: "几秒", type: "seconds", default: 6, least: 0 };
// Used where the sandbox does not describe its kinds itself.
const KINDS = [
  { name: "fail_next", label: "返回错误码", on: ["api"], fields: [PATH(["*"]), { name: "errcode", label: "错误码", type: "whole", default: 45009 }, TIMES] },
  { name: "delay_next", label: "应答迟到", on: ["callback", "api"], fields: [PATH(["*", "callback"]), SECONDS, TIMES] },
  { name: "drop_next", label: "应答丢失", on: ["callback", "api"], fields: [PATH(["*", "callback"]), { name: "after", label: "先执行再断开", type: "flag", default: true }, TIMES] },
  { name: "duplicate", label: "并行推送多份", on: ["callback"], fields: [{ name: "count", label: "份数", type: "whole", default: 3, least: 2 }, TIMES] },
  { name: "wrong_signature", label: "推送签名错误", on: ["callback"], fields: [TIMES] },
];
const SEND = "/cgi-bin/message/custom/send";
// [where, words, wish]; a wish whose kind is unknown here is not offered.
const USUAL = [
  ["callback", "丢掉下一次应答", { drop_next: { path: "callback" } }],
  ["callback", "三次都没有应答", { drop_next: { path: "callback", times: 3 } }],
  ["callback", "下一次应答迟到 6 秒", { delay_next: { path: "callback", seconds: 6 } }],
  ["callback", "下一条并行推 3 份", { duplicate: { count: 3 } }],
  ["callback", "下一次签名错误", { wrong_signature: { times: 1 } }],
  ["callback", "下一条晚 5 秒推", { hold_next: { seconds: 5 } }],
  ["callback", "下两条倒序推", { reverse_next: { times: 2 } }],
  ["api", "系统繁忙 −1，三次", { fail_next: { path: "*", errcode: -1, times: 3 } }],
  ["api", "令牌失效 40001", { fail_next: { path: SEND, errcode: 40001 } }],
  ["api", "额度用完 45009", { fail_next: { path: SEND, errcode: 45009 } }],
  ["api", "超出 48 小时 45015", { fail_next: { path: SEND, errcode: 45015 } }],
  ["api", "下一次拖 8 秒", { delay_next: { path: "*", seconds: 8 } }],
  ["api", "执行后断开", { drop_next: { path: "*" } }],
  ["api", "一直慢 2 秒", { slow: { path: "*", seconds: 2 } }],
  ["api", "下一次群发失败", { mass_result: "send fail" }],
  ["api", "下一次群发没过审", { mass_result: "err(10001)" }],
  ["api", "IP 不在白名单", { refuse_ip: true }],
  ["api", "下一次发布审核不通过", { fail_publishing: { result: "review" } }],
];
const page = make("div", { class: "wishes" });
const list = make("section", {});
let drawn = ""; // the kinds the controls were drawn for: they stay while one types
const readings = inOrder();

// What is pending; null when it could not be read, or a later answer came first.
async function read() {
  const number = readings.ask();
  const known = await get("misbehaviour");
  return known && readings.takes(number) ? known : null;
}

const count = (known) => Object.values(known.pending ?? known).flat().length + (known.held ?? 0);

// How many wishes are pending, or null.
export async function left() {
  const known = await read();
  return known && count(known);
}

// Shows the page in `log` if it is still wanted; resolves to how many wishes are pending, or null.
export async function show(log, state, wanted) {
  const known = await read();
  if (!known) return null;
  const kinds = known.kinds ?? KINDS;
  const names = kinds.map((kind) => kind.name).join();
  if (drawn !== names && state) {
    drawn = names;
    page.replaceChildren(list,
      usual(kinds, "callback", "推送到服务"),
      usual(kinds, "api", "服务调用接口", make("button", { type: "button", "data-test": "revoke-now", onclick: revoke }, "立即作废所有令牌")),
      own(kinds, state.endpoints));
  }
  showLeft(kinds, known.pending ?? known, known.held ?? 0);
  if (wanted() && log.firstChild !== page) log.replaceChildren(page);
  return count(known);
}

async function ask(wish) {
  if (await post("misbehaviour", wish)) tell("已安排，下一次遇到时生效。");
}

async function revoke() {
  const done = await post("tokens/revoke");
  if (done) tell(`已作废 ${done.revoked} 个令牌，下一次调用会得到 40001。`);
}

function showLeft(kinds, pending, held) {
  const all = Object.entries(pending).flatMap(([kind, wishes]) => wishes.map((wish) => sentence(kinds, kind, wish)));
  if (held) all.push(`扣住还没推的 ${held} 条`);
  list.className = all.length ? "left" : "";
  if (!all.length) return list.replaceChildren(make("p", { class: "soft", "data-test": "wishes-none" }, "没有待用的捣乱，平台一切正常。"));
  return list.replaceChildren(make("h3", {}, "还没用掉的"),
    make("ul", {}, ...all.map((one) => make("li", { "data-test": "wish" }, one))),
    make("button", { type: "button", "data-test": "wishes-clear", onclick: () => drop("misbehaviour") }, "全部取消"));
}

function sentence(kinds, name, wish) {
  const kind = kinds.find((one) => one.name === name);
  const words = [kind?.label ?? name];
  if (wish.path === "callback") words.push("推送");
  else if (wish.path && wish.path !== "*") words.push(wish.path);
  else if (kind?.fields.some((field) => field.name === "path")) words.push("任一接口");
  for (const field of kind?.fields ?? []) {
    const value = wish[field.name];
    if (["path", "times"].includes(field.name) || field.type === "addresses" || value === undefined) continue;
    if (field.type === "flag") words.push(`${field.label}：${value ? "是" : "否"}`);
    else words.push(field.name === "errcode" ? String(value) : `${field.label}：${WORDS[value] ?? value}`);
  }
  words.push(wish.times === null ? "一直" : `还有 ${wish.times ?? 1} 次`);
  return words.join(" · ");
}

function usual(kinds, where, title, ...more) {
  const known = new Set(kinds.map((kind) => kind.name));
  const offered = USUAL.filter(([on, , wish]) => on === where && known.has(Object.keys(wish)[0]));
  return make("section", {}, make("h3", {}, title), make("div", { class: "moves" },
    ...offered.map(([, words, wish]) => make("button", { type: "button", "data-test": "usual-wish", onclick: () => ask(wish) }, words)), ...more));
}

function own(kinds, endpoints) {
  const select = make("select", { "aria-label": "哪一种", "data-test": "wish-kind" },
    ...kinds.map((one) => make("option", { value: one.name }, one.label)));
  const rest = make("div", { class: "fields" });
  const form = make("form", { class: "fields" }, make("label", {}, "哪一种", select), rest,
    make("button", { type: "submit", "data-test": "wish-add" }, "安排"));
  let inputs = [];
  const choose = () => {
    const kind = kinds.find((one) => one.name === select.value);
    inputs = kind.fields.filter((field) => field.type !== "addresses").map((field) => [field, inputFor(field, endpoints)]);
    rest.replaceChildren(...inputs.map(([field, input]) => make("label", { class: field.type === "flag" ? "check" : "" },
      ...(field.type === "flag" ? [input, field.label] : [field.label, input]))));
  };
  select.addEventListener("change", choose);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask({ [select.value]: Object.fromEntries(inputs.map(([field, input]) => [field.name, valueOf(field, input)])) });
  });
  choose();
  return make("section", {}, make("h3", {}, "自己安排"), form);
}

function inputFor(field, endpoints) {
  const input = bare(field, endpoints);
  if (field.type === "flag") input.checked = field.default;
  else input.value = field.default ?? "";
  input.dataset.test = `wish-${field.name}`;
  return input;
}

const WORDS = { callback: "推送到服务", "*": "任一接口", body: "正文半途", headers: "应答头之前", originality: "原创校验失败", failed: "普通失败", review: "审核不通过" };

function bare(field, endpoints) {
  if (field.type === "flag") return make("input", { type: "checkbox" });
  if (field.type === "path" || field.type === "choice") {
    const choices = [...(field.choices ?? []), ...(field.type === "path" ? endpoints : [])];
    return make("select", {}, ...choices.map((one) => make("option", { value: one }, WORDS[one] ?? one)));
  }
  const bounds = { min: field.least, max: field.most, step: field.type === "seconds" ? "any" : "1" };
  return make("input", { type: "number", required: field.may_be_empty ? null : "", ...bounds });
}

function valueOf(field, input) {
  if (field.type === "flag") return input.checked;
  if (field.type === "path" || field.type === "choice") return input.value;
  return input.value === "" ? null : Number(input.value);
}
