// The record at the side of its list: opened by a click on its row, moved by ↑ ↓, closed by Esc.
(function () {
  "use strict";
  var panel = document.getElementById("side-panel");
  if (!panel) { return; }
  var body = document.body;
  var inside = document.getElementById("side-panel-body");
  var open = null;  // the id of the record
  var latest = 0;
  var waiting = null;

  function rows() { return Array.from(document.querySelectorAll("#list-region [data-row]")); }
  function row(id) { return document.querySelector('#list-region [data-row="' + id + '"]'); }
  function mark() {
    var all = rows();
    all.forEach(function (one) {
      var mine = open !== null && one.dataset.row === open;
      one.classList.toggle("is-open", mine);
    });
    var at = all.findIndex(function (one) { return one.dataset.row === open; });
    panel.querySelector("[data-panel-step='-1']").disabled = at <= 0;
    panel.querySelector("[data-panel-step='1']").disabled = at < 0 || at === all.length - 1;
    panel.querySelector("[data-panel-place]").textContent = at < 0 ? "" : (at + 1) + " / " + all.length;
  }
  function content(html) {
    if (!/^\s*<!doctype/i.test(html)) { return html; }
    var main = new DOMParser().parseFromString(html, "text/html").getElementById("main");
    return main ? main.innerHTML : "";
  }
  function show(one, still) {
    if (!one || !one.dataset.url) { return; }
    var mine = ++latest;
    open = one.dataset.row;
    panel.querySelector("[data-panel-page]").href = one.dataset.url;
    panel.hidden = false;
    body.classList.add("has-panel");
    panel.classList.add("is-busy");
    mark();
    one.scrollIntoView({ block: "nearest" });
    fetch(one.dataset.url + (one.dataset.url.indexOf("?") < 0 ? "?" : "&") + "panel=1", { credentials: "same-origin", headers: { "HX-Request": "true" } })
      .then(function (answer) {
        if (answer.headers.get("HX-Redirect")) { window.location.assign(answer.headers.get("HX-Redirect")); return ""; }
        return answer.text();
      })
      .then(function (html) {
        if (mine !== latest) { return; }
        panel.classList.remove("is-busy");
        inside.innerHTML = content(html);
        window.htmx.process(inside);
        window.htmx.trigger(inside, "htmx:load", { elt: inside });
        inside.scrollTop = 0;
        var title = inside.querySelector("h1");
        panel.setAttribute("aria-label", title ? title.textContent.trim() : "");
        if (!still) { panel.focus({ preventScroll: true }); }
      })
      .catch(function () { panel.classList.remove("is-busy"); window.qiao.toast(body.dataset.textOffline, "danger"); });
  }
  function close() {
    if (open === null) { return; }
    var last = row(open);
    open = null;
    latest++;
    panel.hidden = true;
    body.classList.remove("has-panel");
    inside.replaceChildren();
    mark();
    if (last) { window.qiao.rows.focus(last); }
  }
  function step(by) {
    var all = rows();
    var at = all.findIndex(function (one) { return one.dataset.row === open; });
    if (at < 0 || !all[at + by]) { return; }
    window.qiao.rows.remember(all[at + by]);
    show(all[at + by], true);
  }

  body.addEventListener("click", function (event) {
    if (event.target.closest("[data-panel-close]")) { close(); return; }
    var button = event.target.closest("[data-panel-step]");
    if (button) { step(Number(button.dataset.panelStep)); return; }
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.defaultPrevented) { return; }
    var look = event.target.closest("#list-region [data-panel-open]");
    if (look) { event.preventDefault(); show(look.closest("[data-row]")); return; }
    var one = event.target.closest("#list-region [data-row]");
    if (!one || event.target.closest("a, button, input, label, .list-check, .exact") || String(window.getSelection())) { return; }
    // A second click makes it an edit of the cell.
    window.clearTimeout(waiting);
    if (event.detail > 1) { return; }
    waiting = window.setTimeout(function () { show(one); }, event.target.closest("[data-edit]") ? 260 : 0);
  });
  body.addEventListener("dblclick", function () { window.clearTimeout(waiting); });
  body.addEventListener("htmx:afterSettle", function (event) { if (event.detail.target && event.detail.target.id === "list-region") { mark(); } });
  mark();

  window.qiao.panel = { show: show, close: close, step: step, isOpen: function () { return open !== null; } };
})();
