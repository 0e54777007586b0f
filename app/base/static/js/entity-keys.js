// The keys of a list. One row is the current one: it can be reached with Tab, and the keys are about it.
(function () {
  "use strict";
  var body = document.body;
  var current = null;  // the id of the row

  function rows() { return Array.from(document.querySelectorAll("#list-region [data-row]")); }
  function remember(row) {
    rows().forEach(function (one) { one.tabIndex = one === row ? 0 : -1; });
    current = row.dataset.row;
  }
  function focus(row) {
    remember(row);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  function prepare() {
    var all = rows();
    if (!all.length) { return; }
    var kept = all.find(function (one) { return one.dataset.row === current; });
    all.forEach(function (one) { one.tabIndex = one === (kept || all[0]) ? 0 : -1; });
  }
  function here() {
    var all = rows();
    return all.find(function (one) { return one.dataset.row === current; }) || null;
  }
  function move(by) {
    if (window.qiao.panel && window.qiao.panel.isOpen()) { window.qiao.panel.step(by); return; }
    var all = rows();
    var at = all.indexOf(here());
    var next = at < 0 ? all[0] : all[at + by];
    if (next) { focus(next); }
  }
  function press(selector) {
    var found = document.querySelector(selector);
    if (found) { found.click(); }
    return Boolean(found);
  }
  function help() {
    var kit = window.tabler || {};
    var bootstrap = kit.bootstrap || window.bootstrap || kit;
    document.getElementById("dialog-content").replaceChildren(document.getElementById("list-keys").content.cloneNode(true));
    var dialog = document.getElementById("dialog");
    dialog.setAttribute("aria-label", dialog.querySelector(".modal-title").textContent);
    bootstrap.Modal.getOrCreateInstance(dialog).show();
  }
  var acts = {
    j: function () { move(1); return true; },
    k: function () { move(-1); return true; },
    x: function () { var box = here() && here().querySelector("[data-check]"); if (box) { box.click(); } return Boolean(box); },
    e: function () { var cell = here() && here().querySelector("[data-edit]"); if (cell) { window.qiao.editCell(cell); } return Boolean(cell); },
    o: function () { if (here() && here().dataset.url) { window.location.assign(here().dataset.url); } return true; },
    s: function () { var box = document.getElementById("list-q"); if (box) { box.focus(); box.select(); } return Boolean(box); },
    f: function () { return press("#filter-open"); },
    n: function () { return press(".page-actions [data-add]"); },
    "?": function () { help(); return true; }
  };

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], .ts-wrapper, .cell-box, .dropdown-menu, dialog")) { return; }
    if (document.querySelector(".modal.show, .offcanvas.show, dialog[open]")) { return; }
    var panel = window.qiao.panel;
    var row = event.target.matches("[data-row]") ? event.target : null;
    var done = false;
    if (event.key === "Escape" && panel && panel.isOpen()) { panel.close(); done = true; }
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && (row || (panel && panel.isOpen()))) { move(event.key === "ArrowDown" ? 1 : -1); done = true; }
    else if ((event.key === "Enter" || event.key === " ") && row && panel) { remember(row); panel.show(row); done = true; }
    else if (acts[event.key]) { done = acts[event.key](); }
    if (done) { event.preventDefault(); }
  });
  body.addEventListener("focusin", function (event) {
    var row = event.target.closest("#list-region [data-row]");
    if (row) { remember(row); }
  });
  body.addEventListener("click", function (event) {
    var row = event.target.closest("#list-region [data-row]");
    if (row) { remember(row); }
  });
  body.addEventListener("htmx:afterSettle", function (event) { if (event.detail.target && event.detail.target.id === "list-region") { prepare(); } });
  prepare();

  window.qiao.rows = { focus: focus, remember: remember };
})();
