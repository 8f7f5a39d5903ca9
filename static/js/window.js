// The time window of the page: ?from=…&to=… in the address. Brushing a chart, typing times and keys all change the address;
// parts marked data-follow are then taken from the server's page for it. Without scripts the form and the links do the same.
//   triage.window.now() → [from, to] in seconds, or null for the whole incident · .log() → ends of the log · .go(from, to) · .whole()
//   event "triage:window" on document: the window has changed, or the page shows another one (detail: as now())
"use strict";
(() => {
  const { triage } = window;
  const bar = () => document.getElementById("window");
  const seconds = (name) => { const text = bar() && bar().dataset[name]; return text ? Number(text) : null; };
  const pair = (from, to) => (from === null || to === null ? null : [from, to]);
  const now = () => pair(seconds("fromS"), seconds("toS"));
  const log = () => pair(seconds("firstS"), seconds("lastS"));
  const tell = (detail) => document.dispatchEvent(new CustomEvent("triage:window", { detail }));

  const iso = (at) => new Date(at * 1000).toISOString();
  const written = (at) => {
    const text = iso(at), clock = text.slice(17, 19) === "00" ? text.slice(11, 16) : text.slice(11, 19);
    const ends = (log() || []).map((end) => iso(end).slice(0, 10));
    return ends.every((day) => day === text.slice(0, 10)) ? clock : `${text.slice(0, 10)}T${clock}Z`;
  };

  // -- the page follows ---------------------------------------------------------------------------------------------------
  let asked = null, shown = location.search;
  const take = (page) => {
    for (const fresh of page.querySelectorAll("[data-follow]")) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
      const node = document.adoptNode(fresh);
      old.replaceWith(node);
      if (window.htmx) window.htmx.process(node);
      if (focused) { const again = document.getElementById(focused); if (again) again.focus({ preventScroll: true }); }
    }
  };
  const load = async (search, push) => {
    if (asked) asked.abort();
    const mine = asked = new AbortController();
    const address = `${location.pathname}${search}`;
    if (push && search !== location.search) history.pushState({ triageWindow: true }, "", address);
    shown = search;
    try {
      const answer = await fetch(address, { credentials: "same-origin", cache: "no-store", signal: mine.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (mine.signal.aborted) return;
      take(new DOMParser().parseFromString(text, "text/html"));
      const label = document.querySelector("[data-window-label]"), problem = document.getElementById("window-problem");
      if (triage.announce && label && !problem) triage.announce(`The page shows ${label.textContent}`);
      tell(now());
    } catch (error) {
      if (error.name === "AbortError") return;
      triage.toast("The server did not answer; the figures are still those of the window before.", 6);
    }
  };
  const search = (changes) => {
    const query = new URLSearchParams(location.search);
    for (const name of ["from", "to", "lane"]) query.delete(name);
    for (const [name, value] of Object.entries(changes)) if (value) query.set(name, value);
    const text = query.toString().replaceAll("%3A", ":");
    return text ? `?${text}` : "";
  };
  const whole = () => { tell(null); load(search({}), true); };
  const go = (from, to) => {
    const ends = log();
    if (!ends) return;
    const low = Math.max(Math.floor(ends[0]), Math.floor(from)), high = Math.min(Math.ceil(ends[1]), Math.max(Math.ceil(to), Math.floor(from) + 1));
    if (low <= ends[0] && high >= ends[1]) return whole();
    if (high <= low) return;
    tell([low, high]); // charts need not wait for the server
    load(search({ from: written(low), to: written(high) }), true);
  };
  triage.window = { now, log, go, whole };

  window.addEventListener("popstate", (event) => {
    if (event.state && event.state.htmx) return; // htmx restores its own
    if (location.search !== shown) load(location.search, false);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-window]");
    if (!form) return;
    event.preventDefault();
    load(search(Object.fromEntries(new FormData(form))), true);
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-window-reset]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    whole();
  });
  // A live page replaced its parts by those of the whole incident.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target && event.detail.target.id === "overview" && location.search) load(location.search, false);
  });

  // -- keys -----------------------------------------------------------------------------------------------------------------
  const span = () => now() || log();
  const shift = (way) => {
    const current = now(), ends = log();
    if (!current || !ends) return triage.toast("The page shows the whole incident. Zoom in with = first.", 3);
    const width = current[1] - current[0];
    const low = Math.min(Math.max(current[0] + way * width, ends[0]), Math.max(ends[0], ends[1] - width));
    if (Math.abs(low - current[0]) >= 1) go(low, low + width);
  };
  const scale = (factor) => {
    const current = span();
    if (!current) return;
    const middle = (current[0] + current[1]) / 2, half = Math.max(2, (current[1] - current[0]) * factor / 2);
    go(middle - half, middle + half);
  };
  if (bar() && triage.keys) {
    const group = { group: "Time window" };
    triage.keys.add("[", "Earlier by one window", () => shift(-1), group);
    triage.keys.add("]", "Later by one window", () => shift(1), group);
    triage.keys.add("=", "Zoom in", () => scale(0.5), group);
    triage.keys.add("-", "Zoom out", () => scale(2), group);
    triage.keys.add("0", "The whole incident", whole, group);
  }
})();
