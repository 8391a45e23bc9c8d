// Keys of the console, and what makes its lists quicker to work through. Everything works without it.
(() => {
  const rows = () => [...document.querySelectorAll(".rows tbody tr")];
  const chosen = () => rows().findIndex(row => row.getAttribute("aria-selected") === "true");
  const pane = () => document.getElementById("pane");

  function choose(at) {
    const all = rows();
    if (!all.length) return;
    const next = Math.max(0, Math.min(all.length - 1, at));
    all.forEach((row, index) => row.setAttribute("aria-selected", String(index === next)));
    all[next].scrollIntoView({block: "nearest"});
  }

  function press(selector) {
    const scope = pane()?.childElementCount ? pane() : document;
    const found = scope.querySelector(selector);
    if (!found) return false;
    if (found.matches("textarea, input")) found.focus();
    else found.click();
    return true;
  }

  const keys = {
    j: () => choose(chosen() + 1),
    k: () => choose(chosen() - 1),
    Enter: () => rows()[chosen()]?.querySelector("a")?.click(),
    r: () => press("[data-key=reply]"),
    e: () => press("[data-key=done]"),
    "/": () => document.querySelector(".search input")?.focus(),
    "?": () => document.getElementById("keys")?.showModal(),
    Escape: () => pane()?.replaceChildren(),
  };

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Enter" && chosen() < 0) return;
    if (event.target.closest("input, textarea, select, dialog, button, a, summary, .CodeMirror") && event.key !== "Escape") return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // A narrow window has no room for a pane: there a link is only a link.
  document.addEventListener("htmx:beforeRequest", event => {
    if (event.detail.target?.id !== "pane" || matchMedia("(min-width: 1100px)").matches) return;
    event.preventDefault();
    const link = event.detail.elt.closest("a[href]");
    if (link) location.assign(link.href);
  });
  document.addEventListener("htmx:beforeRequest", event => {
    const row = event.detail.elt.closest("tr");
    if (row && event.detail.target?.id === "pane") choose(rows().indexOf(row));
  });

  // One tick for all of a list.
  const allTicks = () => document.querySelectorAll("[data-tick-all]").forEach(box => { box.hidden = false; });
  document.addEventListener("change", event => {
    if (!event.target.matches?.("[data-tick-all]")) return;
    event.target.closest("table").querySelectorAll("tbody input[type=checkbox]").forEach(box => { box.checked = event.target.checked; });
  });
  allTicks();

  // A list or a thread that stands open renews itself; what somebody is writing stays as it is.
  const alone = {headers: {"X-By-Itself": "1"}};
  const pause = seconds => new Promise(go => setTimeout(go, seconds * 1000));
  const seenAgain = () => new Promise(go => document.addEventListener("visibilitychange", go, {once: true}));

  async function renew(newest) {
    const at = chosen();
    const parts = [...document.querySelectorAll("[data-fresh]")];
    for (const address of new Set(parts.map(part => part.dataset.fresh))) {
      const answer = await fetch(address, alone);
      if (!answer.ok || answer.redirected) continue;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of parts.filter(part => part.dataset.fresh === address)) {
        const next = page.getElementById(part.id);
        if (next && next.innerHTML !== part.innerHTML) {
          const ticked = new Set([...part.querySelectorAll("input[type=checkbox]:checked")].map(box => box.value));
          part.replaceChildren(...next.childNodes);
          part.querySelectorAll("input[type=checkbox]").forEach(box => { box.checked = ticked.has(box.value); });
          window.htmx?.process(part);
          allTicks();
        }
      }
      const seen = page.querySelector("input[name=seen]")?.value;
      if (seen) document.querySelectorAll("input[name=seen]").forEach(field => { field.value = seen; });
    }
    document.querySelectorAll("[data-live]").forEach(part => { part.dataset.live = newest; });
    if (at >= 0) choose(at);
  }

  async function live() {
    for (;;) {
      const place = document.querySelector("[data-live]");
      if (!place) return;
      if (document.hidden) { await seenAgain(); continue; }
      try {
        const answer = await fetch(`/console/live?after=${place.dataset.live}`, alone);
        if (answer.redirected || answer.status === 401) return;
        if (!answer.ok) { await pause(5); continue; }
        const newest = String(await answer.json());
        if (newest !== place.dataset.live) await renew(newest);
      } catch { await pause(5); }
    }
  }
  live();

  // The person's chat shows that somebody is typing: asked for once in 15 seconds, as long as it stays there.
  let typed = -Infinity;
  document.addEventListener("input", event => {
    const box = event.target.closest?.("[data-typing]");
    if (!box?.value.trim() || performance.now() - typed < 15000) return;
    typed = performance.now();
    const body = new URLSearchParams({token: box.form.elements.token.value});
    fetch(box.dataset.typing, {method: "POST", body, ...alone}).catch(() => {});
  });

  document.documentElement.dataset.ready = "yes";
})();
