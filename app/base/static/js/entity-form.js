// The form of a record: which fields belong to it, work not yet saved, one send at a time.
(function () {
  "use strict";
  var form = document.getElementById("entity-form");
  if (!form) { return; }
  var note = form.querySelector("[data-unsaved]");
  var dirty = form.hasAttribute("data-dirty");
  var sending = false;

  function touch() {
    dirty = true;
    if (note) { note.hidden = false; }
  }
  if (dirty) { touch(); }
  form.addEventListener("input", touch);
  form.addEventListener("change", function (event) {
    if (event.isTrusted || event.target.tomselect) { touch(); }
  });
  window.addEventListener("beforeunload", function (event) {
    if (dirty && !sending) { event.preventDefault(); }
  });
  form.addEventListener("submit", function (event) {
    if (sending) { event.preventDefault(); return; }
    sending = true;
    window.setTimeout(function () {
      form.querySelectorAll("button[type=submit]").forEach(function (button) { button.disabled = true; });
    }, 0);
  });
  // Back from the next page by the browser's history: the form can be sent again.
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) { return; }
    sending = false;
    form.querySelectorAll("button[type=submit]").forEach(function (button) { button.disabled = false; });
  });

  // Sections and fields that depend on others -------------------------------------------------------------
  var watched = form.dataset.watched ? form.dataset.watched.split(" ") : [];
  var fixed = JSON.parse(form.dataset.fixed || "{}");
  var latest = 0;
  function enable(holder, on) {
    holder.querySelectorAll("input, select, textarea").forEach(function (input) {
      input.disabled = !on;
      if (input.tomselect) { if (on) { input.tomselect.enable(); } else { input.tomselect.disable(); } }
    });
  }
  function ask() {
    var mine = ++latest;
    var values = new URLSearchParams(fixed);
    var given = new FormData(form);
    watched.forEach(function (name) {
      var all = given.getAll(name);
      if (all.length) { values.set(name, all[all.length - 1]); }
    });
    if (form.dataset.shapedBy) {
      values.set(form.dataset.shapedBy, given.get(form.dataset.shapedBy) || form.dataset.shapedValue || "");
    }
    fetch(form.dataset.stateUrl + "?" + values.toString(), { credentials: "same-origin", headers: { Accept: "application/json" } })
      .then(function (answer) { return answer.json(); })
      .then(function (state) {
        if (mine !== latest) { return; }
        form.querySelectorAll("[data-section]").forEach(function (section) {
          var on = state.sections.indexOf(Number(section.dataset.section)) >= 0;
          section.hidden = !on;
          section.disabled = !on;
        });
        form.querySelectorAll("[data-field]:not([data-field=''])").forEach(function (field) {
          var on = state.fields.indexOf(field.dataset.field) >= 0;
          field.hidden = !on;
          enable(field, on);
        });
        Object.keys(state.choices || {}).forEach(function (name) {
          var box = form.querySelector("select[name='" + name + "']");
          if (!box) { return; }
          Array.prototype.forEach.call(box.options, function (option) {
            var fits = !option.value || state.choices[name].indexOf(option.value) >= 0;
            option.hidden = option.disabled = !fits;
          });
          if (box.selectedOptions.length && box.selectedOptions[0].disabled) {
            box.value = "";
            box.dispatchEvent(new Event("change", { bubbles: true }));
          }
        });
        form.querySelectorAll("[data-needed-when]").forEach(function (field) {
          var needed = field.hasAttribute("data-always") || state.required.indexOf(field.dataset.field) >= 0;
          var label = field.querySelector(".form-label");
          if (label) { label.classList.toggle("required", needed); }
          field.querySelectorAll("input:not([type=hidden]), select, textarea").forEach(function (input) {
            input.required = needed;
            input.setAttribute("aria-required", String(needed));
          });
        });
      });
  }
  // Another type has another arrangement: the server gives the form anew with what was typed; nothing is saved.
  function reshape() {
    var mine = ++latest;
    var given = new FormData(form);
    given.set("_shape", "1");
    fetch(window.location.href, { method: "POST", body: given, credentials: "same-origin" })
      .then(function (answer) { return answer.ok ? answer.text() : ""; })
      .then(function (text) {
        var made = new DOMParser().parseFromString(text, "text/html");
        var other = made.getElementById("form-sections");
        var mark = made.getElementById("entity-form");
        if (mine !== latest) { return; }
        if (!other) { ask(); return; }
        var old = document.getElementById("form-sections");
        other = document.importNode(other, true);
        old.replaceWith(other);
        watched = mark.dataset.watched ? mark.dataset.watched.split(" ") : [];
        fixed = JSON.parse(mark.dataset.fixed || "{}");
        form.dataset.shapedValue = mark.dataset.shapedValue || "";
        window.htmx.process(other);
        window.htmx.trigger(other, "htmx:load", { elt: other });
        var chosen = document.getElementById("field-" + form.dataset.shapedBy);
        if (chosen) { chosen.focus(); }
      });
  }
  form.addEventListener("change", function (event) {
    if (form.dataset.shapedBy && event.target.name === form.dataset.shapedBy) { reshape(); return; }
    if (watched.indexOf(event.target.name) >= 0) { ask(); }
  });

  // Errors: the summary is read first, its links go to the inputs.
  var summary = document.getElementById("form-summary");
  if (summary) {
    summary.focus();
    summary.addEventListener("click", function (event) {
      var link = event.target.closest("a");
      var input = link && document.getElementById(link.hash.slice(1));
      if (!input) { return; }
      event.preventDefault();
      if (input.tomselect) { input.tomselect.focus(); } else { input.focus(); }
      (input.closest("[data-field]") || input).scrollIntoView({ block: "center" });
    });
  } else {
    var first = form.querySelector(".form-field:not([hidden]) input:not([type=hidden]):not([disabled])");
    if (first && !first._flatpickr && !first.closest(".ts-wrapper") && window.innerWidth > 768) { first.focus(); }
  }
})();
