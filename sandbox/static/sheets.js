// Small forms over the phone, and web pages inside it.

import { make } from "./http.js";

const sheet = document.getElementById("sheet");

// Ask for some fields; resolves to their values, or null when cancelled.
// A field is {name, label, value, rows}; chips are [{label, values}] that fill the form.
export function askFor(title, fields, { ok = "发送", no = "取消", note = "", chips = [] } = {}) {
  return new Promise((resolve) => {
    const form = make("form", { method: "dialog" }, make("h2", { id: "sheet-title" }, title));
    if (note) form.append(make("p", { class: "note" }, note));
    const inputs = {};
    for (const field of fields) {
      const input = field.rows
        ? make("textarea", { name: field.name, rows: field.rows })
        : make("input", { name: field.name, autocomplete: "off" });
      input.value = field.value ?? "";
      inputs[field.name] = input;
      form.append(make("label", {}, field.label, input));
    }
    form.append(chipRow(chips, inputs));
    const cancel = make("button", { type: "button", "data-test": "cancel" }, no);
    form.append(make("div", { class: "ends" }, cancel,
      make("button", { type: "submit", "data-test": "confirm" }, ok)));
    let given = null;
    cancel.addEventListener("click", () => sheet.close());
    form.addEventListener("submit", () => {
      given = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
    });
    sheet.replaceChildren(form);
    sheet.addEventListener("close", () => resolve(given), { once: true });
    sheet.showModal();
  });
}

function chipRow(chips, inputs) {
  if (!chips.length) return "";
  return make("div", { class: "chips" }, ...chips.map((chip) => make("button", {
    type: "button",
    onclick: () => {
      for (const [name, value] of Object.entries(chip.values)) inputs[name].value = value;
    },
  }, chip.label)));
}

const webview = document.getElementById("webview");
const frame = document.getElementById("webview-frame");

export let holder = "";
export let opened = { url: "", title: "" }; // the page now in the phone, as it was opened

// Whose phone it is; what the one before had open is closed.
export function belongTo(openid) {
  if (openid !== holder) close();
  holder = openid;
}

// By way of the sandbox, so that its sign-in page knows who opens it, and from where.
export function openPage(url, title = "", manner = "chat") {
  const address = `/sandbox/open?who=${encodeURIComponent(holder)}&url=${encodeURIComponent(url)}&manner=${manner}`;
  opened = { url, title };
  document.getElementById("webview-title").textContent = title || url;
  document.getElementById("webview-open").href = address;
  frame.removeAttribute("srcdoc");
  frame.src = address;
  webview.hidden = false;
  webview.dispatchEvent(new Event("opened"));
}

// The mini-program itself is not run here; show where the tap would have led.
export function openMiniProgram(app) {
  const shown = make("div", {}, make("h2", {}, "小程序"), make("p", {}, `appid：${app.appid}`),
    make("p", {}, `页面：${app.path || app.pagepath || "首页"}`));
  document.getElementById("webview-title").textContent = "小程序";
  document.getElementById("webview-open").removeAttribute("href");
  frame.removeAttribute("src");
  opened = { url: "", title: "" };
  frame.srcdoc = `<meta charset="utf-8"><style>body{font:16px/1.6 system-ui;padding:24px}</style>${shown.outerHTML}`;
  webview.hidden = false;
  webview.dispatchEvent(new Event("opened"));
}

export function close() {
  webview.hidden = true;
  frame.removeAttribute("srcdoc");
  frame.src = "about:blank";
}

document.getElementById("webview-close").addEventListener("click", close);
