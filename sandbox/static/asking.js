// Sheets that wait for each other: a list to choose from, and something to look at.

import { make } from "./http.js";

const sheet = document.getElementById("sheet");

// One sheet at a time: a page may ask for two things at once.
let turn = Promise.resolve();
export function inTurn(begin) {
  const mine = turn.then(async () => {
    if (sheet.open) await closed();
    return begin();
  });
  turn = mine.catch(() => {});
  return mine;
}

// Its event comes later, and must not be taken for the end of the next sheet.
const closed = () => new Promise((resolve) => {
  sheet.addEventListener("close", resolve, { once: true });
  sheet.close();
});

// A list of things to do; resolves to the chosen key, or null.
export function choose(title, options, { note = "", no = "取消" } = {}) {
  return inTurn(() => new Promise((resolve) => {
    let chosen = null;
    const buttons = options.map(({ key, label }) => make("button", {
      type: "button", "data-test": `option-${key}`,
      onclick: () => {
        chosen = key;
        sheet.close();
      },
    }, label));
    const cancel = make("button", { type: "button", "data-test": "cancel", onclick: () => sheet.close() }, no);
    sheet.replaceChildren(make("form", { method: "dialog" }, make("h2", { id: "sheet-title" }, title),
      note ? make("p", { class: "note" }, note) : null, make("div", { class: "options" }, ...buttons, cancel)));
    sheet.addEventListener("close", () => resolve(chosen), { once: true });
    sheet.showModal();
  }));
}

// Something to look at, until it is put away.
export function show(title, ...content) {
  return inTurn(() => new Promise((resolve) => {
    const done = make("button", { type: "submit", "data-test": "confirm" }, "关闭");
    sheet.replaceChildren(make("form", { method: "dialog" }, make("h2", { id: "sheet-title" }, title),
      ...content, make("div", { class: "ends" }, done)));
    sheet.addEventListener("close", () => resolve(), { once: true });
    sheet.showModal();
  }));
}
