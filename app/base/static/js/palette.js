// The search over everything: Ctrl-K or "/" opens it, arrows choose, Enter opens, Esc closes.
(function () {
  "use strict";
  var palette = document.getElementById("palette");
  if (!palette) { return; }
  var input = document.getElementById("palette-input");
  var results = document.getElementById("palette-results");
  var status = document.getElementById("palette-status");
  var waiting = false; // Enter was pressed before the answer came

  function options() { return Array.from(results.querySelectorAll("[role=option]")); }
  function chosen() { return results.querySelector("[role=option][aria-selected=true]"); }
  function list() { return document.getElementById("palette-list"); }
  function isAnswered() { return Boolean(list()) && list().dataset.asked === input.value.trim(); }

  function choose(option) {
    var before = chosen();
    if (before) { before.setAttribute("aria-selected", "false"); }
    if (!option) { input.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function open() {
    if (palette.open || document.querySelector(".modal.show")) { return; }
    palette.showModal();
    input.select();
    window.htmx.trigger(input, "palette");
  }

  function go(option) {
    palette.close();
    window.location.assign(option.href);
  }

  document.addEventListener("keydown", function (event) {
    var typing = event.target.closest && event.target.closest("input, textarea, select, [contenteditable]");
    var keys = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k";
    if (keys || (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey)) {
      event.preventDefault();
      open();
    }
  });
  document.querySelectorAll("[data-palette]").forEach(function (link) {
    link.addEventListener("click", function (event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) { return; }
      event.preventDefault();
      open();
    });
  });
  document.getElementById("palette-close").addEventListener("click", function () { palette.close(); });
  // a click beside the sheet lands on the dialog itself
  palette.addEventListener("click", function (event) { if (event.target === palette) { palette.close(); } });
  palette.addEventListener("close", function () { waiting = false; });
  results.addEventListener("click", function (event) {
    if (event.target.closest("[role=option]") && !event.ctrlKey && !event.metaKey && !event.shiftKey) { palette.close(); }
  });

  input.addEventListener("keydown", function (event) {
    if (event.isComposing) { return; } // the input method's own keys
    var all = options();
    var place = all.indexOf(chosen());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      var step = event.key === "ArrowDown" ? 1 : -1;
      if (all.length) { choose(all[(place + step + all.length) % all.length]); }
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!isAnswered()) { waiting = true; } else if (chosen()) { go(chosen()); }
    }
  });
  input.addEventListener("input", function () { waiting = false; });
  input.form.addEventListener("submit", function (event) { event.preventDefault(); });

  results.addEventListener("htmx:afterSwap", function () {
    var found = list();
    input.setAttribute("aria-expanded", String(options().length > 0));
    if (options().length) { input.setAttribute("aria-controls", "palette-list"); } else { input.removeAttribute("aria-controls"); }
    status.textContent = found ? found.dataset.said : "";
    results.scrollTop = 0;
    choose(input.value.trim() ? options()[0] : null);
    if (waiting && isAnswered()) {
      waiting = false;
      if (chosen()) { go(chosen()); }
    }
  });

  function failed() {
    var said = document.createElement("p");
    said.className = "palette-none text-danger";
    said.textContent = palette.dataset.textError;
    results.replaceChildren(said);
    status.textContent = palette.dataset.textError;
    choose(null);
  }
  input.addEventListener("htmx:responseError", failed);
  input.addEventListener("htmx:sendError", function (event) { event.stopPropagation(); failed(); });
})();
