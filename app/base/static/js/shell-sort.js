// Lists one can put in order: by dragging the grip, or with the two arrows (keyboard, screen reader).
(function () {
  "use strict";
  function prepare(root) {
    root.querySelectorAll("[data-sortable]").forEach(function (list) {
      if (window.Sortable && !list.dataset.sortableReady) {
        list.dataset.sortableReady = "1";
        window.Sortable.create(list, { handle: "[data-sortable-grip]", animation: 120 });
      }
    });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-sortable-move]");
    if (!button) { return; }
    var item = button.closest("[data-sortable-item]");
    var down = button.dataset.sortableMove === "1";
    var other = down ? item.nextElementSibling : item.previousElementSibling;
    if (!other) { return; }
    if (down) { other.after(item); } else { other.before(item); }
    button.focus();
  });
  document.body.addEventListener("htmx:load", function (event) { prepare(event.detail.elt); });
  prepare(document);
})();
