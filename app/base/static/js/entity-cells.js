// Editing a field where it is shown. A holder is any element with data-cells (the address of the editor, with 0 for the
// record and - for the field) and data-record; its parts with data-edit open the editor, those with data-field are renewed.
(function () {
  "use strict";
  var body = document.body;
  var meta = document.querySelector('meta[name="csrf-token"]');
  var open = null;  // {cell, box, busy}
  var said = document.createElement("div");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  body.append(said);

  function holder(cell) { return cell.closest("[data-record]"); }
  function name(cell) { return cell.dataset.field || cell.querySelector("[data-field]").dataset.field; }
  function texts() { return document.querySelector("[data-cells]").dataset; }
  function address(cell) {
    var base = cell.closest("[data-cells]").dataset.cells;
    return base.replace("/0/", "/" + holder(cell).dataset.record + "/").replace(/-$/, encodeURIComponent(name(cell)));
  }
  function ask(url, options) {
    return fetch(url, Object.assign({ credentials: "same-origin", headers: { Accept: "application/json" } }, options))
      .then(function (answer) { return answer.json().then(function (said) { return { status: answer.status, said: said }; }); });
  }
  function fault() { window.qiao.toast(body.dataset.textOffline, "danger"); }

  // The same record may be shown twice: in the list and in the panel beside it.
  function renew(cell, cells, mark, version) {
    var base = cell.closest("[data-cells]").dataset.cells;
    var id = holder(cell).dataset.record;
    document.querySelectorAll('[data-record="' + id + '"]').forEach(function (place) {
      if (place.closest("[data-cells]").dataset.cells !== base) { return; }
      place.querySelectorAll("[data-field]").forEach(function (part) {
        var now = cells[part.dataset.field];
        if (!now) { return; }
        var inList = part.tagName === "TD";
        var html = inList ? now.list : now.short;
        if (part.dataset.shown === html || (!part.dataset.shown && part.innerHTML.trim() === html)) { return; }
        part.innerHTML = html;
        part.dataset.shown = html;
        if (inList) { part.className = now["class"]; }
        part.classList.add("is-saved");
      });
      if (place.tagName === "TR") {
        place.classList.toggle("row-danger", mark === "danger");
        place.classList.toggle("row-warning", mark === "warning");
      }
    });
    body.dispatchEvent(new CustomEvent("cell:saved", { detail: { record: id, version: version } }));
  }
  function shown(cell) {
    var id = holder(cell).dataset.record;
    var names = Array.from(document.querySelectorAll('[data-record="' + id + '"] [data-field]')).map(function (part) { return part.dataset.field; });
    return Array.from(new Set(names)).join(",");
  }

  function place() {
    if (!open || !open.box) { return; }
    var spot = open.cell.getBoundingClientRect();
    var box = open.box;
    var left = Math.max(8, Math.min(spot.left, window.innerWidth - box.offsetWidth - 8));
    var below = spot.top + box.offsetHeight + 8 < window.innerHeight;
    box.style.left = left + "px";
    box.style.top = Math.max(8, below ? spot.top - 4 : window.innerHeight - box.offsetHeight - 8) + "px";
    box.style.minWidth = Math.min(Math.max(spot.width, 240), window.innerWidth - 16) + "px";
  }
  function close(back) {
    if (!open) { return; }
    var last = open;
    open = null;
    last.cell.classList.remove("is-edited");
    last.cell.removeAttribute("aria-busy");
    if (last.box) { last.box.remove(); }
    if (back) {
      var row = last.cell.closest("[tabindex]") || last.cell.querySelector("[data-cell-open]");
      if (row) { row.focus({ preventScroll: true }); }
    }
  }
  function fill(html) {
    if (!open.box) {
      open.box = document.createElement("div");
      open.box.className = "cell-box";
      open.box.setAttribute("role", "dialog");
      open.box.setAttribute("aria-label", open.cell.dataset.label || "");
      body.append(open.box);
    }
    open.box.innerHTML = html;
    open.box.classList.toggle("is-wrong", Boolean(open.box.querySelector(".is-invalid, .cell-stale")));
    window.htmx.process(open.box);
    window.htmx.trigger(open.box, "htmx:load", { elt: open.box });
    place();
    var input = open.box.querySelector("[data-field] :is(input:not([type=hidden]), select, textarea)");
    if (!input) { return; }
    if (input.tomselect) { input.tomselect.focus(); } else { input.focus(); }
    if (input.select && input.type !== "checkbox") { input.select(); }
  }
  function edit(cell) {
    if (open && open.cell === cell) { return; }
    if (open) { save(cell); return; }
    var mine = open = { cell: cell, box: null, first: "" };
    cell.classList.add("is-edited");
    cell.setAttribute("aria-busy", "true");
    ask(address(cell)).then(function (answer) {
      if (open !== mine) { return; }
      cell.removeAttribute("aria-busy");
      if (!answer.said.editor) {
        close(true);
        window.qiao.toast(answer.said.refused || body.dataset.textOffline, "warning");
        return;
      }
      fill(answer.said.editor);
      mine.first = typed();
    }).catch(function () { if (open === mine) { close(true); } fault(); });
  }
  function typed() { return new URLSearchParams(new FormData(open.box.querySelector("form"))).toString(); }

  // Saves what was typed, then goes on to another cell, if one is named.
  function save(next) {
    if (!open || !open.box || open.busy || open.box.querySelector(".is-sending")) { return; }
    var mine = open;
    if (typed() === mine.first) { close(!next); if (next) { edit(next); } return; }
    var form = new FormData(mine.box.querySelector("form"));
    form.append("_shown", shown(mine.cell));
    mine.busy = true;
    mine.box.classList.add("is-busy");
    ask(address(mine.cell), { method: "POST", body: form, headers: { Accept: "application/json", "X-CSRFToken": meta.content } }).then(function (answer) {
      mine.busy = false;
      if (open !== mine) { return; }
      mine.box.classList.remove("is-busy");
      if (answer.said.cells) {
        var cell = mine.cell;
        close(!next);
        renew(cell, answer.said.cells, answer.said.mark, answer.said.version);
        if (answer.said.told) { window.qiao.toast(answer.said.told, "info"); } else { said.textContent = texts().textSaved; }
        if (next) { edit(next); }
      } else if (answer.said.editor) {
        fill(answer.said.editor);
      } else {
        window.qiao.toast(answer.said.refused || answer.said.error || body.dataset.textOffline, "warning");
      }
    }).catch(function () { mine.busy = false; mine.box.classList.remove("is-busy"); fault(); });
  }
  function neighbour(cell, step) {
    var all = Array.from(cell.closest("[data-cells]").querySelectorAll("[data-edit]")).filter(function (one) { return one.offsetParent !== null; });
    return all[all.indexOf(cell) + step] || null;
  }

  body.addEventListener("click", function (event) {
    var pencil = event.target.closest("[data-cell-open]");
    if (pencil) { event.preventDefault(); edit(pencil.closest("[data-edit]")); return; }
    if (event.target.closest("[data-cell-cancel]")) { close(true); return; }
    if (event.target.closest("[data-cell-theirs]")) {
      var cell = open.cell;
      close(true);
      ask(address(cell) + "?_shown=" + encodeURIComponent(shown(cell))).then(function (answer) {
        if (answer.said.cells) { renew(cell, answer.said.cells, answer.said.mark, answer.said.version); }
      }).catch(fault);
    }
  });
  body.addEventListener("dblclick", function (event) {
    var cell = event.target.closest("td[data-edit]");
    if (!cell || event.target.closest("a, button, input, .cell-box")) { return; }
    event.preventDefault();
    window.getSelection().removeAllRanges();
    edit(cell);
  });
  // Whoever clicks elsewhere has done with the cell: it is saved; what is wrong with it keeps it open.
  document.addEventListener("mousedown", function (event) {
    if (open && open.box && !event.target.closest(".cell-box, .flatpickr-calendar, .ts-dropdown, .toast")) {
      if (open.box.querySelector(".cell-stale")) { return; }
      save();
    }
  });
  document.addEventListener("submit", function (event) {
    if (event.target.matches(".cell-editor")) { event.preventDefault(); save(); }
  });
  document.addEventListener("keydown", function (event) {
    if (!open || !open.box || !event.target.closest(".cell-box")) { return; }
    if (event.isComposing || event.keyCode === 229) { return; }
    var list = event.target.closest(".ts-wrapper.dropdown-active");
    var calendar = document.querySelector(".flatpickr-calendar.open");
    if (event.key === "Escape") {
      if (list || calendar) { if (calendar) { open.box.querySelector("[data-date], [data-moment]")._flatpickr.close(); } return; }
      event.preventDefault();
      event.stopPropagation();
      close(true);
    } else if (event.key === "Enter" && (!event.target.matches("textarea") || event.ctrlKey || event.metaKey) && !event.target.matches("button")) {
      if (list && list.querySelector(".option.active")) { return; }
      event.preventDefault();
      event.stopPropagation();
      save();
    } else if (event.key === "Tab" && !event.altKey) {
      if (event.target.matches("button") || open.box.querySelector(".cell-stale")) { return; }
      var next = neighbour(open.cell, event.shiftKey ? -1 : 1);
      event.preventDefault();
      save(next);
    }
  }, true);
  window.addEventListener("scroll", place, true);
  window.addEventListener("resize", place);
  body.addEventListener("htmx:beforeSwap", function (event) {
    if (open && event.detail.target && event.detail.target.contains && event.detail.target.contains(open.cell)) { close(false); }
  });
  // The list is not exchanged under somebody who types in it.
  window.addEventListener("beforeunload", function (event) {
    if (open && open.box && typed() !== open.first) { event.preventDefault(); }
  });

  window.qiao.editCell = edit;
})();
