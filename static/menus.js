// The menu file's editor: names and handlers are offered, mistakes marked while one types.
// Without it the page is a plain text field with a button.
(() => {
  const field = document.getElementById("text");
  if (!field || !window.CodeMirror) return;
  const form = field.form;
  const words = JSON.parse(field.dataset.words);
  const handled = new Set(["do", "scan", "photo", "location", "subscribe", "fallback"]);

  // --- what may stand here ---------------------------------------------------------------------------------

  function offers(line) {
    const found = /([a-z_]+):\s+([^,{}[\]]*)$/.exec(line);
    if (!found) {
      return Object.entries(words.names).map(([name, says]) => ({text: name + ": ", shown: name, says}));
    }
    if (handled.has(found[1])) {
      return Object.entries(words.handlers).map(([name, says]) => ({text: name, shown: name, says}));
    }
    return (words.values[found[1]] || []).map(name => ({text: name, shown: name, says: ""}));
  }

  function hint(editor) {
    const at = editor.getCursor();
    const before = editor.getLine(at.line).slice(0, at.ch);
    const begun = /[^\s,{}[\]]*$/.exec(before)[0];
    const list = offers(before)
      .filter(each => each.shown.includes(begun) || (begun && each.says.includes(begun)))
      .sort((a, b) => b.shown.startsWith(begun) - a.shown.startsWith(begun))
      .map(each => ({
        text: each.text,
        render: (row, all, self) => {
          const name = document.createElement("b");
          name.textContent = each.shown;
          row.append(name, each.says ? "  " + each.says : "");
        },
      }));
    return {list, from: CodeMirror.Pos(at.line, at.ch - begun.length), to: at};
  }

  // --- what is wrong ---------------------------------------------------------------------------------------

  const verdict = document.getElementById("verdict");
  let asked = 0;  // answers may overtake each other: only that to the last question is told

  function tell(answer, editor) {
    const head = document.createElement("p");
    head.textContent = answer.verdict;
    head.className = answer.mistakes.length ? "bad" : "";
    const list = document.createElement("ul");
    const told = [...answer.mistakes.slice(0, 30).map(each => ["bad", "", each]),
      ...answer.warnings.map(each => ["", "提醒：", each])];
    for (const [tone, before, each] of told) {
      const row = document.createElement("li"), go = document.createElement("button");
      row.className = tone;
      go.type = "button";
      go.className = "link";
      go.textContent = before + each.words;
      go.addEventListener("click", () => {
        editor.setCursor(each.line - 1, each.column - 1);
        editor.focus();
      });
      row.append(go);
      list.append(row);
    }
    verdict.replaceChildren(head, list);
  }

  function mark(each, severity, editor) {
    const line = Math.min(each.line - 1, editor.lastLine());
    const from = each.column - 1;
    const rest = /^[^\s,{}[\]]*/.exec((editor.getLine(line) || "").slice(from))[0].length;
    return {
      message: each.hint ? each.message + " " + each.hint : each.message,
      severity,
      from: CodeMirror.Pos(line, from),
      to: CodeMirror.Pos(line, from + Math.max(rest, 1)),
    };
  }

  async function check(text, done, options, editor) {
    const number = ++asked;
    const sent = new URLSearchParams({token: form.elements.token.value, text});
    try {
      const answer = await fetch("/console/menus/check", {method: "POST", body: sent});
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      if (number !== asked) return;
      tell(told, editor);
      done(editor, [...told.mistakes.map(each => mark(each, "error", editor)),
        ...told.warnings.map(each => mark(each, "warning", editor))]);
    } catch {
      if (number !== asked) return;
      verdict.textContent = "现在查不了：网络断了，或登录已经过期。写的内容还在，请先复制下来再刷新。";
    }
  }

  // --- the editor ------------------------------------------------------------------------------------------

  const editor = CodeMirror.fromTextArea(field, {
    mode: "yaml",
    lineNumbers: true,
    lineWrapping: true,
    indentUnit: 2,
    gutters: ["CodeMirror-lint-markers"],
    lint: {getAnnotations: check, async: true, delay: 300},
    hintOptions: {hint, completeSingle: false},
    extraKeys: {
      "Ctrl-Space": "autocomplete",
      Tab: here => here.execCommand(here.somethingSelected() ? "indentMore" : "insertSoftTab"),
      "Shift-Tab": "indentLess",
      Esc: here => here.getInputField().blur(),  // from here on Tab goes through the page
    },
    inputStyle: "contenteditable",
    spellcheck: false,
  });
  editor.getInputField().setAttribute("aria-label", "菜单文件");
  editor.on("inputRead", (here, change) => {
    if (/^[\w.]$/.test(change.text[0]) && !here.state.completionActive) here.showHint();
  });
  const line = Number(field.dataset.line);
  if (line > 0) {
    editor.setCursor(line - 1, editor.getLine(line - 1).length);
    editor.scrollIntoView(null, 200);
    editor.focus();
  }
})();
