// Small forms over the phone, web pages inside it, and what of them opens the mini-program.

import { make } from "./http.js";

const sheet = document.getElementById("sheet");

// Ask for some fields; resolves to their values, or null when cancelled.
// A field is {name, label, value} with `rows`, `options` [[value, label]], `check`, or a `type`;
// chips are [{label, values}] that fill the form; `above(inputs)` draws what stands over the fields.
export function askFor(title, fields, { ok = "发送", no = "取消", note = "", chips = [], above = null } = {}) {
  if (sheet.open) return Promise.resolve(null); // a second tap, while the first one's answer is being written
  return new Promise((resolve) => {
    const form = make("form", { method: "dialog" }, make("h2", { id: "sheet-title" }, title));
    if (note) form.append(make("p", { class: "note" }, note));
    const inputs = {};
    for (const field of fields) inputs[field.name] = inputFor(field);
    if (above) form.append(above(inputs));
    for (const field of fields) {
      const input = inputs[field.name];
      form.append(field.check ? make("label", { class: "check" }, input, field.label) : make("label", {}, field.label, input));
    }
    form.append(chipRow(chips, inputs));
    const cancel = make("button", { type: "button", "data-test": "cancel" }, no);
    form.append(make("div", { class: "ends" }, cancel,
      make("button", { type: "submit", "data-test": "confirm" }, ok)));
    let given = null;
    cancel.addEventListener("click", () => sheet.close());
    form.addEventListener("submit", () => {
      given = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.type === "checkbox" ? input.checked : input.value]));
    });
    sheet.replaceChildren(form);
    sheet.addEventListener("close", () => resolve(given), { once: true });
    sheet.showModal();
  });
}

function inputFor(field) {
  if (field.check) return make("input", { type: "checkbox", name: field.name, checked: field.value ? "" : null });
  let input = make("input", { name: field.name, autocomplete: "off", type: field.type ?? "text", required: field.required ? "" : null, step: "any" });
  if (field.rows) input = make("textarea", { name: field.name, rows: field.rows });
  if (field.options) input = make("select", { name: field.name }, ...field.options.map(([value, label]) => make("option", { value }, label)));
  input.value = field.value ?? field.options?.[0][0] ?? "";
  return input;
}

// A list to choose from, as it slides up from below; resolves to the chosen key, or null.
export function choose(title, options) {
  if (sheet.open) return Promise.resolve(null);
  return new Promise((resolve) => {
    let chosen = null;
    const rows = options.map(([key, label, about]) => make("button", {
      type: "button", "data-test": `choose-${key}`,
      onclick: () => {
        chosen = key;
        sheet.close();
      },
    }, label, about ? make("small", {}, about) : null));
    sheet.replaceChildren(make("div", { class: "choices" }, make("h2", { id: "sheet-title" }, title), ...rows,
      make("button", { type: "button", class: "last", "data-test": "cancel", onclick: () => sheet.close() }, "取消")));
    sheet.addEventListener("close", () => resolve(chosen), { once: true });
    sheet.showModal();
  });
}

// A press beside the sheet closes it, as Esc does; a selection that ends there does not.
sheet.addEventListener("pointerdown", (event) => event.target === sheet && sheet.close());

function chipRow(chips, inputs) {
  if (!chips.length) return "";
  return make("div", { class: "chips" }, ...chips.map((chip) => make("button", {
    type: "button",
    onclick: () => {
      for (const [name, value] of Object.entries(chip.values)) {
        inputs[name].value = value;
        inputs[name].dispatchEvent(new Event("input"));
      }
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

// Codes and links into the mini-program, as they stand in texts and inside codes.
const MINI_PROGRAM = /^(https:\/\/wxaurl\.cn\/|weixin:\/\/dl\/business\/\?t=|https:\/\/mp\.weixin\.qq\.com\/a\/~~)[\w-]+$/;
export const isMiniProgramLink = (text) => MINI_PROGRAM.test(text.trim());

// `app` is an appid with its page; `way` is from where.
export const openMiniProgram = ({ appid, path, pagepath }, way = "profile") => wantMiniProgram({ appid, path: path || pagepath || "", way });
export const openMiniProgramLink = (link) => wantMiniProgram({ link: link.trim() });

function wantMiniProgram(detail) {
  document.dispatchEvent(new CustomEvent("miniprogram", { detail }));
}

// By way of the sandbox, so that its sign-in page knows who opens it, and from where.
export function openPage(url, title = "", manner = "chat") {
  if (isMiniProgramLink(url)) {
    openMiniProgramLink(url);
    return;
  }
  const address = `/sandbox/open?who=${encodeURIComponent(holder)}&url=${encodeURIComponent(url)}&manner=${manner}`;
  opened = { url, title };
  document.getElementById("webview-title").textContent = title || url;
  document.getElementById("webview-open").href = address;
  frame.src = address;
  webview.hidden = false;
  webview.dispatchEvent(new Event("opened"));
}

export function close() {
  webview.hidden = true;
  frame.src = "about:blank";
}

document.getElementById("webview-close").addEventListener("click", close);
// Esc closes the page before what lies under it, and after what lies over it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || webview.hidden || sheet.open || document.querySelector(".viewer, .mini-pane:not([hidden])")) return;
  event.stopImmediatePropagation();
  close();
}, { capture: true });
