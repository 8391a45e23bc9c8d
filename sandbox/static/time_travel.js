// The sandbox's clock, shown and moved.

import { get, make, post } from "./http.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
const EAST = 8 * HOUR; // the account's zone, whatever the browser's is
const MORNING = 9 * HOUR;

const hours = make("b", { class: "hours" });
const date = make("span", { class: "soft" });
const shifted = make("span", { class: "shifted", "data-test": "clock-shift" });
let ahead = 0; // seconds from this computer's time to the sandbox's

const move = (label, test, act, about = null) => make("button", { type: "button", "data-test": test, title: about, onclick: act }, label);
const by = (seconds) => () => post("clock", { advance: seconds });

export const bar = make("div", { class: "clock", role: "group", "aria-label": "沙盒时间" },
  make("p", {}, hours, date, shifted),
  make("div", { class: "moves" },
    move("+1 分钟", "clock-minute", by(60)), move("+1 小时", "clock-hour", by(HOUR)), move("+1 天", "clock-day", by(DAY)),
    move("+49 小时", "clock-49", by(49 * HOUR), "客服消息只能在来人说话后 48 小时内发"), move("到早上 9:00", "clock-morning", toMorning),
    move("回到现在", "clock-zero", () => post("clock", { offset: 0 }))));

async function toMorning() {
  const state = await get("state"); // its own clock, not this computer's
  if (!state) return;
  const sinceMidnight = (state.now + EAST) % DAY;
  const left = MORNING - sinceMidnight;
  post("clock", { advance: Math.ceil(left > 0 ? left : left + DAY) });
}

export function show(state) {
  ahead = state.now - Date.now() / 1000;
  const moved = shift(state.offset);
  shifted.textContent = moved;
  shifted.hidden = !moved;
  tick();
}

function tick() {
  const at = new Date((Date.now() / 1000 + ahead + EAST) * 1000);
  const two = (number) => String(number).padStart(2, "0");
  hours.textContent = `${at.getUTCHours()}:${two(at.getUTCMinutes())}`;
  date.textContent = `${at.getUTCMonth() + 1}月${at.getUTCDate()}日（周${"日一二三四五六"[at.getUTCDay()]}）`;
}

export function shift(seconds) {
  const size = Math.abs(seconds);
  if (size < 30) return "";
  const sign = seconds > 0 ? "快" : "慢";
  if (size >= 2 * DAY) {
    const all = Math.round(size / HOUR);
    return `${sign} ${Math.floor(all / 24)} 天${all % 24 ? ` ${all % 24} 小时` : ""}`;
  }
  if (size >= HOUR) return `${sign} ${Math.round(size / HOUR * 10) / 10} 小时`;
  return `${sign} ${Math.round(size / 60)} 分钟`;
}

setInterval(tick, 5000);
