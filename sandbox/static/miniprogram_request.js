// Requests of the mini-program (`wx.request`): the form, sending one through the sandbox, and its answer.

import { make, post, tell } from "./http.js";
import { inOrder } from "./redraw.js";

const KEPT = "sandbox-miniprogram-";
export const METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
export const tokens = new Map(); // openid -> the token of the last login, or the one typed in
const answers = new Map(); // openid -> the last answer, while the page is open

export function remembered(name, otherwise) {
  try {
    return { ...otherwise, ...JSON.parse(localStorage.getItem(KEPT + name) ?? "{}") };
  } catch {
    return { ...otherwise };
  }
}

export const remember = (name, values) => localStorage.setItem(KEPT + name, JSON.stringify(values));
export const forget = (name) => localStorage.removeItem(KEPT + name);

export const methodChoice = (value) => {
  const select = make("select", { "aria-label": "方法", "data-test": "mini-method" }, ...METHODS.map((one) => make("option", {}, one)));
  select.value = METHODS.includes(value) ? value : "POST";
  return select;
};
export const pathField = (value) => {
  const input = make("input", { type: "text", "aria-label": "路径", "data-test": "mini-path", autocomplete: "off", spellcheck: "false", placeholder: "/api/v1/…" });
  input.value = value;
  return input;
};
export const area = (label, value, test, rows = 3) => {
  const input = make("textarea", { rows, "data-test": test, spellcheck: "false", autocomplete: "off" });
  input.value = value;
  return [make("label", {}, label, input), input];
};

// What is written as JSON is sent as JSON; anything else goes as the text it is.
export function bodyOf(text) {
  if (!text.trim()) return { body: null };
  try {
    return { body: JSON.parse(text) };
  } catch (error) {
    if (!/^\s*[[{]/.test(text)) return { body: text };
    tell(`请求体不是合法的 JSON：${error.message}`);
    return null;
  }
}

export function headersOf(text) {
  if (!text.trim()) return {};
  try {
    const headers = JSON.parse(text);
    if (headers && typeof headers === "object" && !Array.isArray(headers)) return headers;
  } catch {
    // told below
  }
  tell('请求头应是 JSON 对象，例如 {"X-Version": "1.0"}。');
  return null;
}

// Resolves to what came back, or null when it could not be sent: the phone has said why.
export function send(openid, { method, path, headers = {}, body = null, token = "" }) {
  const given = token ? { ...headers, Authorization: `Bearer ${token}` } : headers;
  return post(`people/${openid}/miniprogram-request`, { method, path, headers: given, body });
}

// The token in a login's answer, at its top or in `data`.
export function tokenIn(answer) {
  try {
    const body = JSON.parse(answer.body);
    const found = [body, body?.data].flatMap((one) => [one?.access_token, one?.token]);
    return found.find((one) => typeof one === "string" && one) ?? "";
  } catch {
    return "";
  }
}

// The answer, in sight.
export function put(place, ...content) {
  place.replaceChildren(...content);
  place.scrollIntoView({ block: "nearest" });
}

export function shown(answer) {
  const good = answer.status < 400;
  const more = [answer.followed ? `跟随了 ${answer.followed} 次跳转` : "", answer.cut ? "太长，只留了前 1 MB" : ""].filter(Boolean).join("，");
  return make("section", { class: "answer", "data-test": "mini-answer" },
    make("p", { class: "head" }, make("span", { class: `tag ${good ? "good" : "bad"}`, "data-test": "mini-status" }, String(answer.status)),
      make("span", {}, `${answer.ms} 毫秒`), more ? make("span", {}, more) : null),
    make("pre", { "data-test": "mini-body" }, pretty(answer.body) || "（没有内容）"),
    make("details", {}, make("summary", {}, `响应头 ${Object.keys(answer.headers).length} 个`),
      make("pre", {}, Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`).join("\n"))));
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// --- The tab

const USUAL = { method: "GET", path: "/api/v1/me", headers: "", body: "" };

export const asking = {
  key: "request",
  label: "请求",
  draw({ person, facts }) {
    const kept = remembered("request", USUAL);
    const method = methodChoice(kept.method);
    const path = pathField(kept.path);
    const [headersLabel, headers] = area("请求头（JSON，可空）", kept.headers, "mini-headers", 2);
    const [bodyLabel, body] = area("数据（JSON；GET 时变成查询串）", kept.body, "mini-data", 3);
    const token = make("input", { type: "text", "data-test": "mini-token", autocomplete: "off", spellcheck: "false", placeholder: "登录后自动填上" });
    token.value = tokens.get(person.openid) ?? "";
    token.addEventListener("input", () => tokens.set(person.openid, token.value.trim()));
    const sendings = inOrder();
    const result = make("div", {}, answers.has(person.openid) ? shown(answers.get(person.openid)) : "");
    const form = make("form", { class: "block" },
      make("p", { class: "note" }, `wx.request，只能请求 ${facts.service}`),
      make("div", { class: "where" }, method, path),
      make("label", {}, "令牌（Authorization: Bearer …）", token), bodyLabel,
      make("details", { open: kept.headers ? "" : null }, make("summary", {}, "请求头"), headersLabel),
      make("div", { class: "ends" }, make("button", { type: "submit", class: "pick good", "data-test": "mini-send" }, "发送")));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      remember("request", { method: method.value, path: path.value, headers: headers.value, body: body.value });
      const given = bodyOf(body.value);
      const named = headersOf(headers.value);
      if (!given || !named) return;
      const number = sendings.ask();
      const answer = await send(person.openid, { method: method.value, path: path.value.trim(), headers: named, body: given.body, token: token.value.trim() });
      if (!answer || !sendings.takes(number)) return;
      answers.set(person.openid, answer);
      put(result, shown(answer));
    });
    return make("div", { class: "list" }, form, result);
  },
};
