// A private view opens nowhere but with its owner: the address says what it asks for, so that it can be sent on.
(function () {
  "use strict";
  function spell() {
    var held = document.querySelector("#list-region [data-spelled]");
    if (held && /[?&]view=\d/.test(location.search)) { history.replaceState(history.state, "", held.dataset.spelled); }
    var tab = document.querySelector(".view-tabs [aria-current]");
    if (tab) { tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 24; }
  }
  document.body.addEventListener("htmx:pushedIntoHistory", spell);
  spell();
})();
