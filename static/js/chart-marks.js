// What lies on all charts alike: the onset with its interval, releases and restarts, lost lines, levels, codes; and the tip
// that tells about them where the pointer or the keyboard is.
"use strict";
(() => {
  const names = ["ink", "ink-2", "ink-3", "rule", "rule-2", "surface", "accent", "urgent", "high", "normal", "low", "ok", "chart-2xx", "chart-4xx", "chart-5xx"];
  let palette = null;
  const colour = (name) => {
    if (!palette) {
      const probe = document.createElement("span");
      probe.className = "vh";
      // A colour in transition would be read as the one before it, also under reduced motion, where it takes a moment.
      probe.style.setProperty("transition", "none", "important");
      document.body.append(probe);
      palette = Object.fromEntries(names.map((one) => { probe.style.color = `var(--${one})`; return [one, getComputedStyle(probe).color]; }));
      probe.remove();
    }
    return palette[name];
  };
  const forget = () => { palette = null; };
  const clock = (at, withSeconds = true) => new Intl.DateTimeFormat("en-GB", {
    timeZone: document.documentElement.dataset.zone || "UTC", hourCycle: "h23", hour: "2-digit", minute: "2-digit", ...(withSeconds ? { second: "2-digit" } : {}),
  }).format(new Date(at * 1000));

  const LOOK = { onset: ["urgent", []], crash: ["urgent", [2, 3]], restart: ["high", [2, 3]], release: ["accent", [6, 4]], deploy: ["accent", [6, 4]], config: ["accent", [6, 4]], scale: ["accent", [6, 4]] };

  const hatch = (ctx, x, y, width, height) => {
    ctx.save();
    ctx.beginPath();
    ctx.rect(x, y, width, height);
    ctx.clip();
    ctx.strokeStyle = colour("rule-2");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    const step = 7 * devicePixelRatio;
    for (let at = x - height; at < x + width; at += step) {
      ctx.beginPath();
      ctx.moveTo(at, y + height);
      ctx.lineTo(at + height, y);
      ctx.stroke();
    }
    ctx.restore();
  };
  const upright = (ctx, x, top, height) => { ctx.beginPath(); ctx.moveTo(x, top); ctx.lineTo(x, top + height); ctx.stroke(); };

  // Behind the series: the interval of the onset, and holes.
  const under = (u, data) => {
    const { ctx, bbox } = u, px = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    if (data.onset && data.onset.high_s > data.onset.low_s) {
      const left = u.valToPos(data.onset.low_s, "x", true), right = u.valToPos(data.onset.high_s, "x", true);
      ctx.globalAlpha = 0.16;
      ctx.fillStyle = colour("urgent");
      ctx.fillRect(left, bbox.top, Math.max(2 * px, right - left), bbox.height);
      ctx.globalAlpha = 1;
    }
    for (const gap of data.gaps || []) {
      const left = u.valToPos(gap.from_s, "x", true), width = Math.max(4 * px, u.valToPos(gap.to_s, "x", true) - left);
      if (left < bbox.left + bbox.width && left + width > bbox.left) hatch(ctx, left, bbox.top, width, bbox.height);
    }
    ctx.restore();
  };
  // Before the series: marks with a flag on top, and dashed levels with their names.
  const over = (u, data, levels, format) => {
    const { ctx, bbox } = u, px = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left - 5 * px, bbox.top - 6 * px, bbox.width + 10 * px, bbox.height + 6 * px);
    ctx.clip();
    for (const mark of data.marks || []) {
      const x = Math.round(u.valToPos(mark.at_s, "x", true));
      if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
      const [name, dash] = LOOK[mark.kind] || LOOK.release;
      ctx.strokeStyle = ctx.fillStyle = colour(name);
      ctx.lineWidth = (mark.kind === "onset" ? 2 : 1.25) * px;
      ctx.setLineDash(dash.map((length) => length * px));
      upright(ctx, x, bbox.top, bbox.height);
      ctx.beginPath();
      ctx.moveTo(x - 4 * px, bbox.top - 6 * px);
      ctx.lineTo(x + 4 * px, bbox.top - 6 * px);
      ctx.lineTo(x, bbox.top + px);
      ctx.fill();
    }
    ctx.setLineDash([4 * px, 4 * px]);
    ctx.lineWidth = px;
    ctx.font = `${11 * px}px Inter, system-ui, sans-serif`;
    ctx.textAlign = "right";
    for (const level of levels) {
      const y = Math.round(u.valToPos(level, "y", true));
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      ctx.strokeStyle = colour("ink-3");
      ctx.fillStyle = colour("ink-2");
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.save();
      ctx.setLineDash([]);
      ctx.strokeStyle = colour("surface");
      ctx.lineWidth = 4 * px;
      ctx.lineJoin = "round";
      for (const write of ["strokeText", "fillText"]) ctx[write](format(level), bbox.left + bbox.width - 3 * px, y - 3 * px);
      ctx.restore();
    }
    ctx.restore();
  };

  // -- codes: a row of marks each, above the chart, larger where there are more --------------------------------------------
  const ROW = 13;
  const SHAPES = [
    (ctx, x, y, r) => ctx.arc(x, y, r, 0, 7),
    (ctx, x, y, r) => ctx.rect(x - r, y - r, 2 * r, 2 * r),
    (ctx, x, y, r) => { ctx.moveTo(x, y - r * 1.2); ctx.lineTo(x + r * 1.2, y + r); ctx.lineTo(x - r * 1.2, y + r); ctx.closePath(); },
    (ctx, x, y, r) => { ctx.moveTo(x, y - r * 1.3); ctx.lineTo(x + r * 1.3, y); ctx.lineTo(x, y + r * 1.3); ctx.lineTo(x - r * 1.3, y); ctx.closePath(); },
    (ctx, x, y, r) => { ctx.moveTo(x, y + r * 1.2); ctx.lineTo(x + r * 1.2, y - r); ctx.lineTo(x - r * 1.2, y - r); ctx.closePath(); },
    (ctx, x, y, r) => ctx.rect(x - r / 2, y - r * 1.3, r, r * 2.6),
  ];
  const codeColour = (code) => colour({ H: "urgent", R: "high" }[code[0]] || "normal");
  const codeRows = (u, codes, times, half) => {
    const { ctx, bbox } = u, px = devicePixelRatio, [low, high] = [u.scales.x.min, u.scales.x.max];
    ctx.save();
    ctx.font = `600 ${11 * px}px ui-monospace, Menlo, Consolas, monospace`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    codes.forEach(([code, counts], row) => {
      const y = bbox.top - (8 + (codes.length - row - 0.5) * ROW) * px, top = Math.max(...counts, 1);
      ctx.fillStyle = colour("ink-2");
      ctx.fillText(code, bbox.left - 8 * px, y);
      ctx.fillStyle = codeColour(code);
      ctx.beginPath();
      counts.forEach((count, index) => {
        const at = times[index] + half;
        if (!count || at < low || at > high) return;
        const x = u.valToPos(at, "x", true), r = (2 + 2.5 * Math.sqrt(count / top)) * px;
        ctx.moveTo(x + r, y);
        SHAPES[row % SHAPES.length](ctx, x, y, r);
      });
      ctx.fill();
    });
    ctx.restore();
  };

  // -- the tip ---------------------------------------------------------------------------------------------------------------
  const NEAR = 7;
  const at = (u, data, left) => {
    const told = [], value = u.posToVal(left, "x");
    for (const mark of data.marks || []) {
      if (Math.abs(u.valToPos(mark.at_s, "x") - left) <= NEAR) told.push(`${clock(mark.at_s)} ${mark.title}`);
    }
    const { onset } = data;
    if (onset && value >= onset.low_s && value <= onset.high_s && onset.high_s > onset.low_s) told.push(`It began between ${clock(onset.low_s)} and ${clock(onset.high_s)}`);
    for (const gap of data.gaps || []) {
      if (left >= u.valToPos(gap.from_s, "x") - 3 && left <= u.valToPos(gap.to_s, "x") + 3) told.push(`${gap.title}, ${clock(gap.from_s)} to ${clock(gap.to_s)}`);
    }
    return told;
  };
  const tip = (u, texts, left) => {
    let box = u.over.querySelector(".chart-tip");
    if (!box) {
      box = document.createElement("div");
      box.className = "chart-tip";
      u.over.append(box);
    }
    box.hidden = !texts.length;
    if (box.hidden) return;
    box.replaceChildren(...texts.slice(0, 4).map((text) => { const line = document.createElement("p"); line.textContent = text; return line; }));
    box.style.left = `${Math.max(0, Math.min(left + 10, u.over.clientWidth - box.offsetWidth))}px`;
  };

  const plugin = (data, { levels = [], format, codes = [], times = [], half = 0 }) => ({
    hooks: {
      drawClear: [(u) => under(u, data)],
      draw: [(u) => { over(u, data, levels, format); if (codes.length) codeRows(u, codes, times, half); }],
      setCursor: [(u) => tip(u, u.cursor.left >= 0 && u.over.matches(":hover") ? at(u, data, u.cursor.left) : [], u.cursor.left)],
    },
  });
  window.triage.marks = { plugin, at, tip, colour, forget, clock, codeSpace: (count) => (count ? 10 + count * ROW : 10) };
})();
