// The live tail: asks for what is new, follows the end while you are there, and never moves what you read.
"use strict";
(() => {
  const box = document.getElementById("tail-box");
  if (!box) return;
  const { keys, make, announce } = window.triage;
  const lines = document.getElementById("lines");
  const status = document.getElementById("tail-status");
  const paused = document.getElementById("tail-paused");
  const toggle = document.getElementById("tail-toggle");
  const pulse = document.getElementById("tail-pulse");
  const empty = document.getElementById("tail-empty");
  const MOST = Number(box.dataset.rows);
  const QUICK = 700, CALM = 2000, LONGEST = 30000;

  let cursor = box.dataset.cursor;
  let following = true;
  let waiting = []; // rows that came while paused
  let unseen = 0, left = 0; // how many came, and how many of them were left out
  let heard = Date.now(), changed = Date.now();
  let failures = 0, rate = 0, timer = 0, asking = false;

  // -- rows -----------------------------------------------------------------------------------------------------------
  const row = (data) => {
    const line = make("div", data.t ? `line ${data.t}` : "line");
    const link = make("a", "no");
    link.href = `${box.dataset.permalink}${data.s}.${data.n}/`;
    link.tabIndex = -1;
    link.append(make("span", "vh", "line "), data.n.toLocaleString("en-US"));
    const text = make("bdi", "tx");
    for (const [part, look] of data.p) text.append(look ? make("span", look, part) : part);
    if (data.more) text.append(make("span", "muted", ` … ${data.more.toLocaleString("en-US")} more`));
    line.append(link, text);
    return line;
  };
  const gap = (count) => make("p", "line-gap", `${count.toLocaleString("en-US")} lines came faster than they could be shown. The log has them.`);
  const show = (rows, skipped) => {
    const nodes = rows.map(row);
    if (skipped) nodes.unshift(gap(skipped));
    lines.append(...nodes);
    while (lines.childElementCount > MOST) lines.firstElementChild.remove();
    empty.hidden = lines.childElementCount > 0;
    toEnd();
  };
  let placed = 0; // where we scrolled to: what is less than it was done by somebody
  const toEnd = () => { box.scrollTop = box.scrollHeight; placed = box.scrollTop; };
  const atEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 12;

  // -- pause and resume -----------------------------------------------------------------------------------------------
  const pause = () => {
    if (!following) return;
    following = false;
    tell();
  };
  const resume = () => {
    if (following) return;
    following = true;
    const rows = waiting, skipped = left;
    waiting = []; unseen = 0; left = 0;
    show(rows, skipped);
    tell();
  };
  const tell = () => {
    toggle.lastElementChild.textContent = following ? "Pause (f)" : "Resume (f)";
    toggle.classList.toggle("primary", !following);
    paused.textContent = following ? "" : `Paused · ${unseen.toLocaleString("en-US")} new`;
  };
  toggle.addEventListener("click", () => (following ? pause() : resume()));
  keys.add("f", "Pause or follow", () => { if (following) pause(); else resume(); announce(following ? "Following" : "Paused"); }, { group: "Live tail" });
  box.addEventListener("scroll", () => {
    if (following && box.scrollTop < placed - 4 && !atEnd()) pause();
    else if (!following && atEnd() && unseen === 0) resume();
  }, { passive: true });
  document.addEventListener("selectionchange", () => {
    const chosen = document.getSelection();
    if (following && chosen && !chosen.isCollapsed && box.contains(chosen.anchorNode)) pause(); // what is marked must stay
  });

  // -- asking ---------------------------------------------------------------------------------------------------------
  const take = (data) => {
    rate = data.lines_per_s;
    cursor = data.cursor;
    if (data.rows.length) changed = Date.now();
    if (following) {
      if (data.rows.length || data.skipped) show(data.rows, data.skipped);
      return;
    }
    unseen += data.rows.length + data.skipped;
    left += data.skipped;
    waiting.push(...data.rows);
    if (waiting.length > MOST) left += waiting.splice(0, waiting.length - MOST).length;
    tell();
  };
  const ask = async () => {
    if (asking || document.hidden) return;
    asking = true;
    const began = Date.now();
    let pauseMs = began - changed > 30000 ? CALM : QUICK;
    try {
      const query = new URLSearchParams(location.search);
      query.set("after", cursor);
      const answer = await fetch(`${box.dataset.lines}?${query}`, { signal: AbortSignal.timeout(10000) });
      if (answer.status === 200) take(await answer.json());
      else if (answer.status === 204) { if (Date.now() - changed > 10000) rate = 0; }
      else if (answer.redirected || answer.status === 403 || answer.status === 404) return stop("You are signed out, or may no longer see this app. Reload the page.");
      else if (answer.status === 400) return stop("The filter can't be used.");
      else throw new Error(String(answer.status));
      if (answer.redirected) return stop("You are signed out. Reload the page.");
      heard = Date.now();
      pauseMs = Math.max(pauseMs, heard - began); // a server that is slow is asked less often
      failures = 0;
    } catch {
      failures += 1;
      pauseMs = Math.min(LONGEST, 1000 * 2 ** failures) * (0.75 + Math.random() / 2); // not all at once when the server is back
    } finally {
      asking = false;
    }
    clearTimeout(timer);
    timer = setTimeout(ask, pauseMs);
  };
  const stop = (why) => {
    clearInterval(clock);
    status.textContent = why;
    pulse.classList.remove("live");
  };
  const report = () => {
    const seconds = Math.round((Date.now() - heard) / 1000);
    const stale = failures > 1 || seconds > 12;
    pulse.className = stale ? "pulse sev-high" : "pulse live sev-ok";
    const speed = rate ? `${rate < 10 ? rate.toFixed(1) : Math.round(rate).toLocaleString("en-US")} lines/s` : "quiet";
    const text = stale ? `Updated ${seconds} s ago · reconnecting` : `Live · ${speed}`;
    if (status.textContent !== text) status.textContent = text;
  };
  const clock = setInterval(report, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { clearTimeout(timer); ask(); } });

  toEnd();
  tell();
  report();
  ask();
})();
