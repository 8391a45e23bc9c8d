// A draft saves itself while one writes; what could not be sent stays in this browser and is offered again.
// Everything works without it. The form's own buttons go on being what submits and checks.
(() => {
  "use strict";
  const form = document.querySelector("form.writing[data-autosave]");
  if (!form) return;
  const line = document.getElementById("kept"), left = document.getElementById("left");
  const QUIET = 3000, AGAIN = 10000, KEPT = 7 * 24 * 3600 * 1000; // milliseconds
  const place = () => `draft ${form.dataset.who} ${new URL(form.action).pathname}${new URL(form.action).search}`;
  const NOT_SAID = new Set(["token", "version", "key", "do", "seen", "reason", "despite", "add_type"]);

  let saved, pending = null, asking = null, timer = 0, stopped = false, leaving = false;

  // What was written, as the form would send it.
  const pairs = () => [...new FormData(form)].filter(([, value]) => typeof value === "string");
  const words = (list) => JSON.stringify(list.filter(([name]) => !NOT_SAID.has(name)).map(([name, value]) => [name, value.trim()]));
  const isMoving = () => form.querySelector("fieldset.blocks")?.disabled; // then the form lacks its blocks
  const isChanged = () => words(pairs()) !== saved;
  const clock = () => new Date().toLocaleTimeString("zh-CN", {hour: "2-digit", minute: "2-digit", hour12: false});

  function tell(said, isWrong = false) {
    line.textContent = said;
    line.classList.toggle("error", isWrong);
  }

  // --- in this browser ------------------------------------------------------------------------------------

  function stash(sent = false) {
    if (isMoving()) return;
    try { localStorage.setItem(place(), JSON.stringify({at: Date.now(), clock: clock(), sent, pairs: pairs().filter(([name]) => name !== "token")})); }
    catch { /* a full or forbidden store: the page still has it all */ }
  }
  function forget(at = place()) { try { localStorage.removeItem(at); } catch { /* there is none */ } }
  function stashed() {
    try {
      const found = JSON.parse(localStorage.getItem(place()));
      if (found && Date.now() - found.at < KEPT) return found;
    } catch { /* nothing that could be read */ }
    forget();
    return null;
  }

  function offer() {
    const found = stashed();
    // What a button had sent, and the service took: the draft has moved on since.
    const took = found?.sent && found.pairs.find(([name]) => name === "version")?.[1] !== form.elements.version.value;
    if (!found || took || words(found.pairs) === words(pairs())) { forget(); return; }
    left.querySelector("p").textContent = `这台电脑的浏览器里留着 ${found.clock} 没有存上的修改。要放回来接着写吗？`;
    left.hidden = false;
    left.querySelector("[data-test=left-drop]").addEventListener("click", () => { forget(); left.hidden = true; });
    left.querySelector("[data-test=left-take]").addEventListener("click", () => {
      // Sent as a form, so that the page comes back with as many blocks as there were.
      const sent = document.createElement("form");
      Object.assign(sent, {method: "post", action: form.action, enctype: form.enctype, hidden: true});
      for (const [name, value] of [...found.pairs, ["token", form.elements.token.value], ["do", "stay"]]) {
        if (name === "version" || name === "do" && value !== "stay") continue;
        const field = document.createElement("textarea");
        Object.assign(field, {name, value});
        sent.append(field);
      }
      const version = document.createElement("textarea");
      Object.assign(version, {name: "version", value: form.elements.version.value});
      sent.append(version);
      document.body.append(sent);
      leaving = true;
      sent.submit();
    });
  }

  // --- at the service -------------------------------------------------------------------------------------

  async function save() {
    clearTimeout(timer);
    if (isMoving()) { plan(QUIET); return null; }
    if (asking || stopped || (!pending && !isChanged())) return asking;
    // What was not answered is asked once more as it was: then it is known whether it arrived.
    pending ??= {body: pairs(), words: words(pairs())};
    const body = new FormData();
    for (const [name, value] of pending.body) if (name !== "do") body.append(name, value);
    body.set("token", form.elements.token.value);
    tell("正在自动保存…");
    asking = (async () => {
      const answer = await fetch(form.dataset.autosave, {method: "POST", body, signal: AbortSignal.timeout(20000)});
      if (answer.status === 409) { await refuse((await answer.json()).words); return; }
      if (answer.status === 404) { await refuse("这一条已经作废或者不在了。写的都还在这里。"); return; }
      if (answer.status === 403) { await refuse("登录可能过期了。请在另一个窗口重新登录，再点「保存草稿」。"); return; }
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const told = await answer.json();
      saved = pending.words;
      pending = null;
      const before = place();
      form.elements.version.value = told.version;
      form.action = told.address;
      forget(before);
      history.replaceState(history.state, "", told.address);
      if (isChanged()) { stash(); plan(QUIET); }
      tell(`已自动保存 ${told.at}`);
    })();
    try { await asking; }
    catch {
      stash();
      tell("没有连上，写的都还在这里，连上以后自动保存。", true);
      timer = setTimeout(save, AGAIN);
    } finally { asking = null; }
    return null;
  }

  async function refuse(why) {
    stopped = true;
    pending = null;
    stash();
    tell(`没有自动保存：${why}`, true);
  }

  function plan(wait) { clearTimeout(timer); timer = setTimeout(save, wait); }

  function changed() {
    if (isMoving() || !isChanged()) return;
    stash();
    if (!stopped) plan(QUIET);
  }

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("renewed", changed);
  window.addEventListener("online", () => { if (pending) save(); });
  form.addEventListener("submit", async event => {
    if (event.defaultPrevented || event.submitter?.value === "preview" || event.submitter?.formTarget === "_blank") return;
    if (leaving && asking === null) { event.preventDefault(); return; } // pressed twice
    if (asking) { // its version is not the last one until the answer is there
      event.preventDefault();
      await asking.catch(() => {});
      form.requestSubmit(event.submitter);
      return;
    }
    clearTimeout(timer);
    leaving = true;
    if (isChanged()) stash(true);
    setTimeout(() => { leaving = false; }, 8000); // no page came: the network is gone
  });
  window.addEventListener("beforeunload", event => {
    if (!leaving && !isMoving() && isChanged()) event.preventDefault();
  });
  window.addEventListener("pageshow", event => { if (event.persisted) leaving = false; });

  const came = form.dataset.changed !== undefined; // back from the service, and not saved
  saved = came ? "" : words(pairs());
  stopped = form.dataset.held !== undefined; // somebody else saved: whoever saves now has to mean it
  if (came) changed(); else offer();
})();
