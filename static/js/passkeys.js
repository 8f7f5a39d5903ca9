// Says in words why a passkey could not be used; else only the console would hear of it.
"use strict";
(() => {
  const words = (problem) => {
    if (/^[\d.]+$|^\[/.test(location.hostname)) {
      const better = `http://localhost${location.port ? `:${location.port}` : ""}`;
      return `Passkeys belong to a host name, and this page was opened by its number. On this machine, open ${better} instead.`;
    }
    if (!window.isSecureContext) return "Passkeys work over https only.";
    if (problem === "NotAllowedError") return "No passkey was given, or it took too long. Try again, or go another way.";
    if (problem === "InvalidStateError") return "This device holds a key of this account already.";
    return "The passkey could not be used. Reload the page and try again.";
  };
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const heading = document.querySelector("main h1");
    const text = document.getElementById("passkey-problem") || document.createElement("p");
    text.id = "passkey-problem";
    text.className = "error-text";
    text.setAttribute("role", "alert");
    text.textContent = words(event.detail.exception && event.detail.exception.name);
    heading.after(text);
  });
})();
