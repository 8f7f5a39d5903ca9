// Charts from JSON, in step: one crosshair, one window, the same marks on all of them. Tables beside them say the same.
"use strict";
(() => {
  if (!window.uPlot || !window.triage.window) return;
  const { marks, window: page } = window.triage;
  const { colour, clock } = marks;
  const shown = new Set();
  const zone = () => document.documentElement.dataset.zone || "UTC";
  const duration = (ms) => (ms === null || ms === undefined ? "–" : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10000 && ms % 1000 ? 1 : 0)} s`);
  const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en-GB"));
  const megabytes = (value) => (value === null || value === undefined ? "–" : `${Math.round(value)} MB`);
  const plain = (value) => (value === null || value === undefined ? "–" : value.toFixed(2));
  const HEIGHT = { requests: 170, latency: 150, waits: 120, memory: 150, load: 120 };

  // -- what each chart draws -------------------------------------------------------------------------------------------------
  const cached = new WeakMap();
  const times = (data) => {
    if (!cached.has(data)) cached.set(data, Array.from({ length: data.steps }, (_, index) => data.start_s + index * data.step_s));
    return cached.get(data);
  };
  // A step that lies in a hole is unknown, not zero.
  const inGap = (data) => times(data).map((at) => data.gaps.some((gap) => gap.from_s <= at && gap.to_s >= at + data.step_s));
  const broken = (data, values) => { const holes = inGap(data); return values.map((value, index) => (holes[index] ? null : value)); };
  const bars = uPlot.paths.bars({ size: [0.92, Infinity], gap: 0, align: 1 });
  const area = (data, label, name, own, format = number) => ({
    label, fill: colour(name), stroke: colour(name), width: 0, paths: bars, points: { show: false }, value: (u, value, index, at) => (at === null ? "–" : format(own[at])),
  });
  const line = (label, name, width, format, extra = {}) => ({ label, stroke: colour(name), width, spanGaps: false, points: { show: false }, value: (u, value) => format(value), ...extra });
  const log10 = (u, low, high) => [10 ** Math.floor(Math.log10(Math.max(1, low || 10))), 10 ** Math.ceil(Math.log10(Math.max(1001, (high || 1000) * 1.05)))];

  const BUILD = {
    requests: (data) => {
      const { ok, refused, failed } = data.requests;
      if (!ok) return null;
      const upper = failed.map((value, index) => value + refused[index]), all = upper.map((value, index) => value + ok[index]);
      const codes = Object.entries(data.codes).filter(([, counts]) => counts.some(Boolean));
      const counts = codes.map(([code, values]) => ({ label: code, stroke: "transparent", show: true, paths: () => null, points: { show: false }, scale: "codes", value: (u, value, index, at) => (at === null ? "–" : number(values[at])) }));
      return {
        columns: [times(data), broken(data, all), broken(data, upper), broken(data, failed), ...codes.map(([, values]) => values)],
        series: [area(data, "Succeeded", "chart-2xx", ok), area(data, "Refused (4xx)", "chart-4xx", refused), area(data, "Failed", "chart-5xx", failed), ...counts],
        scales: { y: { range: (u, low, high) => [0, Math.max(4, (high || 0) * 1.05)] }, codes: { auto: false, range: [0, 1] } }, format: number, codes,
      };
    },
    latency: (data) => {
      const { p50, p95, p99 } = data.latency;
      if (!p50) return null;
      const positive = (values) => values.map((value) => (value === null ? null : Math.max(1, value)));
      return {
        columns: [times(data).map((at) => at + data.step_s / 2), positive(p50), positive(p95), positive(p99)],
        series: [line("p50", "low", 1.5, duration), line("p95", "high", 2, duration), line("p99", "urgent", 1.5, duration, { dash: [5, 3] })],
        levels: [500, 5000, 30000], scales: { y: { distr: 3, range: log10 } }, format: duration,
      };
    },
    waits: (data) => {
      const { own_ms: own, waited_ms: waited } = data.waits;
      if (!own) return null;
      const both = own.map((value, index) => (value === null ? null : value + waited[index]));
      return {
        columns: [times(data), both, own],
        series: [area(data, "Waiting", "chart-4xx", waited, duration), area(data, "Own time", "chart-2xx", own, duration)],
        scales: { y: { range: (u, low, high) => [0, Math.max(100, (high || 0) * 1.05)] } }, format: duration,
      };
    },
    memory: (data) => gauge(data, "memory_mb", megabytes, [...new Set(data.dynos.map((dyno) => dyno.quota_mb).filter(Boolean))]),
    load: (data) => gauge(data, "load_1m", plain, []),
  };
  const COLOURS = ["accent", "high", "ok", "urgent", "low", "normal"], DASHES = [[], [6, 3], [2, 3]];
  const SILENT_S = 180; // metrics come every 20 s: after this the line is broken
  const withHoles = (data, dyno, name) => {
    const at = [], values = [];
    dyno.at_s.forEach((moment, index) => {
      const before = at[at.length - 1];
      const silent = before !== undefined && moment - before > Math.max(SILENT_S, data.step_s * 3);
      const hole = before !== undefined && data.gaps.some((gap) => gap.to_s > before && gap.from_s < moment && gap.to_s - gap.from_s > 30);
      if ((silent || hole) && dyno.measured && moment - before > 2) { at.push(before + 1); values.push(null); }
      at.push(moment);
      values.push(dyno[name][index]);
    });
    return [at, values];
  };
  const gauge = (data, name, format, levels) => {
    const dynos = data.dynos.filter((dyno) => dyno[name].some((value) => value !== null)).slice(0, 12);
    if (!dynos.length) return null;
    const top = Math.max(0, ...levels);
    return {
      columns: uPlot.join(dynos.map((dyno) => withHoles(data, dyno, name)), dynos.map(() => [0, 2])),
      series: dynos.map((dyno, index) => line(dyno.name, COLOURS[index % COLOURS.length], 1.5, format, {
        dash: DASHES[Math.floor(index / COLOURS.length) % DASHES.length], points: { show: !dyno.measured, size: 5 },
      })),
      levels, scales: { y: { range: (u, low, high) => [0, Math.max((high || 0) * 1.1, top * 1.08, 0.5)] } }, format: (value) => (levels.includes(value) ? `quota ${format(value)}` : format(value)),
      codes: name === "memory_mb" ? overQuota(data) : [],
    };
  };
  // R14 and R15 above the memory, in the same steps as everything else.
  const overQuota = (data) => ["R14", "R15"].map((code) => {
    const counts = new Array(data.steps).fill(0);
    for (const dyno of data.dynos) for (const at of dyno.codes[code] || []) {
      const index = Math.floor((at - data.start_s) / data.step_s);
      if (index >= 0 && index < data.steps) counts[index] += 1;
    }
    return [code, counts];
  }).filter(([, counts]) => counts.some(Boolean));

  // -- drawing ---------------------------------------------------------------------------------------------------------------
  const span = (data) => page.now() || [data.start_s, data.start_s + data.steps * data.step_s];
  const options = (box, data, made) => {
    const stroke = colour("ink-2"), grid = { stroke: colour("rule"), width: 1 }, font = "12px Inter, system-ui, sans-serif";
    const codes = made.codes || [], name = box.dataset.plot, [min, max] = span(data);
    return {
      width: Math.max(200, box.clientWidth), height: HEIGHT[name] + marks.codeSpace(codes.length), padding: [marks.codeSpace(codes.length), 26, 0, 0],
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone()),
      cursor: {
        sync: { key: "incident", setSeries: false, scales: ["x", null] }, drag: { x: true, y: false, dist: 4 }, points: { size: 6 }, y: false,
        // A bar stands for its step, from its start on: not for the nearest start.
        dataIdx: (u, series, index, at) => (["requests", "waits"].includes(name) && index > 0 && u.data[0][index] > at ? index - 1 : index),
        bind: { dblclick: () => () => { page.whole(); return null; } },
      },
      legend: { live: true }, series: [{ label: `Time (${zone()})`, value: (u, at) => (at === null ? "–" : clock(at)) }, ...made.series],
      scales: { x: { time: true, auto: false, min, max }, ...made.scales },
      axes: [
        { stroke, grid, ticks: grid, font, size: 30, space: 76, values: (u, ticks) => ticks.map((tick) => clock(tick, ticks.length > 1 && ticks[1] - ticks[0] < 60)) },
        { stroke, grid: { ...grid, filter: (u, splits) => (name === "latency" ? splits.map((split) => (Number.isInteger(Math.log10(split)) ? split : null)) : splits) }, ticks: { ...grid, show: name !== "latency" }, font, size: 62, values: (u, ticks) => ticks.map((tick) => (tick === null ? "" : (name === "memory" ? megabytes : made.format)(tick))) },
      ],
      plugins: [marks.plugin(data, { levels: made.levels, format: made.format, codes, times: times(data), half: data.step_s / 2 })],
      hooks: { setSelect: [chosen] },
    };
  };
  const chosen = (u) => {
    if (u.select.width < 4) return;
    const from = u.posToVal(u.select.left, "x"), to = u.posToVal(u.select.left + u.select.width, "x");
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    page.go(from, to);
  };
  const draw = (box, data) => {
    const made = BUILD[box.dataset.plot](data);
    if (!made || !made.columns[0].length) { box.closest("figure").hidden = true; return; }
    box.replaceChildren();
    shown.add({ plot: new uPlot(options(box, data, made), made.columns, box), box, data });
  };
  const scaled = (window) => {
    for (const { plot, data } of shown) {
      const [min, max] = window || [data.start_s, data.start_s + data.steps * data.step_s];
      plot.setScale("x", { min, max });
    }
  };
  document.addEventListener("triage:window", (event) => scaled(event.detail));

  // -- by keyboard: read a chart, select a stretch -----------------------------------------------------------------------------
  const inside = (u) => u.data[0].map((at, index) => index).filter((index) => u.data[0][index] >= u.scales.x.min && u.data[0][index] <= u.scales.x.max);
  const read = (one, index) => {
    const { plot, data } = one, left = plot.valToPos(plot.data[0][index], "x"), told = marks.at(plot, data, left);
    plot.setCursor({ left, top: 0 });
    marks.tip(plot, told, left);
    const values = plot.series.slice(1).filter((series) => series.show).map((series, at) => `${series.label} ${series.value(plot, plot.data[at + 1][index], at + 1, index)}`);
    window.triage.announce([clock(plot.data[0][index]), ...values, ...told].join(", "));
    one.index = index;
  };
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest && event.target.closest("[data-plot]");
    const one = box && [...shown].find((candidate) => candidate.box === box);
    if (!one || event.ctrlKey || event.metaKey || event.altKey) return;
    const { plot, data } = one, steps = inside(plot), step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && steps.length) {
      const before = steps.includes(one.index) ? one.index : steps[step > 0 ? 0 : steps.length - 1] - step;
      const index = Math.min(steps[steps.length - 1], Math.max(steps[0], before + step));
      if (event.shiftKey && one.from === undefined) one.from = Math.max(steps[0], before);
      if (!event.shiftKey) one.from = undefined;
      read(one, index);
      const ends = one.from === undefined ? [0, 0] : [one.from, index].map((at) => plot.valToPos(plot.data[0][at], "x")).sort((a, b) => a - b);
      plot.setSelect({ left: ends[0], top: 0, width: ends[1] - ends[0], height: plot.over.clientHeight }, false);
    } else if (event.key === "Enter" && plot.select.width >= 4) { one.from = undefined; chosen(plot);
    } else if (event.key === "Escape") { one.from = undefined; plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false); marks.tip(plot, [], 0);
    } else if (event.key === "PageDown" || event.key === "PageUp") {
      const now = one.index === undefined ? -Infinity : plot.data[0][one.index], ahead = event.key === "PageDown";
      const found = (data.marks || []).filter((mark) => mark.at_s >= plot.scales.x.min && mark.at_s <= plot.scales.x.max && (ahead ? mark.at_s > now + data.step_s : mark.at_s < now));
      const mark = ahead ? found[0] : found[found.length - 1];
      if (mark) { const index = plot.valToIdx ? plot.valToIdx(mark.at_s) : steps.find((at) => plot.data[0][at] >= mark.at_s); if (index !== undefined) read(one, index); }
    } else return;
    event.preventDefault();
  });

  // -- loading -----------------------------------------------------------------------------------------------------------------
  const visible = (holder, data) => {
    for (const box of holder.querySelectorAll("[data-plot]")) if (!box.closest("details:not([open])") && box.clientWidth && !box.firstChild) draw(box, data);
  };
  const start = async (holder) => {
    if (holder.dataset.started) return;
    holder.dataset.started = "yes";
    for (const one of [...shown]) if (!one.box.isConnected) { one.plot.destroy(); shown.delete(one); }
    try {
      const answer = await fetch(holder.dataset.charts, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      if (data.start_s === null || data.start_s === undefined) return;
      visible(holder, data);
      for (const more of holder.querySelectorAll("details")) more.addEventListener("toggle", () => visible(holder, data));
    } catch {
      holder.classList.add("undrawn"); // the pictures of the server stay
    }
  };
  const redraw = () => {
    marks.forget();
    for (const one of [...shown]) {
      one.plot.destroy();
      shown.delete(one);
      if (one.box.isConnected) draw(one.box, one.data);
    }
  };
  const all = () => document.querySelectorAll("[data-charts]").forEach(start);
  document.addEventListener("htmx:load", all);
  document.addEventListener("htmx:oobAfterSwap", all);
  for (const name of ["triage:theme", "triage:zone"]) document.addEventListener(name, redraw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { for (const { plot, box } of shown) if (box.clientWidth) plot.setSize({ width: Math.max(200, box.clientWidth), height: plot.height }); }, 120);
  });
  all();
})();
