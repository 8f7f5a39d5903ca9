// The log: moving among lines, matches and errors; more lines at either end; context in place; selecting and copying.
"use strict";
(() => {
  const { keys, commands, toast, copy, post, remember, announce, make } = window.triage;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const MOST_ROWS = 500;
  const list = () => $("#lines");

  // -- lines ----------------------------------------------------------------------------------------------------------
  const shown = (line) => line.checkVisibility();
  const lines = () => $$("#lines .line, #lines details.fold:not([open]) > summary").filter(shown);
  const lineOf = (node) => node && node.closest && node.closest("#lines .line, #lines details.fold > summary");
  let hovered = null;
  document.addEventListener("pointerover", (event) => { hovered = lineOf(event.target); });
  const current = () => lineOf(document.activeElement) || (hovered && hovered.isConnected ? hovered : null);
  const rowsOf = (line) => (line.matches("summary") ? $$(".line", line.parentElement) : [line]);
  // A line as it was printed: its time stands in the title, since the page shows it in the reader's zone.
  const textOf = (line) => {
    const text = $(".tx", line);
    return text ? [...text.childNodes].map((node) => (node.dataset && node.dataset.raw) || node.textContent).join("") : "";
  };
  const textsOf = (some) => some.flatMap(rowsOf).map(textOf);
  const markdownOf = (some) => {
    const texts = textsOf(some);
    const longest = Math.max(2, ...texts.map((text) => Math.max(0, ...(text.match(/`+/g) || []).map((run) => run.length))));
    const fence = "`".repeat(longest + 1);
    return `${fence}\n${texts.join("\n")}\n${fence}\n${linkOf(some)}\n`;
  };
  const linkOf = (some) => {
    const rows = some.flatMap(rowsOf);
    const places = rows.map((row) => row.dataset.place.split(".").map(Number));
    const first = $("[data-line-link]", rows[0]).href;
    const isRange = rows.length > 1 && places.every(([source]) => source === places[0][0]);
    if (!isRange) return first;
    const numbers = places.map(([, number]) => number);
    const low = rows[numbers.indexOf(Math.min(...numbers))];
    return `${$("[data-line-link]", low).href}?to=${places[0][0]}.${Math.max(...numbers)}`;
  };
  const go = (line) => {
    if (!line) return false;
    const stop = line.matches("summary") ? line : $(".no", line);
    stop.focus({ preventScroll: true });
    line.scrollIntoView({ block: "nearest" });
    return true;
  };
  const step = (by, wanted = () => true) => {
    const all = lines();
    const at = all.indexOf(current());
    const rest = by > 0 ? all.slice(at + 1) : all.slice(0, at < 0 ? all.length : at).reverse();
    return go(rest.find(wanted)) || more(by > 0 ? "later" : "earlier") || !announce("No more of these on this page.");
  };
  const has = (tone) => (line) => line.matches(`.${tone}`) || Boolean(line.matches("summary") && $(`.line.${tone}`, line.parentElement));
  const isHit = (line) => Boolean($("mark", line.matches("summary") ? line.parentElement : line));

  // -- more lines at either end: one page at a time, and never too many in the page ------------------------------------------
  let busy = false;
  const more = (way) => {
    const link = $(`#pager-${way} [data-more]`);
    if (!link || !list()) return false;
    if (busy) return true;
    busy = true;
    const anchor = way === "earlier" ? $(".line", list()) : null;
    const before = anchor && anchor.getBoundingClientRect().top;
    htmx.ajax("GET", link.href, { target: "#lines", swap: way === "earlier" ? "afterbegin" : "beforeend" }).then(() => {
      if (anchor && anchor.isConnected) scrollBy(0, anchor.getBoundingClientRect().top - before);
      prune(way);
      announce(way === "earlier" ? "Earlier lines are shown." : "Later lines are shown.");
    }).catch(() => {}).finally(() => { busy = false; });
    return true;
  };
  const prune = (way) => {
    const pages = $$("[data-page]", list());
    let rows = $$(".line", list()).length;
    const order = way === "earlier" ? pages.reverse() : pages;
    while (order.length > 1 && rows > MOST_ROWS) {
      const gone = order.shift();
      rows -= $$(".line", gone).length;
      const height = gone.getBoundingClientRect().height;
      const kept = order[0];
      const above = gone.compareDocumentPosition(kept) & Node.DOCUMENT_POSITION_FOLLOWING;
      const top = kept.getBoundingClientRect().top;
      gone.remove();
      if (above && height) scrollBy(0, kept.getBoundingClientRect().top - top);
      leadBack(way === "earlier" ? "later" : "earlier", gone, kept);
    }
  };
  // The pager of the end that was cut off leads to the lines that were there.
  const leadBack = (way, gone, kept) => {
    const pager = $(`#pager-${way}`);
    const edge = $(way === "later" ? ".line" : ".line:last-of-type", gone);
    const address = kept.dataset[way];
    if (!pager || !edge || !address) return;
    const old = $("[data-more]", pager);
    if (old) { old.href = `?${address}`; return; }
    const link = make("a", "btn small", way === "later" ? "Later" : "Earlier");
    link.href = `?${address}`;
    link.rel = way === "later" ? "next" : "prev";
    link.dataset.more = way;
    pager.firstElementChild.replaceWith(link);
  };
  let last = scrollY;
  addEventListener("scroll", () => {
    if (!list() || busy) return;
    const down = scrollY > last;
    last = scrollY;
    const pager = $(down ? "#pager-later" : "#pager-earlier");
    if (!pager || !$("[data-more]", pager)) return;
    const { top, bottom } = pager.getBoundingClientRect();
    if (down ? top < innerHeight + 600 : bottom > -200) more(down ? "later" : "earlier");
  }, { passive: true });

  // -- context in place ---------------------------------------------------------------------------------------------------
  const context = (line) => {
    if (!line) return false;
    const row = rowsOf(line)[0];
    const place = row.dataset.place;
    const old = document.getElementById(`context-${place}`);
    if (old) { old.remove(); return true; }
    const box = make("div", "context-box");
    box.id = `context-${place}`;
    (line.matches("summary") ? line.parentElement : line).after(box);
    htmx.ajax("GET", `${$("[data-line-link]", row).href}?around=10`, { target: box, swap: "innerHTML" });
    return true;
  };

  // -- selecting ----------------------------------------------------------------------------------------------------------
  let from = null;
  const selected = () => $$("#lines .line.chosen");
  const tell = () => {
    const bar = $("#selection");
    if (!bar) return;
    const count = selected().length;
    bar.hidden = !count;
    $("[data-selected]", bar).textContent = count === 1 ? "1 line" : `${count} lines`;
  };
  const select = (line, extend) => {
    if (!line) return false;
    const all = $$("#lines .line").filter(shown);
    const row = rowsOf(line)[0];
    if (extend && from && from.isConnected) {
      const [low, high] = [all.indexOf(from), all.indexOf(row)].sort((a, b) => a - b);
      for (const one of all.slice(Math.max(0, low), high + 1)) one.classList.add("chosen");
    } else {
      row.classList.toggle("chosen");
      from = row;
    }
    tell();
    return true;
  };
  const unselect = () => { for (const one of selected()) one.classList.remove("chosen"); tell(); };
  const meant = () => { const chosen = selected(); return chosen.length ? chosen : [current()].filter(Boolean); };
  document.addEventListener("click", (event) => {
    const line = event.target.closest("#lines .line");
    if (event.shiftKey && line) { event.preventDefault(); getSelection().removeAllRanges(); return select(line, true); }
    const target = event.target.closest("button, a");
    if (!target) return;
    if (target.dataset.copyLines) {
      const some = target.closest("#selection") ? selected() : $$("#lines .line");
      copy(target.dataset.copyLines === "markdown" ? markdownOf(some) : textsOf(some).join("\n"), target, `${some.length} lines copied`);
    } else if (target.dataset.range !== undefined) copy(linkOf(selected()), target, "Link copied");
    else if (target.dataset.unselect !== undefined) unselect();
    else if (target.dataset.more && !event.ctrlKey && !event.metaKey) { if (more(target.dataset.more)) event.preventDefault(); }
    else if (target.dataset.switch === "wrap" && list()) {
      event.preventDefault();
      const off = list().classList.toggle("nowrap");
      target.setAttribute("aria-pressed", String(!off));
      remember("log_wrap", off ? "off" : "on");
    }
  });

  // -- pinning to the timeline ----------------------------------------------------------------------------------------------
  const pin = async (line) => {
    if (!line) return toast("Point at a line first, or move to one with j and k.");
    const row = rowsOf(line)[0];
    const [source, number] = row.dataset.place.split(".");
    const address = $("[data-line-link]", row).pathname.replace(/l\/[^/]+\/$/, "timeline/pin/");
    const answer = await fetch(address, {
      method: "POST", credentials: "same-origin", body: new URLSearchParams({ source, line: number }),
      headers: { Accept: "application/json", "X-CSRFToken": JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "" },
    });
    if (!answer.ok) return toast(answer.status === 403 ? "Only members can add to the timeline." : "The line could not be pinned. Try again.");
    const told = await answer.json();
    row.classList.add("pinned");
    toast(told.said, told.undo && !told.already ? { seconds: 6, undo: async () => {
      await post(told.undo, { version: told.version });
      row.classList.remove("pinned");
    } } : 3);
  };

  // -- keys -----------------------------------------------------------------------------------------------------------------
  const group = "Log";
  const edge = (way) => { const link = $(`[data-edge="${way}"]`); if (link) location.assign(link.href); else go(way === "end" ? lines().at(-1) : lines()[0]); };
  keys.add("j", "Next line", () => { step(1); }, { group });
  keys.add("k", "The line before", () => { step(-1); }, { group });
  keys.add("e", "Next error", () => { step(1, has("bad")); }, { group });
  keys.add("E", "Error before", () => { step(-1, has("bad")); }, { group });
  keys.add("w", "Next warning", () => { step(1, has("warn")); }, { group });
  keys.add("W", "Warning before", () => { step(-1, has("warn")); }, { group });
  keys.add("n", "Next match", () => { step(1, isHit); }, { group });
  keys.add("N", "Match before", () => { step(-1, isHit); }, { group });
  keys.add("g g", "To the start", () => edge("start"), { group });
  keys.add("G", "To the end", () => edge("end"), { group });
  keys.add("c", "Ten lines around it, in place", () => context(current()), { group });
  keys.add("y", "Copy the line, or those that are selected", () => { const some = meant(); if (!some.length) return false; copy(textsOf(some).join("\n"), null, some.length > 1 ? `${some.length} lines copied` : "Line copied"); }, { group });
  keys.add("Y", "Copy as Markdown, with a link", () => { const some = meant(); if (!some.length) return false; copy(markdownOf(some), null, "Copied as Markdown"); }, { group });
  keys.add("l", "Copy the link to the line or the selected lines", () => { const some = meant(); copy(some.length ? linkOf(some) : location.href, null, "Link copied"); }, { group });
  keys.add("m", "Pin the line to the timeline", () => { pin(current()); }, { group });
  keys.add(" ", "Select the line", () => { const line = current(); if (!line || document.activeElement.matches("button, summary")) return false; return select(line); }, { group, shown: "Space" });
  keys.add("Escape", "Select nothing", () => { if (!selected().length) return false; unselect(); }, { group });
  commands.add({ text: "Copy the lines of this page", hint: "Log", act: () => copy(textsOf($$("#lines .line")).join("\n"), null, "Lines copied") });

  // On wide screens the filters stand open beside the lines.
  const facets = () => { const box = $("#facets"); if (box && matchMedia("(min-width: 64rem)").matches) box.open = true; };
  document.addEventListener("htmx:afterSettle", () => { facets(); tell(); });
  facets();
})();
