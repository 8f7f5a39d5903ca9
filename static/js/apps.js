// The strip of an app's last hours: drag over it to choose a window. The two fields do the same without a pointer.
"use strict";
(() => {
  let anchor = null;
  const strip = () => document.getElementById("strip");
  const minuteAt = (svg, event) => {
    const frame = svg.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - frame.left) / frame.width));
    return share * Number(svg.dataset.count);
  };
  const stamp = (svg, step) => new Date((Number(svg.dataset.start) + Math.round(step * Number(svg.dataset.step)) * 60) * 1000).toISOString().slice(0, 16) + "Z";
  const draw = (svg, one, two) => {
    const brush = document.getElementById("brush");
    brush.setAttribute("x", String(Math.min(one, two)));
    brush.setAttribute("width", String(Math.abs(two - one)));
    const form = document.getElementById("window-form");
    form.elements.from.value = stamp(svg, Math.floor(Math.min(one, two)));
    form.elements.to.value = stamp(svg, Math.ceil(Math.max(one, two)));
    form.dataset.brushed = ""; // the strip is not redrawn under a choice
  };
  document.addEventListener("pointerdown", (event) => {
    const svg = event.target.closest && event.target.closest("#strip");
    if (!svg || event.button || !document.getElementById("window-form")) return;
    anchor = minuteAt(svg, event);
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  document.addEventListener("pointermove", (event) => {
    if (anchor !== null && strip()) draw(strip(), anchor, minuteAt(strip(), event));
  });
  // What is being chosen or typed is not redrawn under somebody's hands.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const part = event.target.closest && event.target.closest("#overview");
    if (part && event.target === part && (anchor !== null || part.querySelector("[data-brushed]") || part.contains(document.activeElement))) event.preventDefault();
  });
  document.addEventListener("pointerup", () => { anchor = null; });
  document.addEventListener("pointercancel", () => { anchor = null; });
})();
