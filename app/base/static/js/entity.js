// Lists and records: fragments that come with an error, tidy addresses, chosen rows, open tabs.
(function () {
  "use strict";
  var body = document.body;
  var kit = window.tabler || {};
  var bootstrap = kit.bootstrap || window.bootstrap || kit;

  // An answer that says what is wrong is shown like any other.
  body.addEventListener("htmx:beforeSwap", function (event) {
    if ([400, 403, 409, 422].indexOf(event.detail.xhr.status) < 0) { return; }
    var target = event.detail.target;
    if (/^\s*<!doctype/i.test(event.detail.xhr.responseText)) { return; }
    if (target && (target.id === "list-region" || target.id === "dialog-content")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });

  // Addresses carry only what was filled in.
  function isIdle(name, values) {
    var text = values.filter(function (value) { return String(value).trim() !== ""; });
    if (!text.length) { return true; }
    return name.slice(0, 3) === "op." && text[0] !== "empty" && text[0] !== "filled" && text[0] !== "equals";
  }
  body.addEventListener("htmx:configRequest", function (event) {
    var form = event.detail.elt;
    if (!form.matches || !form.matches("form[data-tidy]")) { return; }
    var given = new FormData(form);
    Array.from(new Set(given.keys())).forEach(function (name) {
      var values = given.getAll(name);
      var about = given.getAll("f." + name.slice(3)).join("").trim();
      if (isIdle(name, values) || (name.slice(0, 3) === "op." && values[0] === "equals" && !about)) {
        event.detail.parameters.delete ? event.detail.parameters.delete(name) : delete event.detail.parameters[name];
      }
    });
    var panel = document.getElementById("filter-panel");
    if (panel && panel.contains(form)) { bootstrap.Offcanvas.getOrCreateInstance(panel).hide(); }
  });
  // The filter form is fetched when it is opened, and again only for another list: what was typed stays.
  body.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.elt.id !== "filter-open") { return; }
    var held = document.getElementById("filter-body");
    var wanted = event.detail.elt.getAttribute("hx-get");
    if (held.dataset.of === wanted && held.firstElementChild) { event.preventDefault(); }
    held.dataset.of = wanted;
  });
  body.addEventListener("click", function (event) {
    var link = event.target.closest(".filter-foot a");
    var panel = document.getElementById("filter-panel");
    if (link && panel) { bootstrap.Offcanvas.getOrCreateInstance(panel).hide(); }
  });

  // Chosen rows ------------------------------------------------------------------------------------------
  var matching = null;  // ids behind “all matching”, when they are chosen

  function region() { return document.getElementById("list-region"); }
  function boxes() { return Array.from(document.querySelectorAll("#list-region [data-check]")); }
  function chosen() {
    return matching || boxes().filter(function (box) { return box.checked; }).map(function (box) { return box.value; });
  }
  function refresh() {
    var bar = document.getElementById("bulk");
    if (!bar) { return; }
    var ids = chosen();
    bar.hidden = !ids.length;
    bar.querySelector("[data-bulk-count]").textContent = region().dataset.textChosen.replace("{n}", ids.length.toLocaleString("en"));
    var all = document.querySelector("#list-region [data-check-all]");
    var on = boxes().filter(function (box) { return box.checked; }).length;
    all.checked = on > 0 && on === boxes().length;
    all.indeterminate = on > 0 && on < boxes().length;
    var more = bar.querySelector("[data-choose-matching]");
    if (more) { more.hidden = matching !== null || !all.checked; }
  }
  function tick(on) {
    boxes().forEach(function (box) { box.checked = on; });
  }
  body.addEventListener("change", function (event) {
    if (event.target.matches("[data-check-all]")) { matching = null; tick(event.target.checked); refresh(); }
    if (event.target.matches("[data-check]")) { matching = null; refresh(); }
  });
  body.addEventListener("click", function (event) {
    if (event.target.closest("[data-choose-none]")) { matching = null; tick(false); refresh(); }
    if (event.target.closest("[data-choose-matching]")) {
      region().classList.add("is-busy");
      fetch(region().dataset.idsUrl, { headers: { Accept: "application/json" }, credentials: "same-origin" })
        .then(function (answer) { return answer.json(); })
        .then(function (answer) {
          if (answer.error) { window.qiao.toast(answer.error, "warning"); return; }
          matching = answer.ids.map(String);
          refresh();
        })
        .catch(function () { window.qiao.toast(body.dataset.textOffline, "danger"); })
        .finally(function () { region().classList.remove("is-busy"); });
    }
    var act = event.target.closest("#bulk button[type=submit]");
    if (act) { act.form.dataset.confirm = act.dataset.confirmText || ""; }
  });
  function carry(form, ids) {
    form.querySelectorAll("input[type=hidden][name=ids]").forEach(function (old) { old.remove(); });
    ids.forEach(function (id) {
      var input = document.createElement("input");
      input.type = "hidden";
      input.name = "ids";
      input.value = id;
      form.append(input);
    });
  }
  document.addEventListener("submit", function (event) {
    if (event.target.id !== "bulk" || matching === null || event.defaultPrevented) { return; }
    tick(false);
    carry(event.target, matching);
  });
  // A dialog is asked for with the ids as far as an address holds them, and posts all of them.
  var ADDRESS_HOLDS = 400;
  body.addEventListener("htmx:configRequest", function (event) {
    if (!event.detail.elt.matches || !event.detail.elt.matches("[data-bulk-dialog]")) { return; }
    event.detail.parameters.ids = chosen().slice(0, ADDRESS_HOLDS).join(",");
    event.detail.parameters.number = String(chosen().length);
    var list = event.detail.elt.closest("form");
    var back = list && list.querySelector("input[name=next]");
    if (back) { event.detail.parameters.next = back.value; }
  });
  body.addEventListener("htmx:afterSwap", function (event) {
    if (!event.detail.target || event.detail.target.id !== "dialog-content") { return; }
    var form = event.detail.target.querySelector("form");
    if (form && form.querySelector("input[name=ids]") && chosen().length > ADDRESS_HOLDS) { carry(form, chosen()); }
  });
  body.addEventListener("htmx:afterSettle", function (event) {
    var target = event.detail.target || event.detail.elt;
    if (target.id === "list-region") { matching = null; refresh(); }
  });
  refresh();

  // The open tab is in sight, however many there are.
  var open = document.querySelector("[data-tabs] [aria-current]");
  if (open) { open.parentElement.scrollLeft = open.offsetLeft - open.parentElement.offsetLeft - 24; }

  // Tabs of a record ---------------------------------------------------------------------------------------
  body.addEventListener("htmx:beforeRequest", function (event) {
    var tab = event.detail.elt;
    if (!tab.matches || !tab.matches("[data-tabs] [data-tab]")) { return; }
    tab.closest("[data-tabs]").querySelectorAll("[aria-current]").forEach(function (old) { old.removeAttribute("aria-current"); });
    tab.setAttribute("aria-current", "page");
  });
})();
