// The ticket form: the box for Urgent shows only where it matters; a gap leads to its field; log lines don't wrap twice.
"use strict";
(() => {
  const form = document.getElementById("ticket-form");
  if (!form) return;
  const check = form.querySelector(".urgent-check");
  const show = () => { check.hidden = form.elements.priority.value !== "urgent"; };
  if (check) { form.addEventListener("change", show); show(); }
  document.addEventListener("click", (event) => {
    const over = event.target.closest("[data-over]");
    if (over) {
      event.preventDefault(); // with scripts the form is sent from here, and knows nothing of a button outside it
      document.getElementById("ticket-version").value = over.value;
      return form.requestSubmit();
    }
    const gap = event.target.closest('a.chip[href^="#f-"]');
    const field = gap && document.getElementById(gap.getAttribute("href").slice(1));
    if (!field) return;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
})();
