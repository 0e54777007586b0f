// The frame's behaviour: CSRF for htmx, toasts, dialogs, questions, the rail. No inline handlers anywhere.
(function () {
  "use strict";
  var body = document.body;
  var meta = document.querySelector('meta[name="csrf-token"]');
  var kit = window.tabler || {};
  var bootstrap = kit.bootstrap || window.bootstrap || kit;

  function remember(name, value) {
    document.cookie = name + "=" + encodeURIComponent(value) + ";path=/;max-age=31536000;samesite=lax" +
      (location.protocol === "https:" ? ";secure" : "");
  }

  // toasts -------------------------------------------------------------------------------------------------
  function show(toast) {
    var kind = toast.dataset.kind;
    var stays = kind === "danger" || kind === "warning";
    bootstrap.Toast.getOrCreateInstance(toast, { autohide: !stays, delay: 6000 }).show();
    toast.addEventListener("hidden.bs.toast", function () { toast.remove(); });
  }

  function toast(text, kind) {
    var made = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
    made.dataset.kind = kind || "info";
    made.classList.add("app-toast-" + made.dataset.kind);
    made.querySelector("[data-toast-text]").textContent = text;
    document.getElementById("toasts").append(made);
    show(made);
  }
  document.querySelectorAll("#toasts [data-toast]").forEach(show);
  body.addEventListener("toast", function (event) {
    toast(event.detail.text || event.detail.value, event.detail.kind);
  });

  // htmx ---------------------------------------------------------------------------------------------------
  body.addEventListener("htmx:configRequest", function (event) {
    if (event.detail.verb !== "get") { event.detail.headers["X-CSRFToken"] = meta.content; }
  });
  body.addEventListener("htmx:sendError", function () { toast(body.dataset.textOffline, "danger"); });

  // dialogs ------------------------------------------------------------------------------------------------
  var dialog = document.getElementById("dialog");
  var frame = document.getElementById("dialog-frame");
  body.addEventListener("htmx:beforeRequest", function (event) {
    var asker = event.detail.elt;
    if (event.detail.target && event.detail.target.id === "dialog-content" && !dialog.contains(asker)) {
      frame.classList.remove("modal-sm", "modal-lg", "modal-xl");
      if (asker.dataset.dialogSize) { frame.classList.add("modal-" + asker.dataset.dialogSize); }
    }
  });
  // Once htmx has taken charge of the new content: what is typed at once must not be missed.
  body.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.target.id === "dialog-content" && event.detail.target.firstElementChild) {
      var title = event.detail.target.querySelector(".modal-title");
      dialog.setAttribute("aria-label", title ? title.textContent.trim() : "");
      bootstrap.Modal.getOrCreateInstance(dialog).show();
    }
  });
  body.addEventListener("dialog:close", function () { bootstrap.Modal.getOrCreateInstance(dialog).hide(); });
  dialog.addEventListener("shown.bs.modal", function () {
    var first = dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea");
    if (first) { first.focus(); }
  });
  dialog.addEventListener("hidden.bs.modal", function () { document.getElementById("dialog-content").replaceChildren(); });

  // the question before an act: data-confirm on a form, hx-confirm on anything -------------------------------
  var question = document.getElementById("confirm");
  var yes = document.getElementById("confirm-yes");
  function ask(text, act) {
    document.getElementById("confirm-text").textContent = text;
    var modal = bootstrap.Modal.getOrCreateInstance(question);
    function agreed() { modal.hide(); act(); }
    yes.addEventListener("click", agreed, { once: true });
    question.addEventListener("hidden.bs.modal", function () { yes.removeEventListener("click", agreed); }, { once: true });
    question.addEventListener("shown.bs.modal", function () { yes.focus(); }, { once: true });
    modal.show();
  }
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.dataset.confirm || form.dataset.confirmed) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    var by = event.submitter;
    ask(form.dataset.confirm, function () {
      form.dataset.confirmed = "1";
      form.requestSubmit(by || undefined);
      delete form.dataset.confirmed;
    });
  }, true);
  body.addEventListener("htmx:confirm", function (event) {
    if (!event.detail.question) { return; }
    event.preventDefault();
    ask(event.detail.question, function () { event.detail.issueRequest(true); });
  });

  // rail ---------------------------------------------------------------------------------------------------
  var toggle = document.getElementById("rail-toggle");
  if (toggle) {
    toggle.addEventListener("click", function () {
      var collapsed = document.documentElement.classList.toggle("rail-collapsed");
      toggle.setAttribute("aria-expanded", String(!collapsed));
      remember("qiao_rail", collapsed ? "1" : "");
    });
    // On the click, which comes before the group opens or closes: its "toggle" event is late, and a reload would forget it.
    document.querySelectorAll(".rail-group > summary").forEach(function (summary) {
      summary.addEventListener("click", function () {
        var closed = Array.from(document.querySelectorAll(".rail-group"))
          .filter(function (group) { return group.open === (group === summary.parentElement); })
          .map(function (group) { return group.dataset.group; });
        remember("qiao_rail_closed", closed.join("."));
      });
    });
  }

  window.qiao = { toast: toast, ask: ask, remember: remember };
})();

/* A form with data-submit-on-change asks anew as soon as something else is chosen. */
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form) form.requestSubmit();
});
