// Everywhere: theme and zone switches, copying, toasts, dialogs, shortcuts. Pages work without any of it.
// A page's own scripts (loaded with `defer`, after this one) build on window.triage:
//   keys.add("e", "Next error", act, { group: "Log" })   one key, or "g x" for two in turn; `?` lists it, people can switch it off
//   commands.add({ text: "Copy as Markdown", act | href, hint: "log", words: "export" })   an entry of Ctrl-K; or a function(typed) → entries
//   toast("“Checkout” is archived.", { undo: act | "/address/to/POST/", seconds: 8 })   says it, and offers the way back
//   copy(text, button, said) · announce(text) to screen readers · post(url, fields) → fetch with the CSRF token · zone() · format(date, style)
//   events on document: "triage:zone" (detail: the zone), "triage:theme"
"use strict";
(() => {
  const root = document.documentElement;
  // Some browsers name a language that their own Intl refuses, and uPlot asks for it while it loads.
  try { new Intl.NumberFormat(navigator.language); } catch { Object.defineProperty(navigator, "language", { get: () => "en-GB" }); }
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  const remember = (name, value) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${name}=${encodeURIComponent(value)}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  };

  const make = (name, className = "", text = "") => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  };

  // -- toasts: they wait while somebody reads or reaches for them -----------------------------------------------------
  const fade = (box, seconds) => {
    let timer = 0;
    const start = () => { timer = setTimeout(() => box.remove(), seconds * 1000); };
    for (const name of ["pointerenter", "focusin"]) box.addEventListener(name, () => clearTimeout(timer));
    for (const name of ["pointerleave", "focusout"]) box.addEventListener(name, start);
    start();
  };
  const toast = (text, options = {}) => {
    const { seconds, undo } = typeof options === "number" ? { seconds: options } : options;
    const box = make("div", "toast");
    box.append(make("span", "grow", text));
    if (undo) {
      const button = make("button", "btn small", "Undo");
      button.type = "button";
      button.addEventListener("click", () => {
        box.remove();
        if (typeof undo === "function") undo();
        else submitTo(undo);
      });
      box.append(button);
    }
    $("#toasts").append(box);
    fade(box, seconds || (undo ? 12 : 4));
    return box;
  };
  const announce = (text) => { const region = $("#said"); if (region) region.textContent = text; };

  // -- sending ----------------------------------------------------------------------------------------------------------
  const token = () => {
    try { return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || ""; } catch { return ""; }
  };
  const post = (url, fields = {}) => fetch(url, {
    method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": token() }, body: new URLSearchParams(fields),
  });
  const submitTo = (url, fields = {}) => {
    const form = make("form");
    form.method = "post";
    form.action = url;
    for (const [name, value] of Object.entries({ csrfmiddlewaretoken: token(), ...fields })) {
      const field = make("input");
      Object.assign(field, { type: "hidden", name, value });
      form.append(field);
    }
    document.body.append(form);
    form.submit();
  };

  // -- copying ------------------------------------------------------------------------------------------------------
  const write = async (text) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea"); // plain http in a private network has no clipboard API
    area.value = text;
    area.className = "vh";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("refused");
  };
  const copy = async (text, button, said = "Copied") => {
    try {
      await write(text);
      toast(said, 2);
      if (button) {
        button.classList.add("done");
        setTimeout(() => button.classList.remove("done"), 1500);
      }
    } catch {
      toast("The browser refused to copy. Select the text and copy it by hand.");
    }
  };
  const textOf = (id) => {
    const from = document.getElementById(id);
    if (!from) return "";
    if ("value" in from) return from.value;
    return (from.content || from).textContent.trim();
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("button, a, summary");
    if (!target) return closeMenus(event.target);
    if (target.dataset.copy !== undefined) copy(target.dataset.copy, target);
    else if (target.dataset.copyFrom) copy(textOf(target.dataset.copyFrom), target);
    else if (target.dataset.copyLink !== undefined) copy(new URL(target.dataset.copyLink || location.href, location.href).href, target, "Link copied");
    else if (target.dataset.dismiss !== undefined) target.closest(".toast").remove();
    else if (target.dataset.open) open(target.dataset.open);
    else if (target.dataset.close !== undefined) target.closest("dialog").close();
    else if (target.dataset.print !== undefined) window.print();
    else if (target.dataset.zoneSwitch !== undefined) switchZone();
    closeMenus(event.target);
  });
  const closeMenus = (target) => {
    for (const menu of $$("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
  };

  const open = (id) => {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return;
    if (id === "help") listKeys();
    dialog.showModal();
  };
  for (const dialog of $$("dialog")) dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  // -- time zone: the server knows it by the cookie; a switch changes the page in place --------------------------------
  const ownZone = () => { try { return Intl.DateTimeFormat("en-GB").resolvedOptions().timeZone || "UTC"; } catch { return "UTC"; } };
  const parts = (at, zone) => {
    const format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
      second: "2-digit", weekday: "short", timeZoneName: "longOffset",
    });
    return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
  };
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const format = (at, style = "full", zone = root.dataset.zone || "UTC") => {
    const exact = typeof at === "string" ? at : at.toISOString();
    const p = parts(new Date(exact), zone);
    const offset = zone === "UTC" ? "Z" : ` ${p.timeZoneName.replace("GMT", "") || "+00:00"}`;
    const millis = (exact.match(/\.(\d{3})/) || ["", "000"])[1];
    const month = MONTHS[Number(p.month) - 1];
    switch (style) {
      case "day": return `${p.weekday} ${p.day} ${month} ${p.year}`;
      case "time": return `${p.hour}:${p.minute}:${p.second}${offset}`;
      case "ms": return `${p.hour}:${p.minute}:${p.second}.${millis}${offset}`;
      case "minute": return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}${offset}`;
      case "short": return `${p.day} ${month} ${p.hour}:${p.minute}${offset}`;
      default: return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}${offset}`;
    }
  };
  const switchZone = () => {
    const now = root.dataset.zone === "UTC" ? ownZone() : "UTC";
    if (now === root.dataset.zone) return toast("Your own zone is UTC.");
    root.dataset.zone = now;
    remember("zone", now);
    for (const time of $$("time[data-style]")) time.textContent = format(time.getAttribute("datetime"), time.dataset.style, now);
    for (const label of $$("[data-zone-label]")) label.textContent = now;
    document.dispatchEvent(new CustomEvent("triage:zone", { detail: now }));
    toast(`Times in ${now}`, 2);
  };

  // -- theme: without a round trip --------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button && button.name === "theme") {
      event.preventDefault();
      root.classList.remove("theme-light", "theme-dark");
      if (button.value !== "auto") root.classList.add(`theme-${button.value}`);
      remember("theme", button.value);
      for (const other of $$("button[name=theme]")) other.setAttribute("aria-pressed", String(other === button));
      document.dispatchEvent(new CustomEvent("triage:theme"));
    }
    if (event.target.dataset.confirm && !window.confirm(event.target.dataset.confirm)) event.preventDefault();
  });

  // -- shortcuts: single keys can be switched off -----------------------------------------------------------------------
  const bindings = new Map();
  const keys = {
    // `keys`: one key as the browser names it, or two with a space between. A later one replaces an earlier one.
    add: (pressed, text, act, { group = "This page", shown = pressed, listed = true } = {}) => bindings.set(pressed, { text, act, group, shown, listed }),
  };
  const box = $("#shortcuts-switch");
  if (box) box.addEventListener("change", () => {
    root.dataset.shortcuts = box.checked ? "on" : "off";
    remember("shortcuts", root.dataset.shortcuts);
  });
  const typing = (target) => target instanceof Element && target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  let pending = { key: "", at: 0 };
  document.addEventListener("keydown", (event) => {
    if (root.dataset.shortcuts === "off" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || $("dialog[open]") || event.key === "Shift") return;
    const before = Date.now() - pending.at < 1500 ? `${pending.key} ` : "";
    pending = { key: "", at: 0 };
    const found = bindings.get(before + event.key) || (before ? null : bindings.get(event.key));
    if (found) {
      if (found.act(event) !== false) event.preventDefault();
    } else if (!before && [...bindings.keys()].some((name) => name.startsWith(`${event.key} `))) {
      pending = { key: event.key, at: Date.now() };
      event.preventDefault();
    }
  });

  const items = () => $$("[data-item]").filter((item) => item.checkVisibility());
  let current = -1;
  const move = (step) => {
    const all = items();
    if (!all.length) return;
    const focused = document.activeElement && document.activeElement.closest("[data-item]");
    current = focused ? all.indexOf(focused) : current;
    current = Math.max(0, Math.min(all.length - 1, current + step));
    const stop = all[current].matches("a, button") ? all[current] : $("a, button, summary", all[current]);
    (stop || all[current]).focus({ preventScroll: true });
    all[current].scrollIntoView({ block: "nearest" });
  };
  let hovered = null;
  document.addEventListener("pointerover", (event) => { hovered = event.target.closest("[data-item]"); });
  const chosen = () => (document.activeElement && document.activeElement.closest("[data-item]")) || hovered;
  const linkOf = (item) => {
    const link = item && ($("[data-line-link]", item) || $(".no", item) || $("a[href]", item));
    return link ? link.href : location.href;
  };
  const click = (selector) => { const found = $(selector); if (found) found.click(); return Boolean(found); };

  keys.add("/", "Search on this page", () => { const field = $("[data-search]"); if (!field) return false; field.focus(); field.select(); }, { group: "Everywhere" });
  keys.add("t", "Times in UTC or in your own zone", () => switchZone(), { group: "Everywhere" });
  keys.add("l", "Copy the link to the line under the cursor or focus, else to this page", () => { copy(linkOf(chosen()), null, "Link copied"); }, { group: "Everywhere" });
  keys.add("?", "This list", () => open("help"), { group: "Everywhere" });
  keys.add("j", "Next line, entry or row", () => move(1), { group: "Lists", shown: "j" });
  keys.add("k", "The one before", () => move(-1), { group: "Lists" });
  keys.add("y", "Copy the text of that line", () => { const text = chosen() && $("bdi", chosen()); if (!text) return false; copy(text.dataset.raw || text.textContent, null, "Line copied"); }, { group: "Lists" });
  keys.add("[", "Previous page", () => click("a[rel=prev]"), { group: "Lists" });
  keys.add("]", "Next page", () => click("a[rel=next]"), { group: "Lists" });
  for (const link of $$(".nav a[data-key]")) keys.add(`g ${link.dataset.key}`, link.textContent.trim(), () => location.assign(link.href), { group: "Go to" });
  $$(".tabs a").forEach((tab, index) => {
    const go = () => { const now = $$(".tabs a")[index]; if (now) location.assign(now.href); };
    const name = tab.firstChild.textContent.trim();
    if (tab.dataset.go) keys.add(`g ${tab.dataset.go}`, name, go, { group: "This incident" });
    keys.add(String(index + 1), index ? name : "The tabs in turn", go, { group: "This incident", shown: "1 – 9", listed: !index });
  });

  if ($('.tabs [data-go="r"]')) keys.add("r", "The ticket", () => location.assign($('.tabs [data-go="r"]').href), { group: "This incident" });

  // The list of shortcuts is made from the registry when somebody asks for it, so it can't be wrong.
  const listKeys = () => {
    const groups = new Map();
    for (const binding of bindings.values()) {
      if (!binding.listed) continue;
      if (!groups.has(binding.group)) groups.set(binding.group, []);
      groups.get(binding.group).push(binding);
    }
    const order = ["Everywhere", "Go to", "Lists"];
    const rank = (name) => (order.includes(name) ? order.indexOf(name) : -1); // what belongs to the page comes first
    const sections = [...groups].sort((a, b) => rank(a[0]) - rank(b[0])).map(([group, list]) => {
      const section = make("section", "keys-group");
      const rows = make("dl", "keys");
      for (const { shown, text } of list) {
        const term = make("dt");
        for (const [index, key] of shown.split(" ").entries()) {
          if (index && key !== "–" && shown.split(" ")[index - 1] !== "–") term.append(" then ");
          term.append(key === "–" ? " – " : make("kbd", "", key));
        }
        rows.append(term, make("dd", "", text));
      }
      section.append(make("h3", "", group), rows);
      return section;
    });
    $("#keys").replaceChildren(...sections);
  };

  // -- commands: what Ctrl-K offers; palette.js shows them --------------------------------------------------------------
  const sources = [];
  const commands = {
    add: (entry) => sources.push(typeof entry === "function" ? entry : () => [entry]),
    all: (typed = "") => sources.flatMap((source) => source(typed) || []),
  };

  // -- long lines: wrapped or not, until the tab is closed ---------------------------------------------------------------
  const wrap = () => {
    const lines = $("#lines"), box = $("#wrap-switch");
    if (!lines || !box) return;
    box.checked = sessionStorage.getItem("wrap") !== "off";
    lines.classList.toggle("nowrap", !box.checked);
  };
  document.addEventListener("change", (event) => {
    if (event.target.id !== "wrap-switch") return;
    sessionStorage.setItem("wrap", event.target.checked ? "on" : "off");
    wrap();
  });
  document.addEventListener("htmx:afterSettle", wrap);
  wrap();

  // On a phone the tabs scroll by themselves; the current one must not hide.
  const tab = $(".tabs [aria-current]");
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.clientWidth) / 2;

  // A line that was linked to: shown once, then the page is yours.
  const here = $(".line.here");
  if (here && !location.hash) here.scrollIntoView({ block: "center" });

  for (const box of $$(".toast:not(:has(form))")) fade(box, 8);

  window.triage = { keys, commands, toast, copy, announce, post, submitTo, open, make, remember, format, zone: () => root.dataset.zone || "UTC", switchZone };
})();
