// Sends files in numbered parts, several tries each, so that a cut connection costs one part. Without scripts the plain
// form does the same in one request.
"use strict";
(() => {
  const form = document.getElementById("upload-form");
  if (!form || !window.XMLHttpRequest) return;
  const drop = document.getElementById("drop");
  const input = document.getElementById("files");
  const list = document.getElementById("file-list");
  const send = document.getElementById("send");
  const PART = Number(form.dataset.partBytes);
  const MOST = Number(form.dataset.maxBytes);
  const MOST_FILES = Number(form.dataset.maxFiles);
  const TRIES = 5;
  const token = form.elements.csrfmiddlewaretoken.value;
  let files = [];
  let sending = false;

  const size = (bytes) => {
    const units = ["bytes", "kB", "MB", "GB"];
    let value = bytes, unit = 0;
    while (value >= 1024 && unit < 3) { value /= 1024; unit += 1; }
    return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
  };
  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    const known = document.querySelector(".drop use").getAttribute("href").split("#")[0];
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${known}#${name}`);
    svg.append(use);
    return svg;
  };

  // -- choosing -------------------------------------------------------------------------------------------------------
  const add = (chosen) => {
    if (sending) return;
    for (const file of chosen) {
      const known = files.some((one) => one.file.name === file.name && one.file.size === file.size && one.file.lastModified === file.lastModified);
      if (known) continue;
      if (files.length >= MOST_FILES) { window.triage.toast(`At most ${MOST_FILES} files at once. Add the others afterwards.`); break; }
      files.push(row(file));
    }
    show();
  };
  const row = (file) => {
    const box = element("div", "file-row");
    const name = element("span", "name");
    const isolated = element("bdi");
    isolated.textContent = file.name;
    name.append(isolated);
    const remove = element("button", "icon-btn quiet small");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove ${file.name}`);
    remove.append(icon("x"));
    const bar = element("progress");
    bar.max = 1;
    bar.value = 0;
    bar.hidden = true;
    bar.setAttribute("aria-label", `Sending ${file.name}`);
    const state = element("span", "state", file.size > MOST ? `Too large: ${size(file.size)}; at most ${size(MOST)} are taken.` : size(file.size));
    box.append(icon("file"), name, remove, bar, state);
    const one = { file, box, bar, state, remove, tooLarge: file.size > MOST };
    remove.addEventListener("click", () => { files = files.filter((other) => other !== one); show(); input.focus(); });
    return one;
  };
  const show = () => {
    list.replaceChildren(...files.map((one) => one.box));
    input.required = files.length === 0;
    const sendable = files.filter((one) => !one.tooLarge).length;
    send.querySelector("span").textContent = sendable > 1 ? `Read ${sendable} logs` : "Read the log";
  };
  input.addEventListener("change", () => { add(input.files); input.value = ""; });

  let depth = 0;
  const holdsFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragenter", (event) => { if (holdsFiles(event)) { depth += 1; drop.classList.add("over"); } });
  document.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (!depth) drop.classList.remove("over"); });
  document.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth = 0;
    drop.classList.remove("over");
    add(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (event.target.closest("input, textarea")) return;
    if (event.clipboardData.files.length) return add(event.clipboardData.files);
    const box = document.getElementById("paste-text");
    const text = event.clipboardData.getData("text/plain");
    if (!box || !text.trim()) return;
    event.preventDefault();
    box.value = text;
    box.focus();
  });

  // -- sending --------------------------------------------------------------------------------------------------------
  const ask = async (address, options) => {
    const answer = await fetch(address, { credentials: "same-origin", ...options, headers: { "X-CSRFToken": token, ...(options.headers || {}) } });
    let said = {};
    try { said = await answer.json(); } catch { /* a page instead of JSON: the status says enough */ }
    if (!answer.ok) throw Object.assign(new Error(said.error || `The server answered ${answer.status}.`), { status: answer.status });
    return said;
  };
  const digest = async (data) => {
    if (!window.crypto || !crypto.subtle) return "";
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const put = (address, data, sha256, onProgress) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (sha256) request.setRequestHeader("X-Part-SHA256", sha256);
    request.timeout = 120000;
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded));
    const fail = (message, status) => reject(Object.assign(new Error(message), { status }));
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve();
      let said = "";
      try { said = JSON.parse(request.responseText).error; } catch { /* not JSON */ }
      fail(said || `The server answered ${request.status}.`, request.status);
    });
    for (const name of ["error", "timeout", "abort"]) request.addEventListener(name, () => fail("The connection was cut.", 0));
    request.send(data);
  });
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const worthAnotherTry = (error) => !error.status || error.status >= 500 || error.status === 422 || error.status === 429;
  const patiently = async (act, one) => {
    for (let attempt = 1; ; attempt += 1) {
      try { return await act(); } catch (error) {
        if (attempt >= TRIES || !worthAnotherTry(error)) throw error;
        one.state.textContent = `${error.message} Trying again…`;
        await pause(Math.min(8000, 500 * 2 ** attempt));
      }
    }
  };
  // A key per file and tab: after a reload, choosing the same file again continues where it was cut.
  const keyOf = (file) => {
    const name = `upload:${file.name}:${file.size}:${file.lastModified}:${form.dataset.incident || ""}`;
    let key = sessionStorage.getItem(name);
    if (!key) {
      key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      sessionStorage.setItem(name, key);
    }
    return { key, forget: () => sessionStorage.removeItem(name) };
  };

  const sendOne = async (one, incident) => {
    const { file } = one;
    const { key, forget } = keyOf(file);
    one.remove.hidden = true;
    one.bar.hidden = false;
    const names = incident ? { incident } : { title: form.elements.title?.value || "", app_name: form.elements.app_name?.value || "" };
    const body = JSON.stringify({ name: file.name, size: file.size, key, ...names });
    const source = await patiently(() => ask(form.dataset.start, { method: "POST", body, headers: { "Content-Type": "application/json" } }), one);
    const base = `${form.dataset.start}${source.id}/`;
    if (source.state === "receiving") {
      const status = await patiently(() => ask(base, { method: "GET" }), one);
      const there = new Set(status.parts || []);
      const started = Date.now();
      const parts = Math.max(1, Math.ceil(file.size / PART));
      for (let number = 0; number < parts; number += 1) {
        const from = number * PART;
        const tell = (loaded) => {
          const sent = Math.min(file.size, from + loaded);
          const seconds = (Date.now() - started) / 1000;
          one.bar.value = file.size ? sent / file.size : 1;
          one.state.textContent = `${size(sent)} of ${size(file.size)}${seconds > 2 ? `, ${size(sent / seconds)}/s` : ""}`;
        };
        if (!there.has(number)) {
          const data = await file.slice(from, from + PART).arrayBuffer();
          const sha256 = await digest(data);
          await patiently(() => put(`${base}parts/${number}/`, data, sha256, tell), one);
        }
        tell(Math.min(PART, file.size - from));
      }
      await patiently(() => ask(`${base}finish/`, { method: "POST", body: new URLSearchParams() }), one);
    }
    forget();
    one.bar.value = 1;
    one.bar.classList.add("ok");
    one.state.textContent = "Sent. Reading…";
    return source;
  };

  const warn = (event) => event.preventDefault();
  form.addEventListener("submit", async (event) => {
    const sendable = files.filter((one) => !one.tooLarge);
    if (!files.length) return; // the browser says what is missing, or sends the plain form
    event.preventDefault();
    if (sending || !sendable.length) return;
    sending = true;
    send.disabled = true;
    window.addEventListener("beforeunload", warn);
    let incident = form.dataset.incident || "";
    let address = "";
    let failed = 0;
    for (const one of sendable) {
      try {
        const source = await sendOne(one, incident);
        incident = source.incident;
        address = source.url;
      } catch (error) {
        failed += 1;
        one.state.textContent = `${error.message} ${worthAnotherTry(error) ? "What has arrived is kept; send again to continue." : ""}`;
        one.remove.hidden = false;
      }
    }
    window.removeEventListener("beforeunload", warn);
    sending = false;
    send.disabled = false;
    if (address && !failed) location.assign(address);
    else if (address) {
      form.dataset.incident = incident;
      files = files.filter((one) => !one.bar.classList.contains("ok"));
      const link = element("a", "btn", "Open the incident with what has arrived");
      link.href = address;
      show();
      list.append(link);
    }
  });
})();
