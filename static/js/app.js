// Everywhere: theme and zone switches, copying, toasts, dialogs, shortcuts, the palette. Pages work without any of it.
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

  // -- toasts -------------------------------------------------------------------------------------------------------
  const toast = (text, seconds = 4) => {
    const box = document.createElement("div");
    box.className = "toast";
    const words = document.createElement("span");
    words.className = "grow";
    words.textContent = text;
    box.append(words);
    $("#toasts").append(box);
    setTimeout(() => box.remove(), seconds * 1000);
  };
  window.triage = { toast };

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
    else if (target.id === "zone-switch") switchZone();
    closeMenus(event.target);
  });
  const closeMenus = (target) => {
    for (const menu of $$("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
  };

  const open = (id) => {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
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
  const written = (time, zone) => {
    const exact = time.getAttribute("datetime");
    const p = parts(new Date(exact), zone);
    const offset = zone === "UTC" ? "Z" : ` ${p.timeZoneName.replace("GMT", "") || "+00:00"}`;
    const millis = (exact.match(/\.(\d{3})/) || ["", "000"])[1];
    const month = MONTHS[Number(p.month) - 1];
    switch (time.dataset.style) {
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
    for (const time of $$("time[data-style]")) time.textContent = written(time, now);
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
  const box = $("#shortcuts-switch");
  if (box) box.addEventListener("change", () => {
    root.dataset.shortcuts = box.checked ? "on" : "off";
    remember("shortcuts", root.dataset.shortcuts);
  });
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  const items = () => $$("[data-item]").filter((item) => item.offsetParent !== null);
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
  const GO = { h: "/", n: "/new/", c: "/codes/" };
  let waiting = 0;
  const KEYS = {
    "/": () => { const field = $("[data-search]"); if (field) { field.focus(); field.select(); } },
    "?": () => open("help"),
    j: () => move(1),
    k: () => move(-1),
    t: switchZone,
    l: () => copy(linkOf(chosen()), null, "Link copied"),
    y: () => { const text = chosen() && $("bdi", chosen()); if (text) copy(text.dataset.raw || text.textContent, null, "Line copied"); },
    "[": () => follow("prev"),
    "]": () => follow("next"),
    g: () => { waiting = Date.now(); return true; },
  };
  const follow = (rel) => { const link = $(`a[rel=${rel}]`); if (link) link.click(); };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return showPalette();
    }
    if (root.dataset.shortcuts === "off" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if ($("dialog[open]")) return;
    if (Date.now() - waiting < 1200) {
      waiting = 0;
      const tab = $(`[data-go="${CSS.escape(event.key)}"]`);
      const address = tab ? tab.href : GO[event.key];
      if (address) { event.preventDefault(); location.assign(address); }
      return;
    }
    const act = KEYS[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // -- palette ----------------------------------------------------------------------------------------------------------
  const palette = $("#palette");
  const places = () => {
    const found = $$(".nav a, .tabs a").map((link) => ({ text: link.firstChild.textContent.trim(), href: link.href, hint: link.closest(".tabs") ? "this incident" : "" }));
    for (const link of $$("[data-item] h2 a, [data-item] th a")) found.push({ text: link.textContent.trim(), href: link.href, hint: "on this page" });
    return found;
  };
  const showPalette = () => {
    if (!palette || palette.open) return;
    const field = $("input", palette);
    field.value = "";
    list("");
    palette.showModal();
    field.focus();
  };
  const list = (typed) => {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
    const found = places().filter((place) => words.every((word) => place.text.toLowerCase().includes(word))).slice(0, 12);
    if (/^[hrl]\d\d$/i.test(typed.trim())) found.unshift({ text: `What ${typed.trim().toUpperCase()} means`, href: `/codes/${typed.trim().toUpperCase()}/`, hint: "codes" });
    const tab = $('.tabs [data-go="l"]');
    if (tab && typed.trim()) found.push({ text: `Search the log for “${typed.trim()}”`, href: `${tab.href.split("?")[0]}?q=${encodeURIComponent(typed.trim())}`, hint: "log" });
    $("ul", palette).replaceChildren(...found.map((place, index) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const hint = document.createElement("span");
      link.href = place.href;
      link.id = `place-${index}`;
      link.tabIndex = -1;
      link.setAttribute("role", "option");
      link.setAttribute("aria-selected", String(index === 0));
      link.append(place.text);
      hint.className = "hint";
      hint.textContent = place.hint;
      link.append(hint);
      item.setAttribute("role", "presentation");
      item.append(link);
      return item;
    }));
    $("input", palette).setAttribute("aria-activedescendant", found.length ? "place-0" : "");
  };
  if (palette) {
    palette.addEventListener("input", (event) => list(event.target.value));
    palette.addEventListener("keydown", (event) => {
      const all = $$("[role=option]", palette);
      const now = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
      if (event.key === "Enter") { event.preventDefault(); if (all[now]) location.assign(all[now].href); return; }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step || !all.length) return;
      event.preventDefault();
      const next = (now + step + all.length) % all.length;
      all.forEach((option, index) => option.setAttribute("aria-selected", String(index === next)));
      all[next].scrollIntoView({ block: "nearest" });
      $("input", palette).setAttribute("aria-activedescendant", all[next].id);
    });
  }

  // -- live parts say when they are stale ---------------------------------------------------------------------------------
  document.addEventListener("htmx:beforeRequest", (event) => {
    const isPoll = (event.detail.elt.getAttribute("hx-trigger") || "").startsWith("every");
    if (isPoll && document.hidden) event.preventDefault(); // nobody looks; the next tick asks again
  });
  let failing = 0;
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) failing = 0;
    else if (++failing === 3) toast("The server does not answer. The page keeps trying.", 6);
  });

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
})();
