// Cards of a board are moved by dragging or by their menu: saved like a cell, and back where they were when refused.
(function () {
  "use strict";
  var board = document.querySelector("[data-board]");
  if (!board) { return; }
  var body = document.body;
  var meta = document.querySelector('meta[name="csrf-token"]');
  var said = document.createElement("div");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  body.append(said);

  function column(value) {
    return Array.from(board.querySelectorAll("[data-board-column]")).find(function (one) { return one.dataset.boardColumn === value; });
  }
  function count(one, by) {
    var place = one.querySelector("[data-board-count]");
    if (/^[\d,]+$/.test(place.textContent)) { place.textContent = (Number(place.textContent.replace(/,/g, "")) + by).toLocaleString("en"); }
  }
  function settle(card, value) {
    card.dataset.was = value;
    card.querySelectorAll("[data-board-to]").forEach(function (item) { item.hidden = item.dataset.boardTo === value; });
  }
  // The card stands in its new column already; `back` puts it where it was.
  function save(card, from, to, back) {
    var form = new FormData();
    form.append(board.dataset.by, to.dataset.boardColumn);
    form.append("_version", card.dataset.version);
    form.append("_was", card.dataset.was);
    form.append("_plain", "1");
    card.classList.add("is-busy");
    fetch(board.dataset.board.replace("/0/", "/" + card.dataset.row + "/"), {
      method: "POST", body: form, credentials: "same-origin", headers: { Accept: "application/json", "X-CSRFToken": meta.content }
    }).then(function (answer) { return answer.json(); }).then(function (answer) {
      card.classList.remove("is-busy");
      if (!answer.cells || answer.told) {
        back();
        window.qiao.toast(answer.told || answer.reason || answer.refused || answer.error || body.dataset.textOffline, "warning");
        return;
      }
      if (answer.version !== null) { card.dataset.version = answer.version; }
      settle(card, to.dataset.boardColumn);
      count(from, -1);
      count(to, 1);
      said.textContent = board.dataset.textMoved.replace("{name}", card.querySelector(".board-card-title").textContent)
        .replace("{column}", to.querySelector("[data-board-name]").textContent);
    }).catch(function () {
      card.classList.remove("is-busy");
      back();
      window.qiao.toast(body.dataset.textOffline, "danger");
    });
  }
  body.addEventListener("click", function (event) {
    var item = event.target.closest("[data-board-to]");
    if (!item) { return; }
    var card = item.closest(".board-card");
    var from = card.closest("[data-board-column]");
    var to = column(item.dataset.boardTo);
    if (!to) { return; }
    var next = card.nextElementSibling;
    var old = card.parentElement;
    to.querySelector("[data-board-list]").prepend(card);
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    card.querySelector("[data-bs-toggle]").focus();
    save(card, from, to, function () { old.insertBefore(card, next); card.querySelector("[data-bs-toggle]").focus(); });
  });
  // Changed in the panel: the card is of the new version.
  body.addEventListener("cell:saved", function (event) {
    var card = board.querySelector('[data-row="' + event.detail.record + '"]');
    if (card && event.detail.version) { card.dataset.version = event.detail.version; }
  });
  if (window.Sortable) {
    board.querySelectorAll("[data-board-list]").forEach(function (list) {
      window.Sortable.create(list, {
        group: "board", sort: false, draggable: ".board-card[data-movable]", filter: "a, button", preventOnFilter: false, animation: 120,
        delay: 180, delayOnTouchOnly: true, ghostClass: "is-ghost",
        onEnd: function (event) {
          if (event.from === event.to) { return; }
          var card = event.item;
          var at = event.from.querySelectorAll(".board-card")[event.oldDraggableIndex] || event.from.querySelector(".board-more");
          save(card, event.from.closest("[data-board-column]"), event.to.closest("[data-board-column]"), function () { event.from.insertBefore(card, at || null); });
        }
      });
    });
  }
})();
