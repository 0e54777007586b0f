// The keys of the inbox, beside those of every list: a approves the current row, r refuses it, Enter opens it.
(function () {
  "use strict";
  function here() { return document.querySelector('#list-region [data-row][tabindex="0"]'); }
  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], .dropdown-menu, dialog")) { return; }
    if (document.querySelector(".modal.show, .offcanvas.show, dialog[open]")) { return; }
    var act = { a: "approve", r: "refuse" }[event.key];
    var row = here();
    if (!row) { return; }
    if (act) {
      var button = row.querySelector('[data-act="' + act + '"]');
      if (button) { event.preventDefault(); button.click(); }
    } else if (event.key === "Enter" && event.target === row) {
      event.preventDefault();
      window.location.assign(row.dataset.url);
    }
  });
  // A decision's dialog opens on its button: the comment is one Tab back.
  document.body.addEventListener("shown.bs.modal", function (event) {
    var first = event.target.querySelector("[data-first]");
    if (first) { first.focus(); }
  });
})();
