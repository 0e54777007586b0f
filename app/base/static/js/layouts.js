// Arranging a layout: drag or arrows, and beside it what the chosen role would see. The server checks what is sent.
(function () {
  "use strict";
  var form = document.getElementById("layout-form");
  if (!form) { return; }
  var note = form.querySelector("[data-unsaved]");
  var said = form.querySelector("[data-said]");
  var panel = document.getElementById("layout-preview");
  var dirty = form.hasAttribute("data-dirty");
  var sending = false;
  var waiting = null;
  var latest = 0;

  function all(selector, root) { return Array.from((root || form).querySelectorAll(selector)); }
  function fill(text, values) { return text.replace(/%\((\w+)\)s/g, function (_all, name) { return values[name]; }); }
  function say(text) { said.textContent = text; }

  // What is sent ------------------------------------------------------------------------------------------------
  function names(list) { return all("[data-field]", list).map(function (item) { return item.dataset.field; }); }
  function written(root, key) { var input = root.querySelector("[data-title=" + key + "]"); return input ? input.value.trim() : ""; }
  function section(item) {
    return {
      of: item.dataset.of, zh: written(item, "zh"), en: written(item, "en"),
      columns: Number(item.querySelector("[data-columns]").value),
      collapsed: item.querySelector("[data-collapsed]").checked,
      tab: item.querySelector("[data-on-tab]").value,
      fields: names(item.querySelector("[data-fields]"))
    };
  }
  function tab(item) {
    var own = item.hasAttribute("data-own");
    var made = { name: item.dataset.tabItem };
    if (own) { made.own = true; made.zh = written(item, "zh"); made.en = written(item, "en"); }
    return made;
  }
  function collect() {
    var sections = form.querySelector("[data-sections]");
    if (sections) {
      form.elements.document.value = JSON.stringify({
        sections: all("[data-section]", sections).map(section).filter(function (one) { return one.fields.length || !one.of; }),
        hidden: names(form.querySelector("[data-pool]")),
        tabs: all("[data-tab-item]").map(tab),
        hidden_tabs: all("[data-tab-item].is-off").map(function (item) { return item.dataset.tabItem; })
      });
      return;
    }
    all("input[name=column]").forEach(function (old) { old.remove(); });
    names(form.querySelector("[data-column-list]")).forEach(function (name) {
      var input = document.createElement("input");
      input.type = "hidden"; input.name = "column"; input.value = name;
      form.append(input);
    });
  }

  // The preview -------------------------------------------------------------------------------------------------
  function look() {
    var mine = ++latest;
    collect();
    var given = new FormData(form);
    document.querySelectorAll("[data-wish]").forEach(function (wish) { given.set(wish.name, wish.value); });
    panel.setAttribute("aria-busy", "true");
    fetch(form.dataset.previewUrl, { method: "POST", body: given, credentials: "same-origin" })
      .then(function (answer) { return answer.text(); })
      .then(function (text) {
        if (mine !== latest || /^\s*<!doctype/i.test(text)) { return; }
        panel.innerHTML = text;
        panel.removeAttribute("aria-busy");
        window.htmx.process(panel);
        window.htmx.trigger(panel, "htmx:load", { elt: panel });
      });
  }
  function changed() {
    dirty = true;
    note.hidden = false;
    window.clearTimeout(waiting);
    waiting = window.setTimeout(look, 250);
  }
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-wish]")) {
      // records belong to a role and a type
      var record = document.querySelector("[data-wish][name=record]");
      if (record && event.target !== record && event.target.name !== "on") { record.value = ""; }
      look();
    }
  });

  // Moving ------------------------------------------------------------------------------------------------------
  function where(list) {
    var item = list.closest("[data-section]");
    if (item) { return written(item, document.documentElement.lang.slice(0, 2)) || item.dataset.label || form.dataset.textOwn; }
    return list.getAttribute("aria-label") || "";
  }
  function tell(item) {
    var peers = Array.from(item.parentElement.children);
    say(fill(form.dataset.textMoved, {
      what: item.dataset.label, place: peers.indexOf(item) + 1, count: peers.length, where: where(item.parentElement)
    }));
  }
  function step(item, down) {
    var other = down ? item.nextElementSibling : item.previousElementSibling;
    if (other) {
      if (down) { other.after(item); } else { other.before(item); }
      return;
    }
    if (!item.hasAttribute("data-field")) { return; }
    var lists = all("[data-sections] [data-fields]");
    var next = lists[lists.indexOf(item.parentElement) + (down ? 1 : -1)];
    if (lists.indexOf(item.parentElement) < 0 || !next) { return; }
    if (down) { next.prepend(item); } else { next.append(item); }
  }
  function name(made, text) {
    var input = made.querySelector("[data-title=" + document.documentElement.lang.slice(0, 2) + "]");
    input.value = text;
    input.focus();
    input.select();
  }
  function home() {
    var lists = all("[data-sections] [data-fields], [data-column-list]");
    return lists[lists.length - 1];
  }
  function offerTabs() {
    var tabs = all("[data-tab-item][data-own]");
    form.classList.toggle("has-tabs", tabs.length > 0);
    all("[data-on-tab]").concat(Array.from(document.getElementById("new-section").content.querySelectorAll("[data-on-tab]"))).forEach(function (select) {
      var chosen = select.value;
      while (select.options.length > 1) { select.remove(1); }
      tabs.forEach(function (item) {
        var title = written(item, document.documentElement.lang.slice(0, 2)) || written(item, "zh") || written(item, "en") || form.dataset.textTab;
        select.add(new Option(title, item.dataset.tabItem, false, item.dataset.tabItem === chosen));
      });
    });
  }
  var acts = {
    "[data-move]": function (button, item) { step(item, button.dataset.move === "1"); tell(item); button.focus(); },
    "[data-hide]": function (_button, item) {
      var next = item.nextElementSibling || item.previousElementSibling;
      form.querySelector("[data-pool]").append(item);
      say(fill(form.dataset.textHidden, { what: item.dataset.label }));
      var focus = next && next.querySelector("[data-hide], [data-move]");
      if (focus) { focus.focus(); }
    },
    "[data-show]": function (_button, item) { home().append(item); tell(item); item.querySelector("[data-move]").focus(); },
    "[data-remove]": function (_button, item) {
      var pool = form.querySelector("[data-pool]");
      all("[data-field]", item).forEach(function (field) {
        if (field.querySelector("[data-hide]")) { pool.append(field); return; }
        var other = all("[data-section]").filter(function (one) { return one !== item; })[0];
        if (other) { other.querySelector("[data-fields]").append(field); }
      });
      if (!item.querySelector("[data-field]")) { item.remove(); }
    },
    "[data-remove-tab]": function (_button, item) { item.remove(); offerTabs(); },
    "[data-toggle-tab]": function (button, item) {
      var off = item.classList.toggle("is-off");
      button.setAttribute("aria-pressed", off ? "true" : "false");
    },
    "[data-add-section]": function () {
      var made = document.getElementById("new-section").content.firstElementChild.cloneNode(true);
      form.querySelector("[data-sections]").append(made);
      name(made, form.dataset.textOwn);
      prepare();
    },
    "[data-add-tab]": function () {
      var taken = all("[data-tab-item]").map(function (item) { return item.dataset.tabItem; });
      var number = 1;
      while (taken.indexOf("t" + number) >= 0) { number += 1; }
      var made = document.getElementById("new-tab").content.firstElementChild.cloneNode(true);
      made.dataset.tabItem = "t" + number;
      form.querySelector("[data-tabs-list]").append(made);
      name(made, form.dataset.textTab);
      offerTabs();
    }
  };
  form.addEventListener("click", function (event) {
    Object.keys(acts).some(function (selector) {
      var button = event.target.closest(selector);
      if (!button || !form.contains(button)) { return false; }
      acts[selector](button, button.closest("[data-field], [data-tab-item], [data-section]"));
      changed();
      return true;
    });
  });
  form.addEventListener("input", function (event) {
    if (event.target.closest("[data-tab-item]")) { offerTabs(); }
    changed();
  });
  form.addEventListener("change", changed);

  function sortable(list, options) {
    if (!window.Sortable || list.dataset.ready) { return; }
    list.dataset.ready = "1";
    window.Sortable.create(list, Object.assign({ animation: 120, onEnd: changed }, options));
  }
  function allowed(to, _from, item) { return !to.el.hasAttribute("data-pool") || Boolean(item.querySelector("[data-hide]")); }
  function prepare() {
    all("[data-fields]").forEach(function (list) {
      sortable(list, { handle: ".app-grip", group: { name: "fields", put: allowed } });
    });
    all("[data-sections]").forEach(function (list) { sortable(list, { handle: "[data-section-grip]", draggable: "[data-section]" }); });
    all("[data-tabs-list]").forEach(function (list) { sortable(list, { handle: "[data-tab-grip]" }); });
  }

  form.addEventListener("submit", function () { collect(); sending = true; });
  window.addEventListener("beforeunload", function (event) { if (dirty && !sending) { event.preventDefault(); } });
  document.querySelector("[data-target-form] [type=submit]").hidden = true;
  document.querySelector("[data-target-form]").addEventListener("change", function (event) { event.currentTarget.requestSubmit(); });
  var refused = document.getElementById("layout-refused");
  if (refused) { refused.focus(); }
  if (dirty) { note.hidden = false; }
  if (form.querySelector("[data-sections]")) { offerTabs(); }
  prepare();
  look();
})();
