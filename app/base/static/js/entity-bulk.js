// The dialog of a bulk edit: fields are added, left out, emptied.
(function () {
  "use strict";
  var body = document.body;
  function option(name) { return document.querySelector('[data-bulk-add] option[value="' + name + '"]'); }
  function hold(box) {
    box.closest("[data-bulk-field]").querySelectorAll(".form-field :is(input, select, textarea)").forEach(function (input) {
      input.disabled = box.checked;
      if (input.tomselect) { if (box.checked) { input.tomselect.disable(); } else { input.tomselect.enable(); } }
    });
  }
  body.addEventListener("htmx:afterSwap", function (event) {
    if (!event.detail.target || event.detail.target.id !== "bulk-inputs") { return; }
    var added = event.detail.target.querySelectorAll("[data-bulk-field]");
    var last = added[added.length - 1];
    var select = document.querySelector("[data-bulk-add]");
    added.forEach(function (one) { option(one.dataset.bulkField).disabled = true; });
    select.value = "";
    var input = last && last.querySelector(".form-field :is(input:not([type=hidden]), select, textarea)");
    if (input) { if (input.tomselect) { input.tomselect.focus(); } else { input.focus(); } }
  });
  body.addEventListener("htmx:afterSettle", function () { document.querySelectorAll("[data-bulk-empty]:checked").forEach(hold); });
  body.addEventListener("click", function (event) {
    var drop = event.target.closest("[data-bulk-drop]");
    if (!drop) { return; }
    var field = drop.closest("[data-bulk-field]");
    option(field.dataset.bulkField).disabled = false;
    field.remove();
    document.querySelector("[data-bulk-add]").focus();
  });
  body.addEventListener("change", function (event) { if (event.target.matches("[data-bulk-empty]")) { hold(event.target); } });
})();
