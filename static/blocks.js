// Blocks of an article: what is chosen is sent at once and the form shows it. Everything works without it.
(() => {
  const form = document.querySelector("form.writing");
  const part = () => form?.querySelector("fieldset.blocks");
  if (!part()) return;
  let busy = false;

  function say(words) {
    let line = document.getElementById("error");
    if (!line && words) {
      line = Object.assign(document.createElement("p"), {id: "error", className: "error"});
      line.setAttribute("role", "alert");
      line.dataset.test = "error";
      form.before(line);
    }
    if (line) { line.textContent = words; line.hidden = !words; }
    if (words) line.scrollIntoView({block: "center"});
  }

  function tooLarge(input) {
    const most = Number(input.dataset.most);
    const one = [...input.files].find(file => file.size > most * 1024 * 1024);
    if (one) { say(`「${one.name}」有 ${Math.ceil(one.size / 1024 / 1024)} MB，最多 ${most} MB。`); input.value = ""; }
    return Boolean(one);
  }

  // Fields one writes in, each known by its name and by how many of that name stand before it.
  function fields(root) {
    const seen = new Map();
    const found = new Map();
    for (const field of root.querySelectorAll("textarea:not([hidden]), select, input:not([type=file], [type=hidden], [type=checkbox])")) {
      const count = seen.get(field.name) ?? 0;
      seen.set(field.name, count + 1);
      found.set(`${field.name} ${count}`, field);
    }
    return found;
  }

  // What was written while a file was on its way stays.
  function renew(next, sent) {
    const [old, fresh] = [fields(part()), fields(next)];
    for (const [name, value] of sent) {
      if (old.get(name)?.value !== value && fresh.has(name)) fresh.get(name).value = old.get(name).value;
    }
    const at = [...old].find(([, field]) => field === document.activeElement)?.[0];
    part().replaceWith(document.adoptNode(next));
    fresh.get(at)?.focus({preventScroll: true});
  }

  async function send(act, to = form.action, more = {}) {
    if (busy) return false;
    busy = true;
    document.getElementById("sending").hidden = false;
    const filled = new FormData(form);
    filled.append("do", act);
    for (const [name, value] of Object.entries(more)) filled.append(name, value);
    const stays = act === "stay";
    const sent = stays ? [...fields(part())].map(([name, field]) => [name, field.value]) : [];
    part().disabled = !stays; // blocks are about to change places
    try {
      const answer = await fetch(to, {method: "POST", body: filled});
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("form.writing fieldset.blocks");
      if (next) renew(next, sent);
      say((page.getElementById("error") ?? (next ? null : page.querySelector("main")))?.textContent.trim() ?? "");
      if (next) form.dispatchEvent(new Event("renewed"));
      return Boolean(next) && answer.ok;
    } catch {
      say("没有传上去，网络可能断了。写的都还在，请再试一次。");
      return false;
    } finally {
      busy = false;
      part().disabled = false;
      document.getElementById("sending").hidden = true;
    }
  }

  form.addEventListener("change", event => {
    if (!event.target.matches("fieldset.blocks [data-renew]")) return;
    if (event.target.type === "file" && (!event.target.files.length || tooLarge(event.target))) return;
    send("stay");
  });
  form.addEventListener("click", event => {
    const button = event.target.closest("fieldset.blocks button[name=do]");
    if (!button) return;
    event.preventDefault();
    send(button.value);
  });

  // --- pasting: words with looks are put in order by the server; plain words go in as the browser does it ----

  const SAYS_MORE = "a[href], b, strong, h1, h2, h3, h4, h5, h6, ul, ol, p, div, section, blockquote, table, img, br, [style*=bold], [style*='font-weight']";

  async function paste(event) {
    const field = event.target.closest?.("fieldset.blocks textarea[name=block_text]");
    const html = field ? event.clipboardData?.getData("text/html") : "";
    // What is parsed so runs nothing and loads nothing.
    if (!html || busy || !new DOMParser().parseFromString(html, "text/html").body.querySelector(SAYS_MORE)) return;
    event.preventDefault();
    const plain = event.clipboardData.getData("text/plain");
    const [from, to] = [field.selectionStart, field.selectionEnd];
    const [before, after] = [field.value.slice(0, from), field.value.slice(to)];
    const at = [...form.querySelectorAll("fieldset.blocks textarea[name=block_text]")].indexOf(field);
    const given = {html: new Blob([html], {type: "text/html"}), before, after, at};
    const done = await send("paste", form.dataset.paste, given);
    if (!done) { // what was copied is not lost: as plain words, where it should have gone
      const same = form.querySelectorAll("fieldset.blocks textarea[name=block_text]")[at];
      if (same && plain) { same.setRangeText(plain, before.length, before.length + to - from, "end"); changed(same); }
      return;
    }
    const last = form.querySelectorAll("fieldset.blocks textarea[name=block_text]")[document.getElementById("pasted")?.dataset.at];
    if (!last || last.hidden) return;
    last.focus();
    const end = last.value.length - (after && last.value.endsWith(after) ? after.length : 0);
    last.setSelectionRange(end, end);
  }

  function changed(field) { field.dispatchEvent(new Event("input", {bubbles: true})); }

  form.addEventListener("paste", paste);
  document.documentElement.classList.add("sends-at-once");
})();
