// `wx` for code that is tried in this page (in the browser's console, or a module imported there) while the
// mini-program is open: what a mini-program calls to log in and to ask its service, for the person at the phone.

import { tryPost } from "./http.js";

// To the code in the page, or taken back with null.
export function lend(person, service) {
  if (person) window.wx = { login: (options) => login(person.openid, options), request: (options) => request(person.openid, service, options) };
  else delete window.wx;
}

async function login(openid, options = {}) {
  const done = await tryPost(`people/${openid}/log-in`, {});
  if (done.error) tell(options, "fail", { errMsg: `login:fail ${done.error}` });
  else tell(options, "success", { errMsg: "login:ok", code: done.code });
}

async function request(openid, service, options) {
  const { url, method = "GET", data = null, header = {}, dataType = "json" } = options;
  const path = String(url).startsWith(`${service}/`) ? String(url).slice(service.length) : "";
  if (!path) return tell(options, "fail", { errMsg: "request:fail url not in domain list", errno: 600002 });
  const done = await tryPost(`people/${openid}/miniprogram-request`, { method, path, headers: header, body: data });
  if (done.error) return tell(options, "fail", { errMsg: `request:fail ${done.error}` });
  return tell(options, "success", { errMsg: "request:ok", statusCode: done.status, header: done.headers, data: dataType === "json" ? parsed(done.body) : done.body });
}

function tell(options, how, told) {
  options[how]?.(told);
  options.complete?.(told);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
