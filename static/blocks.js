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

  async function send(act) {
    if (busy) return;
    busy = true;
    document.getElementById("sending").hidden = false;
    const filled = new FormData(form);
    filled.append("do", act);
    const stays = act === "stay";
    const sent = stays ? [...fields(part())].map(([name, field]) => [name, field.value]) : [];
    part().disabled = !stays; // blocks are about to change places
    try {
      const answer = await fetch(form.action, {method: "POST", body: filled});
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("form.writing fieldset.blocks");
      if (next) renew(next, sent);
      say((page.getElementById("error") ?? (next ? null : page.querySelector("main")))?.textContent.trim() ?? "");
    } catch {
      say("没有传上去，网络可能断了。写的都还在，请再试一次。");
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
  document.documentElement.classList.add("sends-at-once");
})();
