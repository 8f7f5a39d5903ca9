// Completion in the search field of the log: fields, then the values that this incident has (WAI-ARIA combobox).
"use strict";
(() => {
  const { make } = window.triage;
  const MOST = 10;
  let words = null;
  let loading = null;
  let options = [];
  let chosen = -1;
  const field = () => document.getElementById("log-q");
  const list = () => document.getElementById("log-q-list");

  const load = () => {
    loading ||= fetch(document.getElementById("log").dataset.words, { credentials: "same-origin" })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
      .then((told) => { words = told; })
      .catch(() => { loading = null; }); // the next key asks again; the field works without
    return loading;
  };

  // The term in which the caret stands: from the last blank or parenthesis outside of quotes.
  const term = (input) => {
    const before = input.value.slice(0, input.selectionStart);
    let start = 0;
    let quoted = false;
    for (let at = 0; at < before.length; at += 1) {
      if (before[at] === '"' && before[at - 1] !== "\\") quoted = !quoted;
      else if (!quoted && /[\s(]/.test(before[at])) start = at + 1;
    }
    const minus = before[start] === "-" ? 1 : 0;
    return { start: start + minus, text: before.slice(start + minus), end: input.selectionStart };
  };

  const found = (text) => {
    const typed = text.toLowerCase();
    const colon = typed.indexOf(":");
    if (colon < 0) {
      if (!typed) return [];
      const named = (one) => [one.name, ...one.aliases].some((name) => name.startsWith(typed));
      const fields = words.fields.filter(named).map((one) => ({ insert: `${one.name}:`, text: `${one.name}:`, hint: one.means }));
      const values = words.fields.flatMap((one) => one.values.map((value) => [one, value]))
        .filter(([, value]) => typed.length > 1 && value.value.toLowerCase().includes(typed))
        .map(([one, value]) => valueOption(one, value));
      return [...fields, ...values];
    }
    const one = words.fields.find((kind) => [kind.name, ...kind.aliases].includes(typed.slice(0, colon)));
    if (!one) return [];
    const rest = typed.slice(colon + 1).replace(/^"/, "");
    return one.values.filter((value) => `${value.value} ${value.label}`.toLowerCase().includes(rest)).map((value) => valueOption(one, value));
  };
  const valueOption = (one, value) => {
    const quoted = /[\s"()]/.test(value.value) ? `"${value.value.replace(/(["\\])/g, "\\$1")}"` : value.value;
    const hint = [value.label, value.count === null ? "" : value.count.toLocaleString("en")].filter(Boolean).join(" · ");
    return { insert: `${one.name}:${quoted} `, text: `${one.name}:${value.value}`, hint };
  };

  const close = () => {
    const box = list(), input = field();
    if (!box || !input) return;
    box.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const show = () => {
    const input = field(), box = list();
    if (!input || !box || !words || input.selectionStart !== input.selectionEnd) return close();
    const now = term(input);
    options = found(now.text).filter((option) => option.insert.trim() !== now.text).slice(0, MOST);
    if (!options.length) return close();
    chosen = -1;
    box.replaceChildren(...options.map((option, at) => {
      const item = make("li");
      item.id = `log-q-${at}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.append(make("span", "mono", option.text), make("span", "hint", option.hint));
      return item;
    }));
    box.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
  };
  const mark = (at) => {
    chosen = at;
    [...list().children].forEach((item, index) => {
      item.setAttribute("aria-selected", String(index === at));
      if (index === at) item.scrollIntoView({ block: "nearest" });
    });
    if (at < 0) field().removeAttribute("aria-activedescendant");
    else field().setAttribute("aria-activedescendant", `log-q-${at}`);
  };
  const take = (at) => {
    const input = field(), now = term(input);
    const option = options[at];
    input.setRangeText(option.insert, now.start, now.end, "end");
    input.focus();
    if (option.insert.endsWith(":")) show(); else close();
  };

  const equip = () => {
    const input = field();
    if (!input || input.getAttribute("role") === "combobox") return;
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "log-q-list", "aria-haspopup": "listbox" })) input.setAttribute(name, value);
    input.addEventListener("focus", load);
    input.addEventListener("input", async () => { await load(); show(); });
    input.addEventListener("click", close);
    input.addEventListener("blur", () => setTimeout(close, 150));
    input.addEventListener("keydown", (event) => {
      const open = !list().hidden;
      if (event.key === "Escape" && open) { event.preventDefault(); close(); }
      else if (event.key === "ArrowDown" && !open) { event.preventDefault(); load().then(show); }
      else if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        const size = options.length + 1;
        mark(((chosen + 1 + (event.key === "ArrowDown" ? 1 : size - 1)) % size) - 1);
      } else if (open && chosen >= 0 && (event.key === "Enter" || event.key === "Tab")) { event.preventDefault(); take(chosen); }
      else if (event.key === "Enter") close();
    });
    list().addEventListener("pointerdown", (event) => {
      const item = event.target.closest("[role=option]");
      if (item) { event.preventDefault(); take([...list().children].indexOf(item)); }
    });
  };
  document.addEventListener("htmx:afterSettle", equip);
  equip();
})();
