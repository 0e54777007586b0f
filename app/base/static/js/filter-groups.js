// The builder of conditions joined by and / or: it keeps the hidden line of the filter form in step with the screen.
(function () {
  "use strict";
  var DEEPEST = 3;
  var OPERATORS = { text: ["contains", "equals"], range: ["range"], choice: ["in"], choices: ["in", "all"], boolean: ["in"], link: ["in"] };
  var number = 0;

  function make(tag, attributes, parts) {
    var made = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) {
      if (attributes[name] === true) { made.setAttribute(name, ""); }
      else if (attributes[name] !== false && attributes[name] !== null) { made.setAttribute(name, attributes[name]); }
    });
    [].concat(parts === undefined ? [] : parts).forEach(function (part) { made.append(part); });
    return made;
  }
  function select(options, chosen, attributes) {
    return make("select", Object.assign({ class: "form-select form-select-sm" }, attributes), options.map(function (one) {
      return make("option", { value: one[0], selected: one[0] === chosen }, one[1]);
    }));
  }

  function Builder(place) {
    var texts = JSON.parse(place.dataset.texts);
    var fields = JSON.parse(place.dataset.fields);
    var line = place.parentElement.querySelector("[data-groups-line]");
    function described(name) { return fields.find(function (field) { return field.name === name; }) || fields[0]; }

    // What a condition compares with ----------------------------------------------------------------------
    function box(type, value, attributes) {
      return make("input", Object.assign({ type: type, class: "form-control form-control-sm", value: value || "", "data-value": true, autocomplete: "off" }, attributes));
    }
    function choices(field, given) {
      var name = "choice-" + (++number);
      return make("div", { class: "filter-choices", role: "group", "aria-label": field.label }, field.choices.map(function (one) {
        var single = field.form === "boolean";
        var input = make("input", {
          type: single ? "radio" : "checkbox", class: "form-check-input", value: one[0], "data-value": true, checked: given.values.indexOf(one[0]) >= 0,
          id: name + one[0], "data-one-of": single ? name : null
        });
        return make("label", { class: "form-check", for: name + one[0] }, [input, make("span", { class: "form-check-label" }, one[1])]);
      }));
    }
    function picker(field, given) {
      return make("select", { multiple: true, class: "form-select", "data-value": true, "data-picker": field.pick, placeholder: texts.search, "data-text-none": texts.none, "aria-label": field.label },
        given.values.map(function (value) { return make("option", { value: value, selected: true }, (given.names || {})[value] || value); }));
    }
    function values(field, op, given) {
      if (op === "empty" || op === "filled") { return []; }
      if (/^choices?$/.test(field.form) || field.form === "boolean") { return [choices(field, given)]; }
      if (field.form === "link") { return [picker(field, given)]; }
      if (op !== "range") { return [box("text", given.values[0], { maxlength: 200, "aria-label": texts.value })]; }
      var more = { maxlength: 30, "data-date": field.date, inputmode: field.date ? null : "decimal" };
      var unit = field.unit && !field.date ? " (" + field.unit + ")" : "";
      return [make("div", { class: "input-group input-group-sm filter-range" }, [
        box("text", given.values[0], Object.assign({ placeholder: texts.from + unit, "aria-label": texts.from }, more)),
        make("span", { class: "input-group-text" }, "～"),
        box("text", given.values[1], Object.assign({ placeholder: texts.to + unit, "aria-label": texts.to }, more))
      ])];
    }

    // Conditions and groups ---------------------------------------------------------------------------------
    function condition(given) {
      var names = fields.map(function (field) { return [field.name, field.label]; });
      var chooser = select(names, given.field, { "data-field": true, "aria-label": texts.field });
      var compared = make("span", { class: "condition-op" });
      var held = make("div", { class: "condition-values" });
      var gone = make("button", { type: "button", class: "btn-close", "data-remove": true, "aria-label": texts.remove });
      var node = make("li", { class: "condition", "data-condition": true }, [make("div", { class: "condition-head" }, [chooser, make("span", { class: "condition-how" }, [compared, gone])]), held]);
      function show(op, now) {
        var field = described(chooser.value);
        var ops = OPERATORS[field.form].concat(field.optional ? ["empty", "filled"] : []);
        op = ops.indexOf(op) < 0 ? ops[0] : op;
        compared.replaceChildren(select(ops.map(function (one) { return [one, texts[one]]; }), op, { "data-op": true, "aria-label": texts.op }));
        held.replaceChildren.apply(held, values(field, op, now));
        if (node.isConnected) { node.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: node } })); }
      }
      chooser.addEventListener("change", function () { show("", { values: [] }); });
      compared.addEventListener("change", function (event) { show(event.target.value, { values: read(node).values }); });
      show(given.op, given);
      return node;
    }
    function group(given, depth) {
      var joined = select([["and", texts.and], ["or", texts.or]], given.joined, { "data-joined": true, "aria-label": texts.joined });
      var list = make("ul", { class: "group-items", "data-items": true });
      var add = make("button", { type: "button", class: "btn btn-sm", "data-add": "condition" }, texts.add);
      var foot = make("div", { class: "group-foot" }, depth < DEEPEST ? [add, make("button", { type: "button", class: "btn btn-sm", "data-add": "group" }, texts.group)] : [add]);
      var head = make("div", { class: "group-head" }, depth > 1 ? [joined, make("button", { type: "button", class: "btn-close", "data-remove": true, "aria-label": texts.ungroup })] : [joined]);
      given.items.forEach(function (item) { list.append(item.joined ? group(item, depth + 1) : condition(item)); });
      return make(depth > 1 ? "li" : "div", { class: "condition-group", "data-group": depth, role: depth > 1 ? null : "group" }, [head, list, foot]);
    }

    // The line -------------------------------------------------------------------------------------------------
    function read(node) {
      var inputs = Array.from(node.querySelectorAll("[data-value]"));
      var found = [];
      inputs.forEach(function (input) {
        if (input.matches("select")) { Array.from(input.selectedOptions).forEach(function (one) { found.push(one.value); }); }
        else if (!input.matches("[type=checkbox], [type=radio]") || input.checked) { found.push(input.value.trim()); }
      });
      return { field: node.querySelector("[data-field]").value, op: node.querySelector("[data-op]").value, values: found };
    }
    function quoted(value) {
      return /[\s"(),|:\\]/.test(value) ? '"' + value.replace(/[\\"]/g, "\\$&") + '"' : value;
    }
    function written(node) {
      if (node.matches("[data-condition]")) {
        var one = read(node);
        if (one.op === "empty" || one.op === "filled") { return one.field + ":" + one.op; }
        return one.values.join("") ? one.field + ":" + one.op + ":" + one.values.map(quoted).join("|") : "";
      }
      var items = Array.from(node.querySelector("[data-items]").children).map(written).filter(Boolean);
      return items.length ? node.querySelector("[data-joined]").value + "(" + items.join(",") + ")" : "";
    }
    function keep() {
      line.value = written(root);
      root.querySelector("[data-joined]").hidden = !root.querySelector("[data-items]").children.length;
    }

    var root = group(JSON.parse(place.dataset.tree) || { joined: "and", items: [] }, 1);
    place.append(root);
    place.addEventListener("click", function (event) {
      var button = event.target.closest("button");
      if (!button || !(button.dataset.add || button.hasAttribute("data-remove"))) { return; }
      var owner = button.closest("[data-group]");
      if (button.dataset.add) {
        var fresh = { field: fields[0].name, op: "", values: [] };
        var depth = Number(owner.dataset.group);
        var made = button.dataset.add === "group" ? group({ joined: "or", items: [fresh] }, depth + 1) : condition(fresh);
        owner.querySelector("[data-items]").append(made);
        made.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: made } }));
        made.querySelector("[data-field]").focus();
      } else {
        var item = button.closest("li");
        var above = item.parentElement.closest("[data-group]");
        item.remove();
        above.querySelector(":scope > .group-foot [data-add]").focus();
      }
      keep();
    });
    ["input", "change"].forEach(function (kind) {
      place.addEventListener(kind, function (event) {
        var same = event.target.dataset.oneOf;
        if (same) {
          place.querySelectorAll("[data-one-of='" + same + "']").forEach(function (other) { other.checked = other === event.target; });
        }
        keep();
      });
    });
    keep();
  }

  function prepare(root) {
    root.querySelectorAll("[data-groups]").forEach(function (place) {
      if (place.firstElementChild || place.dataset.fields === "[]") { return; }
      new Builder(place);
    });
  }
  prepare(document);
  document.body.addEventListener("htmx:load", function (event) { prepare(event.detail.elt); });
})();
