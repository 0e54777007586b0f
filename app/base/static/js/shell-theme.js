// Runs before the first paint: the theme "auto" follows the system, so the wrong one never flashes.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function follow() {
    if (root.dataset.themeChoice === "auto") {
      root.dataset.bsTheme = dark.matches ? "dark" : "light";
    }
  }
  follow();
  dark.addEventListener("change", follow);
})();
