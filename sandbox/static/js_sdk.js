// The phone's side of the JS-SDK: hears the page in its frame, checks what it may, and answers it.

import { post, tell } from "./http.js";
import { ANSWERS } from "./js_sdk_sheets.js";
import { isMiniProgramLink, openMiniProgramLink } from "./sheets.js";
import { subscribe } from "./subscribe_popup.js";

const frame = document.getElementById("webview-frame");
const OPEN_TO_ALL = new Set(["checkJsApi"]);
let page = null; // the document that spoke last, and what its config allows

document.getElementById("webview").addEventListener("opened", () => { page = null; });

const fresh = ({ page: id, url, title }, origin) => ({
  id, url, title, origin, allowed: new Set(), tags: new Set(), appId: "", hosts: [], share: {}, debug: false,
});

window.addEventListener("message", (event) => {
  const said = event.data;
  if (event.source !== frame.contentWindow || said?.for !== "js-sdk") return;
  // A page speaks for itself only; the browser vouches for the origin.
  if (!/^https?:/.test(event.origin) || !URL.canParse(said.url) || new URL(said.url).origin !== event.origin) return;
  if (page?.id !== said.page || page.origin !== event.origin) page = fresh(said, event.origin);
  Object.assign(page, { url: said.url, title: said.title });
  document.getElementById("webview-title").textContent = said.title || said.url;
  if (said.api === "here") settleAsked(said.ask);
  else if (said.api === "link") isMiniProgramLink(String(said.link)) && openMiniProgramLink(said.link);
  else answer(page, said);
});

async function answer(to, { id, api, given }) {
  const found = await answered(to, api, given);
  const { then, ...words } = found;
  if (to.debug) tell(JSON.stringify(words));
  // Where the frame shows another page by now, it hears nothing.
  if (to === page) frame.contentWindow.postMessage({ for: "js-sdk", page: to.id, id, answer: words }, to.origin);
  then?.();
}

async function answered(to, api, given) {
  if (api === "config") return configured(to, given);
  if (api === "subscribe") {
    return to.tags.has("wx-open-subscribe") ? subscribe(given, to.appId) : { errMsg: "subscribe:permission denied" };
  }
  if (!Object.hasOwn(ANSWERS, api)) return { errMsg: `${api}:function not exist` };
  if (!to.allowed.has(api) && !OPEN_TO_ALL.has(api)) return { errMsg: `${api}:permission denied` };
  try {
    const { errMsg = "ok", ...more } = (await ANSWERS[api](given, to)) ?? {};
    return { ...more, errMsg: `${api}:${errMsg}` };
  } catch (error) {
    console.warn(api, error);
    return { errMsg: `${api}:fail` };
  }
}

async function configured(to, given) {
  const found = await post("js-sdk/check", { ...given, url: to.url });
  if (!found) return { errMsg: "config:fail" };
  Object.assign(to, {
    allowed: new Set(found.allowed), tags: new Set(found.tags), appId: given.appId, hosts: found.hosts, debug: Boolean(given.debug),
  });
  if (found.rule) tell(`${found.errMsg}。原因在面板的「接口」里。`);
  return { errMsg: found.errMsg };
}

// Ask the frame whether it still shows that page: a page without the JS-SDK keeps silent.
const asking = new Map();
let asked = 0;

function settleAsked(ask) {
  asking.get(ask)?.(page);
  asking.delete(ask);
}

export function pageNow() {
  asked += 1;
  const number = asked;
  if (!page) return Promise.resolve(null);
  return new Promise((resolve) => {
    asking.set(number, resolve);
    setTimeout(() => resolve(null), 1000); // a page that is busy still answers
    // The question holds nothing that another page might not know.
    frame.contentWindow.postMessage({ for: "js-sdk", ask: number }, "*");
  });
}
