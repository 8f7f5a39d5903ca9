// Ctrl-K: type a few letters of a page, an incident, a code or an action. A combobox with a listbox (WAI-ARIA practices).
"use strict";
(() => {
  const palette = document.getElementById("palette");
  if (!palette || !window.triage) return;
  const { commands, make, toast } = window.triage;
  const field = palette.querySelector("input");
  const box = palette.querySelector("#palette-list");
  const MOST = 14;
  let shown = [];
  let chosen = 0;

  // -- what there is to find ------------------------------------------------------------------------------------------
  const known = { loaded: false, entries: [] };
  const load = async () => {
    if (known.loaded) return;
    known.loaded = true;
    try {
      const answer = await fetch(palette.dataset.places, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      known.entries = (await answer.json()).places;
      if (palette.open) list();
    } catch {
      known.loaded = false; // the next opening asks again; what stands on this page works without it
    }
  };
  commands.add(() => known.entries);
  commands.add(() => [...document.querySelectorAll(".tabs a")].map((tab) => ({ text: tab.firstChild.textContent.trim(), href: tab.href, hint: "This incident", first: true })));
  commands.add(() => [...document.querySelectorAll("[data-item] h2 a, [data-item] h3 a, [data-item] th a")].slice(0, 60).map((link) => ({ text: link.textContent.trim(), href: link.href, hint: "On this page" })));
  // Whatever a page offers as a button is an action by the same name.
  commands.add(() => [...document.querySelectorAll("[data-command]")].map((button) => ({ text: button.dataset.command, hint: "Action", first: true, act: () => button.click() })));
  commands.add((typed) => (/^[hrl]\d\d$/i.test(typed) ? [{ text: `${typed.toUpperCase()} and what it means`, href: `/codes/${typed.toUpperCase()}/`, hint: "Code" }] : []));
  commands.add((typed) => {
    const tab = document.querySelector('.tabs [data-go="l"]');
    return tab && typed ? [{ text: `Search the log for “${typed}”`, href: `${tab.href.split("?")[0]}?q=${encodeURIComponent(typed)}`, hint: "Log", always: true }] : [];
  });

  // -- how well an entry fits: letters in order, better at the beginnings of words and in a row --------------------------
  const score = (typed, text) => {
    let at = -1, sum = 0, run = 0;
    for (const letter of typed) {
      const next = text.indexOf(letter, at + 1);
      if (next < 0) return 0;
      run = next === at + 1 ? run + 1 : 0;
      const starts = next === 0 || !/[\p{L}\p{N}]/u.test(text[next - 1]);
      sum += 1 + run * 2 + (starts ? 4 : 0) - Math.min(next - at - 1, 12) * 0.1;
      at = next;
    }
    return Math.max(sum - text.length * 0.01, 0.01);
  };
  const rate = (typed, entry) => {
    const text = `${entry.text} ${entry.words || ""}`.toLowerCase();
    let sum = 0;
    for (const word of typed.split(" ")) {
      const one = score(word, text);
      if (!one || one < word.length * 1.4) return 0;
      sum += one;
    }
    return sum + (text.startsWith(typed) ? 10 : 0) + (entry.first ? 0.5 : 0);
  };
  const find = (typed) => {
    const all = commands.all(typed);
    if (!typed) return all.filter((entry) => !entry.quiet).sort((a, b) => Number(Boolean(b.first)) - Number(Boolean(a.first))).slice(0, MOST);
    const lower = typed.toLowerCase();
    const seen = new Set();
    return all
      .map((entry) => ({ entry, rating: entry.always ? 0.001 : rate(lower, entry) }))
      .filter(({ rating }) => rating)
      .sort((a, b) => b.rating - a.rating)
      .map(({ entry }) => entry)
      .filter((entry) => { const key = entry.href || entry.text; return !seen.has(key) && seen.add(key); })
      .slice(0, MOST);
  };

  // -- showing ---------------------------------------------------------------------------------------------------------
  const option = (entry, index) => {
    const row = make("li");
    row.id = `place-${index}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(index === chosen));
    row.append(make("span", "grow", entry.text), make("span", "hint", entry.hint || ""));
    row.addEventListener("click", (event) => run(entry, event.ctrlKey || event.metaKey));
    row.addEventListener("pointermove", () => choose(index));
    return row;
  };
  const list = () => {
    const typed = field.value.trim().replace(/\s+/g, " ");
    shown = find(typed);
    chosen = 0;
    box.replaceChildren(...shown.map(option));
    palette.querySelector("#palette-none").hidden = shown.length > 0;
    field.setAttribute("aria-expanded", String(shown.length > 0));
    mark();
  };
  const mark = () => {
    if (shown.length) field.setAttribute("aria-activedescendant", `place-${chosen}`);
    else field.removeAttribute("aria-activedescendant");
  };
  const choose = (index) => {
    if (index === chosen || !shown.length) return;
    box.children[chosen]?.setAttribute("aria-selected", "false");
    chosen = (index + shown.length) % shown.length;
    box.children[chosen].setAttribute("aria-selected", "true");
    box.children[chosen].scrollIntoView({ block: "nearest" });
    mark();
  };
  const run = (entry, inNewTab = false) => {
    palette.close();
    if (entry.act) return entry.act();
    if (inNewTab) return window.open(entry.href, "_blank", "noopener");
    return location.assign(entry.href);
  };
  const show = () => {
    if (palette.open || document.querySelector("dialog[open]")) return;
    load();
    field.value = "";
    list();
    palette.showModal();
    field.focus();
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      show();
    }
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-palette]")) show(); });
  field.addEventListener("input", list);
  palette.addEventListener("keydown", (event) => {
    const act = {
      ArrowDown: () => choose(chosen + 1),
      ArrowUp: () => choose(chosen - 1),
      PageDown: () => choose(Math.min(chosen + 6, shown.length - 1)),
      PageUp: () => choose(Math.max(chosen - 6, 0)),
      Enter: () => { if (shown[chosen]) run(shown[chosen], event.ctrlKey || event.metaKey); else toast("Nothing to go to.", 2); },
    }[event.key];
    if (!act || event.isComposing) return;
    event.preventDefault();
    act();
  });
})();
