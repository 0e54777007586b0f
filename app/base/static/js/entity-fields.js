// Inputs that do more than hold text: pickers of linked records, dates and times. Works in fragments too.
(function () {
  "use strict";
  var language = document.documentElement.lang.slice(0, 2);

  function pickers(root) {
    root.querySelectorAll("select[data-picker]").forEach(function (select) {
      if (select.tomselect) { return; }
      var latest = 0;
      var note = "";
      var made = new window.TomSelect(select, {
        valueField: "value", labelField: "text", searchField: [], maxOptions: 50, preload: "focus", loadThrottle: 200,
        plugins: select.multiple ? ["remove_button"] : ["clear_button"], maxItems: select.multiple ? 50 : 1,
        placeholder: select.getAttribute("placeholder") || "", hidePlaceholder: true, allowEmptyOption: false,
        shouldLoad: function () { return true; },
        score: function () { return function () { return 1; }; },
        load: function (text, show) {
          var mine = ++latest;
          fetch(select.dataset.picker + "?q=" + encodeURIComponent(text), { credentials: "same-origin", headers: { Accept: "application/json" } })
            .then(function (answer) { return answer.ok ? answer.json() : { items: [], more: "" }; })
            .then(function (answer) {
              if (mine !== latest) { show(); return; }
              var kept = [].concat(made.getValue());
              Object.keys(made.options).forEach(function (id) { if (kept.indexOf(id) < 0) { made.removeOption(id, true); } });
              note = answer.more || "";
              show(answer.items);
            })
            .catch(function () { show(); });
        },
        render: {
          option: function (item, escape) {
            return "<div>" + escape(item.text) + (item.hint ? '<span class="ts-hint">' + escape(item.hint) + "</span>" : "") + "</div>";
          },
          no_results: function (data, escape) {
            return '<div class="no-results">' + escape(select.dataset.textNone || "") + "</div>";
          },
          loading: function () { return '<div class="ts-more">…</div>'; }
        },
        onType: function () { this.clearActiveOption(); },
        onDropdownOpen: function () { this.load(this.inputValue()); }
      });
      made.on("load", function () {
        made.dropdown_content.querySelectorAll(".ts-more").forEach(function (old) { old.remove(); });
        if (note) {
          var line = document.createElement("div");
          line.className = "ts-more";
          line.textContent = note;
          made.dropdown_content.append(line);
        }
      });
    });
  }

  // Several choices of a list: one input, its values joined by ";".
  function several(root) {
    root.querySelectorAll("input[data-several]").forEach(function (input) {
      if (input.tomselect) { return; }
      new window.TomSelect(input, {
        options: JSON.parse(input.dataset.several), valueField: "value", labelField: "text", searchField: ["text", "value"],
        sortField: "$order", delimiter: ";", create: false, persist: false, maxOptions: 300, plugins: ["remove_button"],
        // What is not on the list stays as typed: the server says what is wrong with it.
        onInitialize: function () {
          var tom = this;
          input.defaultValue.split(";").forEach(function (value) {
            if (value && !tom.options[value]) { tom.addOption({ value: value, text: value }); tom.addItem(value, true); }
          });
        },
        render: {
          no_results: function (data, escape) {
            return '<div class="no-results">' + escape(input.dataset.textNone || "") + "</div>";
          }
        }
      });
    });
  }

  function dates(root) {
    root.querySelectorAll("input[data-date], input[data-moment]").forEach(function (input) {
      if (input._flatpickr) { return; }
      var withTime = input.hasAttribute("data-moment");
      window.flatpickr(input, {
        allowInput: true, enableTime: withTime, time_24hr: true, dateFormat: withTime ? "Y-m-d H:i" : "Y-m-d",
        locale: language === "zh" ? "zh" : "default", disableMobile: true,
        // What cannot be read stays as typed: the server says what is wrong with it.
        errorHandler: function () {}
      });
    });
  }

  function prepare(root) {
    pickers(root);
    several(root);
    dates(root);
  }
  prepare(document);
  document.body.addEventListener("htmx:load", function (event) { prepare(event.detail.elt); });
})();
