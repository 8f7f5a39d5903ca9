// The ticket form: saves itself, leads from a gap to its field, offers both texts where two people wrote one field.
"use strict";
(() => {
  const form = document.getElementById("ticket-form");
  if (!form) return;
  const field = (key) => form.elements[key];

  const check = form.querySelector(".urgent-check");
  const show = () => {
    const box = form.querySelector(".urgent-check");
    if (box) box.hidden = form.elements.priority.value !== "urgent";
  };
  if (check) { form.addEventListener("change", show); show(); }

  // -- two people, one field: the choice stays with the person ------------------------------------------------------------
  const choose = (button) => {
    const difference = button.closest(".difference");
    const own = field(difference.dataset.key);
    const theirs = difference.querySelector(".theirs").textContent;
    document.getElementById(`was-${difference.dataset.key}`).value = difference.dataset.was;
    if (button.dataset.choose !== "mine" && own) {
      if (own.type === "checkbox") own.checked = theirs === "True";
      else own.value = button.dataset.choose === "both" ? `${theirs}\n${own.value}` : theirs;
    }
    form.requestSubmit();
  };

  // What others wrote is shown in the form, but never over a field in which somebody is typing right now: it stays as
  // it is, still says what it was made of, and the next save asks.
  const written = new Map();
  const remember = () => { for (const one of form.elements) if (one.name && !written.has(one)) written.set(one, one.value); };
  remember();
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== form) return;
    const cause = event.detail.requestConfig.triggeringEvent;
    if (cause && cause.target.id === "add-line") return event.preventDefault(); // a search is no edit
    for (const one of form.elements) written.set(one, one.value);
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const block = event.detail.target;
    if (!block.matches(".ticket-item")) return;
    const own = block.querySelector("input:not([type=hidden]), textarea, select");
    if (own && (own === document.activeElement || written.get(own) !== own.value)) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterSettle", remember);
  document.addEventListener("htmx:oobAfterSwap", show);

  // Forms beside this one name what they act on: what the page knows by now, not when it was loaded.
  document.addEventListener("submit", (event) => {
    const other = event.target;
    if (!other.id.startsWith("take-")) return;
    other.elements.version.value = document.getElementById("ticket-version").value;
    const was = document.getElementById(`was-${other.elements.key.value.split(":").pop()}`);
    if (was && other.elements.was) other.elements.was.value = was.value;
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose]");
    if (button) return choose(button);
    const gap = event.target.closest("[data-gap]");
    const target = gap && document.getElementById(gap.dataset.gap);
    if (!target) return;
    event.preventDefault();
    target.scrollIntoView({ block: "center" });
    target.focus({ preventScroll: true });
  });

  // -- words in the box for lines search the log ----------------------------------------------------------------------------
  let timer = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "add-line") return;
    clearTimeout(timer);
    const text = event.target.value.trim();
    const address = event.target.dataset.find;
    timer = setTimeout(() => {
      if (text && !/^[\d.,:–-]+$/.test(text)) htmx.ajax("GET", `${address}?q=${encodeURIComponent(text)}`, { target: "#found-lines", swap: "innerHTML" });
      else document.getElementById("found-lines").replaceChildren();
    }, 350);
  });

  // -- Ctrl-S saves -----------------------------------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      form.requestSubmit();
    }
  });
})();
