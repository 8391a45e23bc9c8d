// `wx` for code that is tried in this page (in the browser's console, or a module imported there) while the
// mini-program is open: what a mini-program calls to log in and to ask its service, for the person at the phone.

import { tryPost } from "./http.js";

// To the code in the page, or taken back with null.
export function lend(person, service) {
  if (person) window.wx = {
    login: (options) => login(person.openid, options),
    request: (options) => request(person.openid, service, options),
    uploadFile: (options) => uploadFile(person.openid, service, options),
  };
  else delete window.wx;
}

async function login(openid, options = {}) {
  const done = await tryPost(`people/${openid}/log-in`, {});
  if (done.error) tell(options, "fail", { errMsg: `login:fail ${done.error}` });
  else tell(options, "success", { errMsg: "login:ok", code: done.code });
}

const pathOf = (service, url) => String(url).startsWith(`${service}/`) ? String(url).slice(service.length) : "";

async function request(openid, service, options) {
  const { url, method = "GET", data = null, header = {}, dataType = "json" } = options;
  const path = pathOf(service, url);
  if (!path) return tell(options, "fail", { errMsg: "request:fail url not in domain list", errno: 600002 });
  const done = await tryPost(`people/${openid}/miniprogram-request`, { method, path, headers: header, body: data });
  if (done.error) return tell(options, "fail", { errMsg: `request:fail ${done.error}` });
  return tell(options, "success", { errMsg: "request:ok", statusCode: done.status, header: done.headers, data: dataType === "json" ? parsed(done.body) : done.body });
}

// There are no files here: `filePath` is the picture itself, as a data: address.
async function uploadFile(openid, service, options) {
  const { url, filePath, name = "", formData = {}, header = {} } = options;
  const path = pathOf(service, url);
  if (!path) return tell(options, "fail", { errMsg: "uploadFile:fail url not in domain list", errno: 600002 });
  if (!/^data:[^,]*;base64,./.test(filePath)) return tell(options, "fail", { errMsg: "uploadFile:fail file not found" });
  const file = { base64: filePath, name, filename: "tmp_1.jpg" };
  const done = await tryPost(`people/${openid}/miniprogram-request`, { method: "POST", path, headers: header, body: formData, ...file });
  if (done.error) return tell(options, "fail", { errMsg: `uploadFile:fail ${done.error}` });
  return tell(options, "success", { errMsg: "uploadFile:ok", statusCode: done.status, data: done.body });
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
