// The token of a shared link stands in the fragment of the address: put it into the form, and out of the address bar.
"use strict";
(() => {
  const form = document.getElementById("share-form");
  const token = decodeURIComponent(location.hash.slice(1));
  if (!form || !token) return;
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = token;
  // A refusal is shown with the form: then a passphrase is due, or nothing helps.
  if (!document.querySelector('[role="alert"]')) form.requestSubmit();
})();
