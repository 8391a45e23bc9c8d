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
  const pause = seconds => new Promise(go => setTimeout(go, seconds * 1000));
  const seenAgain = () => new Promise(go => document.addEventListener("visibilitychange", go, {once: true}));

  // The server answers as soon as there is something newer than what is shown; -1 is older than anything.
  const ask = (address, shown) => fetch(address, {headers: {"X-By-Itself": shown}});

  // The row that is chosen stays chosen, wherever it stands now.
  function replace(part, nodes) {
    const link = row => row?.querySelector("a")?.href;
    const at = link(rows()[chosen()]);
    part.replaceChildren(...nodes);
    if (at) rows().forEach(row => row.setAttribute("aria-selected", String(link(row) === at)));
  }

  // A thread grows at its end: what stands there stays, since somebody may be writing in it, or listening.
  function grow(part, next) {
    const [lines, all] = [part, next].map(each => each.querySelector(".timeline"));
    const count = all.childElementCount;  // they move from there to here
    for (const [at, line] of [...all.children].entries()) {
      const there = lines.children[at];
      if (!there) lines.append(line);
      else if (there.textContent !== line.textContent) there.replaceWith(line);
    }
    while (lines.childElementCount > count) lines.lastElementChild.remove();
    part.querySelectorAll(":scope > :not(.timeline)").forEach(each => each.remove());
    part.append(...next.querySelectorAll(":scope > :not(.timeline)"));
  }

  async function renew(first, answered) {
    const parts = [...document.querySelectorAll("[data-fresh]")];
    for (const address of new Set(parts.map(part => part.dataset.fresh))) {
      const answer = address === first ? answered : await ask(address, "-1");
      if (!answer.ok || answer.redirected) continue;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const newest = page.querySelector("[data-live]")?.dataset.live;
      const shown = parts.filter(part => part.dataset.fresh === address && part.isConnected);
      if (!shown.length) continue;  // another one was opened meanwhile
      for (const part of shown) {
        const next = page.getElementById(part.id);
        if (newest && part.dataset.live) part.dataset.live = newest;
        if (next && next.innerHTML !== part.innerHTML) {
          const ticked = new Set([...part.querySelectorAll("input[type=checkbox]:checked")].map(box => box.value));
          if (part.querySelector(".timeline") && next.querySelector(".timeline")) grow(part, next);
          else replace(part, next.childNodes);
          part.querySelectorAll("input[type=checkbox]").forEach(box => { box.checked = ticked.has(box.value); });
          window.htmx?.process(part);
          allTicks();
        }
      }
      const seen = page.querySelector("input[name=seen]")?.value;
      if (seen) document.querySelectorAll("input[name=seen]").forEach(field => { field.value = seen; });
    }
  }

  async function live() {
    for (;;) {
      const place = document.querySelector("[data-live]");
      if (!place) return;
      if (document.hidden) { await seenAgain(); continue; }
      try {
        const {fresh: address, live: shown} = place.dataset;
        const answer = await ask(address, shown);
        if (answer.redirected) return;  // nobody is signed in any more
        if (!answer.ok) { await pause(5); continue; }
        if (answer.status === 204 || !place.isConnected) continue;  // nothing new, or not looked at any more
        await renew(address, answer);
        if (place.isConnected && place.dataset.live === shown) await pause(5);  // it was another page
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
    fetch(box.dataset.typing, {method: "POST", body}).catch(() => {});
  });

  // All of this page's scripts have run by then, and the links that open beside the list do so.
  document.addEventListener("DOMContentLoaded", () => { document.documentElement.dataset.ready = "yes"; });
})();
