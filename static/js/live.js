// Live parts (hx-trigger="every …"): how old they are, a button to pause them, and nothing that moves under the finger.
// What a poll brings is put in where nobody reads or points; else it is offered, and waits.
"use strict";
(() => {
  const { keys, announce, make } = window.triage;
  const bar = document.querySelector("[data-live]");
  const words = bar && bar.querySelector("[data-live-words]");
  const button = bar && bar.querySelector("[data-live-pause]");
  const isPoll = (element) => (element.getAttribute("hx-trigger") || "").startsWith("every");
  let isPaused = false;
  let isFailing = false;
  let updatedAt = Date.now();
  let stage = "";

  // -- what the bar says ------------------------------------------------------------------------------------------------
  const age = () => {
    const seconds = Math.round((Date.now() - updatedAt) / 1000);
    if (seconds < 60) return `${seconds} s ago`;
    return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
  };
  const isLive = () => document.querySelector("[hx-get][hx-trigger^=every]") !== null;
  const tell = () => {
    if (!bar) return;
    const live = isLive();
    bar.classList.toggle("paused", isPaused);
    bar.classList.toggle("failing", isFailing);
    bar.classList.toggle("ended", !live);
    button.hidden = !live;
    if (!live) words.textContent = "Up to date";
    else if (isPaused) words.textContent = `Paused · updated ${age()}`;
    else if (isFailing) words.textContent = `Updated ${age()} · reconnecting`;
    else words.textContent = Date.now() - updatedAt < 5000 ? "Live" : `Live · updated ${age()}`;
  };
  const pause = (now) => {
    isPaused = now;
    button.textContent = now ? "Resume" : "Pause";
    button.setAttribute("aria-pressed", String(now));
    announce(now ? "Updates are paused." : "Updates go on.");
    tell();
  };
  if (bar) {
    button.addEventListener("click", () => pause(!isPaused));
    keys.add("p", "Pause or resume updates", () => (isLive() ? pause(!isPaused) : false));
    setInterval(tell, 1000);
    tell();
  }
  document.addEventListener("visibilitychange", tell);

  // -- polls ------------------------------------------------------------------------------------------------------------
  document.addEventListener("htmx:beforeRequest", (event) => {
    // Nobody looks at a hidden tab; the next tick after its return asks again.
    if (isPoll(event.detail.elt) && (isPaused || document.hidden)) event.preventDefault();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isPoll(event.detail.elt)) return;
    isFailing = !event.detail.successful;
    if (!isFailing) updatedAt = Date.now();
    tell();
  });
  // Ticked rows and open menus would be lost with the rows: the next tick tries again.
  const isInUse = (element) => element.contains(document.activeElement) || element.querySelector(".pick:checked, details.menu[open]") !== null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const poll = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (poll && isPoll(poll) && poll.id !== "status" && isInUse(event.detail.target)) event.detail.shouldSwap = false;
  });

  // -- new results: put in where nobody reads, else offered -----------------------------------------------------------------
  let pointedAt = 0;
  document.addEventListener("pointermove", (event) => { if (event.target.closest?.("#overview")) pointedAt = Date.now(); }, { passive: true });
  const isRead = (part) => part.querySelector(".verdict") !== null && (window.scrollY > 60 || part.contains(document.activeElement) || Date.now() - pointedAt < 4000);
  const take = () => {
    const address = location.pathname + location.search;
    window.htmx.ajax("GET", address, { target: "#overview", select: "#overview", swap: "outerHTML" });
    document.querySelector("#offer")?.remove();
  };
  const offer = () => {
    if (document.querySelector("#offer")) return;
    const box = make("div", "offer no-print");
    box.id = "offer";
    const show = make("button", "btn primary small", "New results · show them");
    show.type = "button";
    show.addEventListener("click", take);
    box.append(show);
    document.body.append(box);
    announce("There are new results. A button at the end of the page shows them.");
  };
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const part = event.detail.target;
    if (!part || part.id !== "overview") return;
    if (isRead(part)) {
      event.detail.shouldSwap = false;
      offer();
    }
  });
  document.addEventListener("htmx:afterSettle", () => {
    const now = document.querySelector("#status")?.dataset.stage || "";
    if (stage && now && now !== stage) announce(now === "Done" ? "The log has been read." : now);
    if (now) stage = now;
    tell();
  });
})();
