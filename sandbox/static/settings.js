// The settings above the phone: how it looks, what this person allows, and events nobody taps.

import { post, tell } from "./http.js";
import { askFor, choose } from "./sheets.js";

const KEPT = { theme: "sandbox-theme", type: "sandbox-type" };
const THEMES = [["", "跟随系统"], ["light", "浅色"], ["dark", "深色"]];
const TYPES = [["", "标准"], ["large", "大"], ["huge", "特大"]];

function apply(name, value) {
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
}

for (const [name, key] of Object.entries(KEPT)) apply(name, localStorage.getItem(key));

export async function openSettings(person) {
  const ways = [["look", "字号和深浅"]];
  if (person.following) {
    ways.push(["refuse", person.refuses ? "重新接收消息" : "拒收消息", person.refuses ? "现在公众号主动发的收不到（48002）" : "公众号主动发的会收不到（48002）"],
      ["location", "上报地理位置", "像刚进公众号时那样（LOCATION 事件）"], ["event", "推一个任意事件"]);
  }
  const chosen = await choose(person.name, ways);
  if (chosen) await ACTS[chosen](person);
}

const ACTS = {
  look: async () => {
    const now = Object.fromEntries(Object.entries(KEPT).map(([name, key]) => [name, localStorage.getItem(key) ?? ""]));
    const given = await askFor("字号和深浅", [
      { name: "type", label: "字号", options: TYPES, value: now.type }, { name: "theme", label: "深浅", options: THEMES, value: now.theme },
    ], { ok: "好" });
    for (const [name, value] of Object.entries(given ?? {})) {
      localStorage.setItem(KEPT[name], value);
      apply(name, value);
    }
  },
  refuse: async (person) => {
    if (await post(`people/${person.openid}/refuses`, { value: !person.refuses })) {
      tell(person.refuses ? "重新接收消息了。" : "已拒收消息。");
    }
  },
  location: async (person) => {
    if (await post(`people/${person.openid}/report-location`)) tell("已上报位置。");
  },
  event: async (person) => {
    const given = await askFor("推一个任意事件", [
      { name: "event", label: "事件名（Event）", value: "", required: true },
      { name: "fields", label: "其余字段（JSON）", value: '{"EventKey": ""}', rows: 4 },
    ], { ok: "推送" });
    if (!given) return;
    try {
      await post(`people/${person.openid}/event`, { event: given.event, fields: JSON.parse(given.fields || "{}") });
    } catch {
      tell("字段不是合法的 JSON。");
    }
  },
};
