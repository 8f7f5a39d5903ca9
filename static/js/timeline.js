// The timeline: a key for the next note, Ctrl-Enter sends it, what was not saved gets the focus.
"use strict";
(() => {
  const quick = document.getElementById("quick-text");
  const again = document.getElementById("note-again");
  if (again) again.focus();
  else if (quick && quick.getAttribute("aria-invalid")) quick.focus();

  document.addEventListener("keydown", (event) => {
    const form = event.target.form;
    if (event.key !== "Enter" || event.target.tagName !== "TEXTAREA" || !form) return;
    // In the box for quick notes Enter adds, as in a chat; with Shift it begins another line.
    const sends = event.ctrlKey || event.metaKey || (event.target === quick && !event.shiftKey && !quick.value.includes("\n"));
    if (!sends || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  // A link to one entry of this page opens what it leads to.
  const open = () => {
    const entry = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (entry && entry.matches(".tl-entry")) entry.scrollIntoView({ block: "center" });
  };
  window.addEventListener("hashchange", open);
  open();

  const { keys } = window.triage || {};
  if (keys && quick) keys.add("a", "Add a note to the timeline", () => { quick.focus(); quick.scrollIntoView({ block: "center" }); }, { group: "Timeline" });
})();
