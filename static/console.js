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
  document.documentElement.dataset.ready = "yes";
})();
