// The phone at the door: reads tickets, keeps what it read until the service has it, and says what was answered.
// A scan is kept with a name of its own, so that it counts once however often a bad signal has it sent.
(() => {
  "use strict";
  const door = document.getElementById("door");
  const { at, keep, token } = door.dataset;
  const part = (id) => document.getElementById(id);
  const TICKET = /\/t\/|^[0-9a-z]{41}$/i;
  const NUMBER = /^[2-9a-z]{4}[\s-]?[2-9a-z]{4}$/i;
  const SAME_AGAIN = 4000;  // a camera sees a ticket many times a second
  const AT_ONCE = 20, LONGEST = 500, RECENT = 30;
  const REFUSED = new Set([413, 422]);  // the service has read it and cannot take it

  // --- What was read, until it is answered

  let memory = [];  // where a browser keeps nothing
  const kept = () => { try { return JSON.parse(localStorage.getItem(keep)) ?? []; } catch { return memory; } };
  function put(scans) {
    memory = scans;
    try { localStorage.setItem(keep, JSON.stringify(scans)); } catch { /* then in memory alone */ }
    const waits = scans.length;
    part("waiting").hidden = !waits || (!away && waits < 2);
    part("waiting").textContent = `没有信号：${waits} 条记在这台手机里，有信号时自动上传。请不要清除浏览器数据。`;
  }

  let away = false, sending = false, size = AT_ONCE, later = 0;

  function say(words) {
    part("trouble").hidden = !words;
    part("trouble").textContent = words;
  }

  async function send() {
    if (sending) return;
    sending = true;
    clearTimeout(later);
    try {
      for (let waiting = kept(); waiting.length; waiting = kept()) {
        if (!await sent(waiting.slice(0, size))) break;
      }
    } catch {
      away = true;
    }
    sending = false;
    put(kept());
    if (away && kept().length && part("answer").dataset.answer === "") show(NOTED);
    if (kept().length) later = setTimeout(send, 4000);
  }

  // False: no use to go on now.
  async function sent(batch) {
    const body = new URLSearchParams({ token, scans: JSON.stringify(batch), sent_at: String(Date.now()) });
    const answer = await fetch(`${at}/scans`, { method: "POST", body, signal: AbortSignal.timeout(10000) });
    if (answer.status >= 500) { away = true; return false; }
    away = false;
    if (!answer.ok && !REFUSED.has(answer.status)) {  // or some network's own page: nothing is thrown away
      say("传不上去：登录过期了，或者没有签到的权限。扫过的都还在这台手机里，请刷新页面、重新登录，会接着上传。");
      return false;
    }
    if (!answer.ok) {
      if (size > 1) { size = 1; return true; }
      settle(batch.map(({ id }) => ({ id, tone: "bad", label: "没有收下", words: "请按姓名查找，手工签到。" })));
      return true;
    }
    size = AT_ONCE;
    say("");
    const { answers, counts } = await answer.json();
    settle(answers);
    figures(counts);
    return true;
  }

  function settle(answers) {
    const done = new Set(answers.map(({ id }) => id));
    put(kept().filter(({ id }) => !done.has(id)));
    for (const each of answers) note(each);
    show(answers.at(-1));
  }

  // --- What was answered

  const LOOKING = { label: "正在核对…" };
  const NOTED = { label: "已记下，还没核对", words: "没有信号。可以先让他进，有信号时自动上传，再看结果。" };

  function show({ tone = "", label, name = "", words = "", code = "", seats = 0, arrived = 0, answer = "", sitting = "" }) {
    const place = part("answer");
    place.hidden = false;
    place.dataset.tone = tone;
    place.dataset.answer = answer;
    place.querySelector(".label").textContent = label;
    place.querySelector(".name").textContent = seats > 1 ? `${name}　${seats} 人` : name;
    place.querySelector(".words").textContent = words;
    const isIn = answer === "ok" || answer === "already_checked_in";
    party(place.querySelector(".party"), isIn ? code : "", seats, arrived, sitting);
    const mend = place.querySelector(".mend");
    mend.hidden = !isIn;
    mend.href = `${at}/people/${code}`;
    // Not before the page was touched: browsers refuse that.
    if (answer && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(tone === "good" ? 80 : [120, 80, 120]);
  }

  // Of a party fewer may have come.
  function party(place, code, seats, arrived, sitting) {
    place.dataset.code = code;
    place.inert = false;
    place.hidden = !code || seats < 2;
    place.replaceChildren("实到");
    for (let count = 1; count <= seats; count += 1) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = count;
      button.setAttribute("aria-pressed", String(count === arrived));
      button.addEventListener("click", () => came(place, code, seats, count, sitting));
      place.append(button);
    }
  }

  async function came(place, code, seats, count, sitting) {
    const body = new URLSearchParams({ token, seats: String(count), sitting });
    place.inert = true;  // two numbers on their way might overtake each other
    try {
      const answer = await fetch(`${at}/people/${code}/arrived`, { method: "POST", body, redirect: "manual" });
      if (answer.type !== "opaqueredirect") throw new Error(String(answer.status));
      if (place.dataset.code === code) party(place, code, seats, count, sitting); // else another is at the door by now
      say("");
      count_again();
    } catch {
      place.inert = false;
      say("人数没有改成，有信号时再点一次。");
    }
  }

  function note({ tone, label, name = "" }) {
    const line = document.createElement("li");
    const when = new Date().toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
    for (const words of [when, name || "——", label]) {
      line.append(Object.assign(document.createElement("span"), { textContent: words }));
    }
    line.lastChild.className = `tag ${tone}`;
    const list = document.querySelector("#recent ol");
    list.prepend(line);
    while (list.childElementCount > RECENT) list.lastChild.remove();
    part("recent").hidden = false;
  }

  function figures(counts) {
    for (const place of document.querySelectorAll("[data-count]")) place.textContent = counts[place.dataset.count];
  }

  async function count_again() {
    if (document.hidden) return;
    try {
      const answer = await fetch(`${at}/counts`, { signal: AbortSignal.timeout(8000) });
      if (answer.ok && !answer.redirected) figures(await answer.json());
    } catch { /* the figures stay as they are */ }
  }

  // --- Reading

  let last = { words: "", at: -Infinity };

  const named = () => crypto.randomUUID?.()
    ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  function read(words, byHand) {
    const plain = String(words).trim().slice(0, LONGEST);
    const now = performance.now();
    if (!plain || (plain === last.words && now - last.at < SAME_AGAIN)) { last.at = plain ? now : last.at; return; }
    last = { words: plain, at: now };
    away = away || navigator.onLine === false;
    put([...kept(), { id: named(), words: plain, by_hand: byHand, at: Date.now() }]);
    show(away ? NOTED : LOOKING);
    send();
  }

  async function openCamera() {
    const video = part("camera");
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      await video.play();
    } catch {
      say("没有打开摄像头：请在浏览器里允许使用摄像头，或输入票号、姓名。");
      return;
    }
    video.hidden = false;
    part("by-camera").hidden = true;
    const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
    const look = async () => {
      if (!document.hidden) {
        const found = await detector.detect(video).catch(() => []);
        if (found.length) read(found[0].rawValue, false);
      }
      setTimeout(look, 150);
    };
    look();
  }

  async function wechat() {
    const wx = await window.weixin.ready(["scanQRCode"]);
    part("by-wechat").hidden = false;
    part("by-wechat").addEventListener("click", () => wx.scanQRCode({
      needResult: 1, scanType: ["qrCode"], success: ({ resultStr }) => read(resultStr, false),
      fail: () => say("微信没有扫成，请再点一次，或输入票号、姓名。"),
    }));
  }

  function begin() {
    const mayRead = "BarcodeDetector" in window && navigator.mediaDevices?.getUserMedia;
    if (mayRead) {
      part("by-camera").hidden = false;
      part("by-camera").addEventListener("click", openCamera);
    }
    const bare = () => { part("no-camera").hidden = Boolean(mayRead); };
    if (window.weixin.inside) wechat().catch(bare);
    else bare();
  }

  // --- Looking for somebody

  let asked = 0;

  async function seek(words) {
    const number = asked += 1;
    const found = part("found");
    if (!words) { found.replaceChildren(); return; }
    try {
      const answer = await fetch(`${at}/found?q=${encodeURIComponent(words)}`, { signal: AbortSignal.timeout(8000) });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const text = await answer.text();
      if (number === asked) found.innerHTML = text;  // a page of the service, escaped there
    } catch {
      if (number === asked) found.textContent = "没有信号，查不了名单。输入 8 位票号后点「查找」，可以先记下。";
    }
  }

  const field = part("seek").elements.q;
  let typing = 0;
  field.addEventListener("input", () => {
    clearTimeout(typing);
    const words = field.value.trim();
    if (!TICKET.test(words)) typing = setTimeout(() => seek(words), 250);
  });
  part("seek").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    const words = field.value.trim();
    const isTicket = TICKET.test(words);
    if (!isTicket && !NUMBER.test(words)) { seek(words); return; }
    read(words, !isTicket);
    field.value = "";
    seek("");
  });
  document.addEventListener("submit", (event) => {
    const code = event.target.dataset?.byHand;
    if (!code) return;
    event.preventDefault();
    read(code, true);
    field.value = "";
    seek("");
    part("answer").scrollIntoView({ block: "nearest" });
  });

  addEventListener("online", () => { away = false; send(); });
  addEventListener("offline", () => { away = true; put(kept()); });
  setInterval(count_again, 10000);
  begin();
  put(kept());
  send();
})();
