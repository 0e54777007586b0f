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
        load: function (_asked, show) {
          // What stands in the box now: the list asked for when the box was entered may come after the first letters.
          var text = this.inputValue();
          this.loadedSearches = {};
          var mine = ++latest;
          fetch(select.dataset.picker + (select.dataset.picker.indexOf("?") < 0 ? "?" : "&") + "q=" + encodeURIComponent(text), { credentials: "same-origin", headers: { Accept: "application/json" } })
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
        sortField: "$order", delimiter: ";", create: false, persist: false, maxOptions: 300, closeAfterSelect: true, plugins: ["remove_button"],
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

  // Files of a field: sent one by one as they are chosen; the hidden input says which the record is to have.
  function files(root) {
    root.querySelectorAll("[data-files]").forEach(function (holder) {
      if (holder.dataset.ready) { return; }
      holder.dataset.ready = "1";
      var held = holder.querySelector("input[type=hidden]");
      var chooser = holder.querySelector("input[type=file]");
      var list = holder.querySelector("ul");
      var note = holder.querySelector("[data-note]");
      var texts = holder.dataset;
      var meta = document.querySelector('meta[name="csrf-token"]');

      function read() { try { return JSON.parse(held.value || "[]"); } catch (wrong) { return []; } }
      function write(value) {
        held.value = value.length ? JSON.stringify(value) : "";
        held.dispatchEvent(new Event("input", { bubbles: true }));
        show();
      }
      function show() {
        var value = read();
        list.replaceChildren.apply(list, value.map(function (one) {
          var line = document.createElement("li");
          var link = document.createElement("a");
          link.textContent = one[1] || "#" + one[0];
          link.href = texts.fileUrl.replace("/0/", "/" + Number(one[0]) + "/");
          link.setAttribute("download", "");
          var out = document.createElement("button");
          out.type = "button";
          out.className = "btn-close";
          out.setAttribute("aria-label", texts.textRemove.replace("NAME", link.textContent));
          out.addEventListener("click", function () {
            write(read().filter(function (other) { return other[0] !== one[0]; }));
            chooser.focus();
          });
          line.append(link, out);
          return line;
        }));
        list.hidden = !value.length;
      }
      function send(left) {
        var file = left.shift();
        if (!file) { stop(""); return; }
        if (read().length >= Number(texts.most)) { stop(texts.textMost); return; }
        note.textContent = texts.textSending;
        var body = new FormData();
        body.append("file", file);
        fetch(texts.files, { method: "POST", body: body, credentials: "same-origin", headers: { Accept: "application/json", "X-CSRFToken": meta ? meta.content : "" } })
          .then(function (answer) { return answer.json().then(function (said) { return { ok: answer.ok, said: said }; }); })
          .then(function (answer) {
            if (!answer.ok) { stop(file.name + ": " + (answer.said.reason || answer.said.message || texts.textFailed)); return; }
            write(read().concat([[answer.said.id, answer.said.name]]));
            send(left);
          })
          .catch(function () { stop(texts.textFailed); });
      }
      function stop(text) {
        note.textContent = text;
        note.classList.toggle("text-danger", text !== "");
        holder.classList.remove("is-sending");
        chooser.value = "";
        chooser.disabled = false;
      }
      chooser.addEventListener("change", function () {
        note.classList.remove("text-danger");
        holder.classList.add("is-sending");
        chooser.disabled = true;
        send(Array.from(chooser.files));
      });
      // A form sent now would leave out what is still on its way.
      holder.closest("form").addEventListener("submit", function (event) {
        if (!holder.classList.contains("is-sending")) { return; }
        event.preventDefault();
        event.stopImmediatePropagation();
      }, true);
      show();
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
    files(root);
    dates(root);
  }
  prepare(document);
  document.body.addEventListener("htmx:load", function (event) { prepare(event.detail.elt); });
})();
