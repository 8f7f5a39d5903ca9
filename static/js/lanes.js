// Swimlanes: the bar under the pointer or the keyboard is told in words, with those it waited for and those who waited for it.
"use strict";
(() => {
  const holder = () => document.querySelector("[data-lanes]");
  const bars = (from = holder()) => (from ? [...from.querySelectorAll(".lane a[data-n]")] : []);
  const ahead = (bar) => (bar.dataset.behind || "").split(" ").filter(Boolean);
  let current = null;

  const told = (bar) => {
    const box = document.getElementById("lane-words");
    if (!box) return;
    const link = document.createElement("a");
    link.href = bar.href.baseVal;
    link.textContent = "Its line";
    box.replaceChildren(`${bar.querySelector("title").textContent}. `, link);
  };
  const look = (bar) => {
    if (bar === current) return;
    for (const one of bars()) one.classList.remove("here", "ahead", "waits");
    current = bar;
    holder().querySelector(".lanes").classList.toggle("looking", Boolean(bar));
    if (!bar) return;
    const mine = bar.dataset.n, before = new Set(ahead(bar));
    bar.classList.add("here");
    for (const one of bars()) {
      if (before.has(one.dataset.n)) one.classList.add("ahead");
      else if (ahead(one).includes(mine)) one.classList.add("waits");
    }
    told(bar);
  };
  document.addEventListener("pointerover", (event) => {
    const bar = event.target.closest && event.target.closest("[data-lanes] .lane a[data-n]");
    if (bar) look(bar);
  });
  document.addEventListener("focusin", (event) => {
    const bar = event.target.closest && event.target.closest("[data-lanes] .lane a[data-n]");
    if (bar) look(bar);
  });
  document.addEventListener("pointerout", (event) => {
    if (current && !current.contains(document.activeElement) && event.target.closest && event.target.closest(".lanes") && !(event.relatedTarget && event.relatedTarget.closest && event.relatedTarget.closest(".lanes"))) look(null);
  });
  document.addEventListener("keydown", (event) => {
    const lanes = event.target.closest && event.target.closest("[data-lanes] .lanes");
    if (!lanes || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key], across = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!along && !across) return;
    event.preventDefault();
    const now = event.target.closest("a[data-n]"), rows = [...lanes.querySelectorAll(".lane svg")].filter((row) => bars(row).length);
    if (!rows.length) return;
    if (!now) return bars(rows[0])[0].focus({ preventScroll: true });
    const row = rows.findIndex((one) => one.contains(now)), mine = bars(rows[row]);
    const next = along ? mine[mine.indexOf(now) + along] : nearest(bars(rows[row + across] || rows[row]), now);
    if (next) next.focus({ preventScroll: true });
  });
  const middle = (bar) => { const box = bar.getBoundingClientRect(); return box.left + box.width / 2; };
  const nearest = (candidates, to) => candidates.reduce((best, bar) => (best && Math.abs(middle(best) - middle(to)) <= Math.abs(middle(bar) - middle(to)) ? best : bar), null);
})();
