// Charts from JSON, in step: one crosshair, one window, the same marks on all of them. Tables beside them say the same.
"use strict";
(() => {
  if (!window.uPlot) return;
  const css = (name) => {
    const probe = document.createElement("span");
    probe.className = "vh";
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const shown = new Set();
  const pad = (number) => String(number).padStart(2, "0");
  const zone = () => document.documentElement.dataset.zone || "UTC";
  const clock = (seconds, withSeconds = true) => {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone(), hourCycle: "h23", hour: "2-digit", minute: "2-digit", ...(withSeconds ? { second: "2-digit" } : {}) });
    return format.format(new Date(seconds * 1000));
  };
  const duration = (ms) => (ms === null || ms === undefined ? "–" : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10000 && ms % 1000 ? 1 : 0)} s`);

  // Releases and restarts as lines, gaps hatched, fixed levels dashed.
  const overlay = (data, levels = []) => ({
    hooks: {
      drawClear: [(u) => {
        const { ctx, bbox } = u;
        ctx.save();
        ctx.fillStyle = css("--rule");
        for (const [from, to] of data.gaps || []) {
          const left = u.valToPos(from, "x", true), right = u.valToPos(to, "x", true);
          ctx.fillRect(left, bbox.top, Math.max(2, right - left), bbox.height);
        }
        ctx.restore();
      }],
      draw: [(u) => {
        const { ctx, bbox } = u;
        ctx.save();
        ctx.beginPath();
        ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
        ctx.clip();
        const dash = 4 * devicePixelRatio;
        for (const mark of data.marks || []) {
          const x = Math.round(u.valToPos(mark.at_s, "x", true));
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          const strong = mark.kind === "onset";
          ctx.strokeStyle = css(strong ? "--urgent" : mark.kind === "crash" ? "--high" : "--accent");
          ctx.lineWidth = (strong ? 2 : 1) * devicePixelRatio;
          ctx.setLineDash(strong ? [] : [dash, dash]);
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
        }
        ctx.setLineDash([dash, dash]);
        ctx.lineWidth = devicePixelRatio;
        ctx.strokeStyle = css("--ink-3");
        for (const level of levels) {
          const y = Math.round(u.valToPos(level, "y", true));
          if (y < bbox.top || y > bbox.top + bbox.height) continue;
          ctx.beginPath();
          ctx.moveTo(bbox.left, y);
          ctx.lineTo(bbox.left + bbox.width, y);
          ctx.stroke();
        }
        ctx.restore();
      }],
    },
  });

  const axes = (format) => {
    const stroke = css("--ink-2"), grid = { stroke: css("--rule"), width: 1 }, font = "12px Inter, system-ui, sans-serif";
    return [
      { stroke, grid, ticks: grid, font, values: (u, ticks) => ticks.map((tick) => clock(tick, ticks.length > 1 && ticks[1] - ticks[0] < 60)) },
      { stroke, grid, ticks: grid, font, size: 58, values: (u, ticks) => ticks.map((tick) => (tick === null ? "" : format(tick))) },
    ];
  };
  const base = (box, data, { levels = [], format, series, scales = {} }) => ({
    width: Math.max(200, box.clientWidth), height: 190, tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone()),
    cursor: { sync: { key: "incident", setSeries: false }, drag: { x: true, y: false }, points: { size: 6 } },
    legend: { live: true }, scales: { x: { time: true, range: (u, low, high) => edges(u, data, low, high) }, ...scales }, axes: axes(format), plugins: [overlay(data, levels)],
    series: [{ label: `Time (${zone()})`, value: (u, at) => (at === null ? "–" : clock(at)) }, ...series],
    hooks: { setSelect: [(u) => selected(u)] },
  });
  // The first and last bars stand for whole steps, so the axis reaches half a step beyond them.
  const edges = (u, data, low, high) => {
    const half = data.step_minutes * 30, last = data.start_s + (data.steps - 1) * data.step_minutes * 60;
    return [low <= data.start_s ? Math.min(low, data.start_s - half) : low, high >= last ? Math.max(high, last + half) : high];
  };
  const times = (data) => Array.from({ length: data.steps }, (_, index) => data.start_s + index * data.step_minutes * 60);
  const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en-GB"));

  const BUILD = {
    requests: (box, data) => {
      const { ok, refused, failed } = data.requests;
      const upper = failed.map((value, index) => value + refused[index]);
      const all = upper.map((value, index) => value + ok[index]);
      const bars = uPlot.paths.bars({ size: [0.9, 60], gap: 0 });
      const paint = (label, colour, own) => ({ label, fill: css(colour), stroke: css(colour), width: 0, paths: bars, points: { show: false }, value: (u, value, index, at) => (at === null ? "–" : number(own[at])) });
      const series = [paint("Succeeded", "--chart-2xx", ok), paint("Refused (4xx)", "--chart-4xx", refused), paint("Failed", "--chart-5xx", failed)];
      return [base(box, data, { series, format: (value) => number(value), scales: { y: { range: (u, low, high) => [0, Math.max(4, high * 1.05)] } } }), [times(data), all, upper, failed]];
    },
    latency: (box, data) => {
      const line = (label, colour, width) => ({ label, stroke: css(colour), width, spanGaps: false, points: { show: false }, value: (u, value) => duration(value) });
      const series = [line("p50", "--low", 1.5), line("p95", "--high", 2), line("p99", "--urgent", 1.5)];
      const positive = (values) => values.map((value) => (value === null ? null : Math.max(1, value)));
      const { p50, p95, p99 } = data.latency;
      return [base(box, data, { series, levels: [500, 5000, 30000], format: duration, scales: { y: { distr: 3, range: (u, low, high) => [10 ** Math.floor(Math.log10(Math.max(1, low || 10))), 10 ** Math.ceil(Math.log10(Math.max(1001, (high || 1000) * 1.05)))] } } }), [times(data), positive(p50), positive(p95), positive(p99)]];
    },
    memory: (box, data) => gauge(box, data, "memory_mb", (value) => (value === null || value === undefined ? "–" : `${Math.round(value)} MB`), [...new Set(data.dynos.map((dyno) => dyno.quota_mb).filter(Boolean))]),
    load: (box, data) => gauge(box, data, "load_1m", (value) => (value === null || value === undefined ? "–" : value.toFixed(2)), []),
  };
  const COLOURS = ["--accent", "--high", "--ok", "--urgent", "--low", "--normal"];
  const gauge = (box, data, name, format, levels) => {
    const dynos = data.dynos.filter((dyno) => dyno[name].some((value) => value !== null)).slice(0, 12);
    if (!dynos.length) return null;
    const joined = uPlot.join(dynos.map((dyno) => [dyno.at_s, dyno[name]]), dynos.map(() => [0, 2]));
    const series = dynos.map((dyno, index) => ({ label: dyno.name, stroke: css(COLOURS[index % COLOURS.length]), width: 1.5, spanGaps: true, points: { show: false }, value: (u, value) => format(value) }));
    const top = Math.max(0, ...levels);
    return [base(box, data, { series, levels, format, scales: { y: { range: (u, low, high) => [0, Math.max(high * 1.1, top * 1.08, 0.5)] } } }), joined];
  };

  // -- one window for all -----------------------------------------------------------------------------------------------
  let current = null;
  const selected = (u) => {
    if (u.select.width < 4) return;
    const from = u.posToVal(u.select.left, "x"), to = u.posToVal(u.select.left + u.select.width, "x");
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    zoom(from, to);
  };
  const whole = () => {
    const all = [...shown].flatMap(({ plot }) => [plot.data[0][0], plot.data[0][plot.data[0].length - 1]]).filter((value) => value !== undefined);
    return [Math.min(...all), Math.max(...all)];
  };
  const zoom = (from, to) => {
    current = [from, to];
    for (const { plot } of shown) plot.setScale("x", { min: from, max: to });
    for (const box of document.querySelectorAll("[data-charts]")) {
      const [start, end] = [from, to].map((seconds) => new Date(seconds * 1000).toISOString().slice(0, 19));
      const link = box.querySelector("[data-range-log]"), reset = box.querySelector("[data-reset]");
      if (!link) continue;
      const isWhole = from <= whole()[0] && to >= whole()[1];
      link.href = `${box.dataset.logs}?${new URLSearchParams({ q: `after:${start} before:${end}` })}`;
      link.hidden = reset.hidden = isWhole;
      box.querySelector("#range-from").value = isWhole ? "" : start.slice(11);
      box.querySelector("#range-to").value = isWhole ? "" : end.slice(11);
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form.range");
    if (!form) return;
    event.preventDefault();
    const [low, high] = whole();
    const read = (field, otherwise) => {
      const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))?Z?$/.exec(field.value.trim());
      if (!match) return otherwise;
      const day = new Date(low * 1000).toISOString().slice(0, 10);
      const at = Date.parse(`${day}T${pad(match[1])}:${match[2]}:${match[3] || "00"}Z`) / 1000;
      return at < low - 3600 ? at + 86400 : at; // a log that runs over midnight
    };
    const from = read(form.querySelector("#range-from"), low), to = read(form.querySelector("#range-to"), high);
    if (from < to) zoom(from, to); else window.triage.toast("The window ends before it begins.");
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-reset]")) zoom(...whole());
  });

  const draw = (holder, box, data) => {
    const made = BUILD[box.dataset.plot](box, data);
    if (!made) { box.closest("figure").hidden = true; return; }
    const [options, columns] = made;
    if (!columns[0].length) return;
    box.replaceChildren();
    shown.add({ plot: new uPlot(options, columns, box), box, holder, data });
  };
  const start = async (holder) => {
    if (holder.dataset.started) return;
    holder.dataset.started = "yes";
    for (const one of [...shown]) if (!one.box.isConnected) { one.plot.destroy(); shown.delete(one); }
    try {
      const answer = await fetch(holder.dataset.charts, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      if (data.start_s === null) return;
      for (const box of holder.querySelectorAll("[data-plot]")) draw(holder, box, data);
      if (current) zoom(...current);
    } catch {
      for (const box of holder.querySelectorAll("[data-plot]")) box.textContent = "The chart could not be loaded; the table has its figures.";
    }
  };
  const redraw = () => {
    for (const one of [...shown]) {
      one.plot.destroy();
      shown.delete(one);
      if (one.box.isConnected) draw(one.holder, one.box, one.data);
    }
    if (current) zoom(...current);
  };
  const all = () => document.querySelectorAll("[data-charts]").forEach(start);
  document.addEventListener("htmx:load", all);
  document.addEventListener("htmx:oobAfterSwap", all);
  for (const name of ["triage:theme", "triage:zone"]) document.addEventListener(name, redraw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { for (const { plot, box } of shown) plot.setSize({ width: Math.max(200, box.clientWidth), height: 190 }); }, 120);
  });
  all();
})();
