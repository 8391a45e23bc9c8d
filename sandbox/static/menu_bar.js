// The account's menu bar, the lists above it, and what a tap on each kind of button asks first.

import { askForPictures } from "./files.js";
import { make } from "./http.js";
import { act } from "./me.js";
import { askForPlace } from "./places.js";
import { askForScan } from "./scanning.js";
import { openMiniProgram, openPage } from "./sheets.js";

const phone = document.getElementById("phone");

export function menuButtons(buttons) {
  const slots = buttons.map((button) => make("div", { class: "slot" }, topButton(button)));
  return make("div", { class: "buttons" }, ...slots);
}

// Said to those who hold the pointer still: what this button does.
const told = (button) => `${button.name}（${[button.type, button.key ?? button.url ?? button.pagepath].filter(Boolean).join(" · ")}）`;

function topButton(button) {
  const children = button.sub_button ?? [];
  const shown = shortened(button.name, 4);
  if (!children.length) {
    return make("button", { type: "button", "data-test": "menu-button", title: told(button), onclick: () => tap([button.name], button) }, shown);
  }
  return make("button", {
    type: "button", class: "parent", "data-test": "menu-button", title: button.name,
    "aria-haspopup": "menu", "aria-expanded": "false",
    onclick: (event) => openSubmenu(event.currentTarget, button),
  }, shown);
}

// WeChat shows four characters on top and eight below; half-width letters count half.
function shortened(name, most) {
  let width = 0;
  let out = "";
  for (const letter of name) {
    width += letter.codePointAt(0) < 256 ? 0.5 : 1;
    if (width > most) return `${out}…`;
    out += letter;
  }
  return out;
}

function openSubmenu(opener, button) {
  const wasOpen = opener.getAttribute("aria-expanded") === "true";
  closeSubmenu();
  if (wasOpen) return;
  opener.setAttribute("aria-expanded", "true");
  const items = button.sub_button.map((item) => make("button", {
    type: "button", role: "menuitem", "data-test": "submenu-item", title: told(item),
    onclick: () => {
      closeSubmenu();
      tap([button.name, item.name], item);
    },
  }, shortened(item.name, 8)));
  const menu = make("div", { class: "submenu", role: "menu", "aria-label": button.name }, ...items);
  menu.addEventListener("keydown", (event) => walk(event, items));
  opener.parentElement.append(menu);
  if (opener.matches(":focus-visible")) items[0].focus();
}

function walk(event, items) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
}

function closeSubmenu({ refocus = false } = {}) {
  document.querySelector(".submenu")?.remove();
  const opener = document.querySelector('.slot [aria-expanded="true"]');
  opener?.setAttribute("aria-expanded", "false");
  if (refocus) opener?.focus();
}

document.addEventListener("click", (event) => {
  if (!event.target.closest(".slot")) closeSubmenu();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeSubmenu({ refocus: true });
});

async function tap(path, button) {
  const given = await asked(button);
  if (given === null) return;
  const waits = button.type === "scancode_waitmsg";
  const notice = waits ? receiving() : null;
  const done = await act("menu", { path, ...given }, { wait: waits });
  notice?.remove();
  if (done?.open) openPage(done.open, button.name);
  if (done?.miniprogram) openMiniProgram(done.miniprogram, "menu");
}

// What the phone itself would ask before the event is sent; null when it was called off.
async function asked(button) {
  if (button.type.startsWith("scancode_")) return askForScan(button);
  if (button.type === "location_select") return askForPlace("选择位置");
  if (!button.type.startsWith("pic_")) return {};
  const pictures = await askForPictures(button.type);
  return pictures && (pictures.length ? { pictures } : {});
}

function receiving() {
  const notice = make("p", { class: "receiving", role: "status", "data-test": "receiving" }, make("span", { class: "spin" }), "消息接收中");
  phone.append(notice);
  return notice;
}
