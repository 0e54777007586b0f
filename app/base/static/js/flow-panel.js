// The side panel of the designer: the form of one step, and the options of the flow.
(function () {
  "use strict";
  var flow = window.flowDesigner;
  if (!flow) { return; }
  var data = flow.data;
  var texts = flow.texts;
  var make = flow.make;
  var words = JSON.parse(document.getElementById("flow-words").textContent);
  var panel = document.getElementById("flow-panel");
  var body = panel.querySelector("[data-panel-body]");
  var kit = window.tabler || {};
  var bootstrap = kit.bootstrap || window.bootstrap || kit;
  var shown = null;
  var numbers = 0;

  // Controls: each writes into its thing as it is changed -----------------------------------------------------------
  function put(thing, name, value, usual) {
    if (value === usual || value === "" || value === undefined) { delete thing[name]; } else { thing[name] = value; }
    flow.changed();
  }
  function row(label, control, hint) {
    var id = "flow-field-" + (numbers += 1);
    control.id = id;
    return make("div", { class: "mb-3" }, [make("label", { class: "form-label", for: id, text: label }), control, hint ? make("div", { class: "form-hint", text: hint }) : null]);
  }
  function text(thing, name, label, options) {
    var input = make((options || {}).long ? "textarea" : "input", Object.assign({ class: "form-control", maxlength: 100, "data-key": name }, (options || {}).marks || {}));
    input.value = thing[name] === undefined ? "" : thing[name];
    input.addEventListener("input", function () { put(thing, name, (options || {}).number ? Number(input.value) || 0 : input.value.trim(), (options || {}).usual); });
    return row(label, input, (options || {}).hint);
  }
  function options(pairs, value, empty) {
    var select = make("select", { class: "form-select" });
    if (empty !== undefined) { select.add(new Option(empty, "")); }
    pairs.forEach(function (pair) { select.add(new Option(pair[1], pair[0], false, pair[0] === value)); });
    if (value && !pairs.some(function (pair) { return pair[0] === value; })) { select.add(new Option(value, value, true, true)); }
    return select;
  }
  function choice(thing, name, label, pairs, usual, settings) {
    var select = options(pairs, thing[name] === undefined ? usual : thing[name], (settings || {}).empty);
    select.dataset.key = name;
    select.addEventListener("change", function () { put(thing, name, select.value, usual); if ((settings || {}).again) { again(); } });
    return label ? row(label, select, (settings || {}).hint) : select;
  }
  function check(thing, name, label, usual, act) {
    var box = make("input", { type: "checkbox", class: "form-check-input", "data-key": name });
    box.checked = thing[name] === undefined ? usual : thing[name];
    box.addEventListener("change", function () { if (act) { act(box.checked); } else { put(thing, name, box.checked, usual); } });
    return make("label", { class: "form-check" }, [box, make("span", { class: "form-check-label", text: label })]);
  }
  function boxes(label, pairs, held, act) {
    return make("fieldset", { class: "mb-3" }, [make("legend", { class: "form-label", text: label })].concat(pairs.map(function (pair) {
      var box = make("input", { type: "checkbox", class: "form-check-input", value: pair[0] });
      box.checked = held.indexOf(pair[0]) >= 0;
      box.addEventListener("change", function () {
        act(pairs.map(function (one) { return one[0]; }).filter(function (one) { return one === pair[0] ? box.checked : held.indexOf(one) >= 0; }));
        again();
      });
      return make("label", { class: "form-check" }, [box, make("span", { class: "form-check-label", text: pair[1] })]);
    })));
  }
  function fold(title, open, children) {
    return make("details", { class: "flow-fold", open: open ? "" : null }, [make("summary", { text: title })].concat(children));
  }
  function fieldPairs(test) { return data.fields.filter(test || function () { return true; }).map(function (one) { return [one.name, one.label]; }); }

  // Who is asked ------------------------------------------------------------------------------------------------
  function people(rule) {
    var select = make("select", { class: "form-select", multiple: "", "aria-label": words.people, "data-key": "employees", placeholder: texts.search });
    var holder = row(words.people, select);
    (rule.employees || []).forEach(function (id) { select.add(new Option(data.names[id] || "#" + id, id, true, true)); });
    window.requestAnimationFrame(function () {
      if (!select.isConnected || select.tomselect) { return; }
      new window.TomSelect(select, {
        valueField: "value", labelField: "text", searchField: [], plugins: ["remove_button"], preload: "focus", maxItems: 50,
        score: function () { return function () { return 1; }; },
        load: function (typed, show) {
          fetch(data.urls.people + "?q=" + encodeURIComponent(typed), { credentials: "same-origin", headers: { Accept: "application/json" } })
            .then(function (answer) { return answer.json(); }).then(function (answer) { show(answer.items); }).catch(function () { show(); });
        },
        render: {
          option: function (one, escape) { return "<div>" + escape(one.text) + (one.hint ? '<span class="ts-hint">' + escape(one.hint) + "</span>" : "") + "</div>"; },
          no_results: function (_data, escape) { return '<div class="no-results">' + escape(texts.none_found) + "</div>"; }
        },
        onChange: function (values) {
          var tom = this;
          values.forEach(function (id) { data.names[id] = tom.options[id].text; });
          rule.employees = values.map(Number);
          flow.changed();
        }
      });
    });
    return holder;
  }
  function ruleForm(step, rule, number) {
    var inner = [];
    if (rule.find === "people") { inner.push(people(rule)); }
    if (rule.find === "role") {
      inner.push(choice(rule, "role", words.role, data.roles, "", { empty: "" }), choice(rule, "within", words.within, data.lists.within, "unit_and_above"));
    }
    if (rule.find === "unit_head") {
      inner.push(choice(rule, "unit_level", words.unit_level, data.levels, "", { empty: words.by_count, again: true }));
      if (!rule.unit_level) { inner.push(text(rule, "level", words.level, { number: true, usual: 1, marks: { type: "number", min: 1, max: 20, placeholder: "1" }, hint: words.level_hint })); }
    }
    if (rule.find === "managers") {
      inner.push(text(rule, "level", words.managers, { number: true, usual: 1, marks: { type: "number", min: 1, max: 20, placeholder: "1" } }), check(rule, "only_last", words.only_last, true));
    }
    if (rule.find === "field") { inner.push(choice(rule, "field", texts.field, fieldPairs(function (one) { return one.people; }), "", { empty: "" })); }
    if (rule.find === "expression") { inner.push(cel(rule, "expression", words.expression, "expression")); }
    if (rule.find === "module") { inner.push(choice(rule, "name", words.module_rule, data.rules.concat(rule.name && !data.rules.some(function (pair) { return pair[0] === rule.name; }) ? [[rule.name, rule.name]] : []), "", { empty: "" })); }
    if (rule.find === "role" || rule.find === "unit_head") { inner.push(check(rule, "from_record", words.from_record, false)); }
    var kind = options(data.lists.find, rule.find);
    kind.setAttribute("aria-label", flow.fill(texts.rule, { number: number + 1 }));
    kind.dataset.key = "find";
    kind.addEventListener("change", function () { step.assignees[number] = { find: kind.value }; flow.changed(); again(); });
    var gone = flow.button(texts.remove_rule, "trash");
    gone.addEventListener("click", function () { step.assignees.splice(number, 1); flow.changed(); again(); });
    return make("div", { class: "flow-rule", "data-rule": number }, [make("div", { class: "flow-rule-head" }, [kind, gone])].concat(inner));
  }
  function asked(step) {
    var more = make("button", { type: "button", class: "btn btn-sm", "data-add-rule": "" }, [flow.icon("plus"), document.createTextNode(" " + words.add_rule)]);
    more.addEventListener("click", function () { step.assignees = (step.assignees || []).concat([{ find: "unit_head" }]); flow.changed(); again(); });
    return make("fieldset", { class: "mb-3" }, [make("legend", { class: "form-label", text: words.asked })].concat((step.assignees || []).map(function (rule, number) { return ruleForm(step, rule, number); }), [more]));
  }
  function share(step) {
    var parts = step.count ? [String(step.count)] : (step.share || "").split("/");
    var inputs = [parts[0] || "", parts[1] || ""].map(function (value, at) {
      var input = make("input", { type: "number", min: 1, max: 9999, class: "form-control", "aria-label": at ? words.share_of : words.share_number, "data-key": at ? "share_of" : "share_number" });
      input.value = value;
      return input;
    });
    function set() {
      var good = inputs.map(function (input) { return /^\d{1,4}$/.test(input.value) && Number(input.value) > 0; });
      // One number alone is a number of people; of two it is a share of whoever is asked.
      put(step, "count", good[0] && !inputs[1].value ? Number(inputs[0].value) : undefined);
      put(step, "share", good[0] && good[1] ? inputs[0].value + "/" + inputs[1].value : undefined);
    }
    inputs.forEach(function (input) { input.addEventListener("input", set); });
    return make("fieldset", { class: "mb-3" }, [make("legend", { class: "form-label", text: words.share }), make("div", { class: "flow-share" }, [inputs[0], make("span", { text: texts.of }), inputs[1]]), make("div", { class: "form-hint", text: words.share_hint })]);
  }
  function deadline(step) {
    var on = make("div", {}, [check(step, "deadline", words.has_deadline, false, function (wanted) {
      if (wanted) { step.deadline = { amount: 2 }; } else { delete step.deadline; }
      flow.changed();
      again();
    })]);
    on.querySelector("input").checked = Boolean(step.deadline);
    if (step.deadline) {
      on.append(
        text(step.deadline, "amount", words.amount, { number: true, marks: { type: "number", min: 1, max: 9999 } }), choice(step.deadline, "unit", words.unit, data.lists.unit, "working_days"),
        choice(step.deadline, "then", words.then, data.lists.then, "remind"), text(step.deadline, "remind_hours", words.remind_hours, { number: true, usual: 0, marks: { type: "number", min: 0, max: 9999 } })
      );
    }
    return on;
  }
  function matrix(step) {
    var table = make("table", { class: "table table-sm flow-matrix" }, [make("tbody", {}, data.fields.map(function (one) {
      var select = options(data.lists.access.filter(function (pair) { return one.writable || (pair[0] !== "write" && pair[0] !== "required"); }), (step.fields || {})[one.name] || "");
      select.classList.add("form-select-sm");
      select.setAttribute("aria-label", one.label);
      select.addEventListener("change", function () {
        step.fields = step.fields || {};
        if (select.value) { step.fields[one.name] = select.value; } else { delete step.fields[one.name]; }
        flow.changed();
      });
      return make("tr", {}, [make("th", { scope: "row", text: one.label }), make("td", {}, [select])]);
    }))]);
    return make("div", { class: "flow-matrix-scroll", tabindex: "0", role: "region", "aria-label": words.fields }, [table]);
  }

  // Values to set -----------------------------------------------------------------------------------------------
  function setting(thing) {
    var holder = make("div");
    Object.keys(thing.values || {}).forEach(function (name, number) {
      var one = flow.field(name) || { type: "text", choices: [], label: name };
      var named = options(fieldPairs(function (each) { return each.writable; }), name);
      named.setAttribute("aria-label", texts.field + " " + (number + 1));
      named.addEventListener("change", function () { var was = thing.values; thing.values = {}; Object.keys(was).forEach(function (each) { if (each !== name) { thing.values[each] = was[each]; } }); thing.values[named.value] = ""; flow.changed(); again(); });
      var value = valueInput(one, String(thing.values[name] === null ? "" : thing.values[name]), function (written) { thing.values[name] = one.type === "boolean" ? written === "true" : written; flow.changed(); });
      var gone = flow.button(texts.remove_line, "trash");
      gone.addEventListener("click", function () { delete thing.values[name]; flow.changed(); again(); });
      holder.append(make("div", { class: "flow-line-form" }, [named, value, gone]));
    });
    var more = make("button", { type: "button", class: "btn btn-sm mb-3", "data-add-value": "" }, [flow.icon("plus"), document.createTextNode(" " + words.add_value)]);
    more.addEventListener("click", function () {
      thing.values = thing.values || {};
      var free = data.fields.filter(function (one) { return one.writable && !(one.name in thing.values); })[0];
      if (free) { thing.values[free.name] = free.choices.length ? free.choices[0][0] : ""; flow.changed(); again(); }
    });
    holder.append(more);
    return holder;
  }
  function valueInput(one, value, act) {
    var pairs = one.type === "boolean" ? [["true", texts.yes], ["false", texts.no]] : one.choices;
    var input = pairs.length ? options(pairs, value) : make("input", { class: "form-control", maxlength: 200, type: one.type === "date" ? "date" : "text", inputmode: one.type === "integer" || one.type === "decimal" ? "decimal" : null });
    if (!pairs.length) { input.value = value; }
    input.setAttribute("aria-label", texts.value);
    input.dataset.key = "value";
    input.addEventListener(pairs.length ? "change" : "input", function () { act(input.value); });
    return input;
  }

  // Branches ----------------------------------------------------------------------------------------------------
  var asking = 0;
  function cel(thing, name, label, kind) {
    var box = make("textarea", { class: "form-control font-monospace", rows: 2, maxlength: 2000, "data-key": name });
    var verdict = make("div", { class: "form-hint", role: "status" });
    box.value = thing[name] || "";
    box.addEventListener("input", function () {
      put(thing, name, box.value.trim());
      var mine = asking += 1;
      var form = new FormData();
      form.set("csrf_token", document.getElementById("flow-designer").dataset.csrf);
      form.set("text", box.value);
      form.set("kind", kind);
      fetch(data.urls.check, { method: "POST", body: form, credentials: "same-origin" }).then(function (answer) { return answer.json(); }).then(function (answer) {
        if (mine !== asking) { return; }
        verdict.textContent = answer.wrong || texts.good;
        verdict.classList.toggle("text-danger", Boolean(answer.wrong));
      });
    });
    var made = row(label, box, words.cel_hint);
    made.append(verdict);
    return made;
  }
  function conditions(branch) {
    var read = window.flowConditions.read(branch.when, data);
    var holder = make("div", { class: "flow-conditions" });
    function wrote() { branch.when = window.flowConditions.write(read, data); flow.changed(); }
    if (!read) { return holder; }
    read.lines.forEach(function (line, number) {
      var one = flow.field(line.field);
      var usable = fieldPairs(function (each) { return Boolean(data.compared[each.type]); });
      var named = options(usable, line.field);
      named.setAttribute("aria-label", texts.field);
      named.dataset.key = "field";
      named.addEventListener("change", function () {
        var next = flow.field(named.value);
        read.lines[number] = { field: next.name, operator: data.compared[next.type][0], value: next.type === "boolean" ? "true" : next.choices.length ? next.choices[0][0] : "" };
        wrote();
        again();
      });
      var signs = data.compared[one.type].filter(function (sign) { return sign !== "in" || one.choices.length; }).map(function (sign) { return [sign, sign === "in" ? texts.is_in : window.flowConditions.signs[sign]]; });
      var sign = options(signs, line.operator);
      sign.setAttribute("aria-label", texts.operator);
      sign.dataset.key = "operator";
      sign.addEventListener("change", function () { line.operator = sign.value; line.value = sign.value === "in" ? [].concat(line.value) : [].concat(line.value)[0] || ""; wrote(); again(); });
      var value = line.operator === "in" ? several(one, line, wrote) : valueInput(one, line.value, function (written) { line.value = written; wrote(); });
      var gone = flow.button(texts.remove_line, "trash");
      gone.addEventListener("click", function () { read.lines.splice(number, 1); wrote(); again(); });
      holder.append(make("div", { class: "flow-line-form" }, [named, sign, value, gone]));
    });
    if (read.lines.length > 1) {
      var joined = options([["&&", words.all_hold], ["||", words.any_holds]], read.joined);
      joined.setAttribute("aria-label", words.joined);
      joined.addEventListener("change", function () { read.joined = joined.value; wrote(); again(); });
      holder.append(joined);
    }
    var more = make("button", { type: "button", class: "btn btn-sm mb-2", "data-add-condition": "" }, [flow.icon("plus"), document.createTextNode(" " + words.add_condition)]);
    more.addEventListener("click", function () {
      var first = data.fields.filter(function (each) { return each.type === "decimal"; })[0] || data.fields.filter(function (each) { return data.compared[each.type]; })[0];
      read.lines.push({ field: first.name, operator: data.compared[first.type][0], value: "" });
      wrote();
      again();
    });
    holder.append(more);
    return holder;
  }
  function several(one, line, wrote) {
    var select = make("select", { class: "form-select", multiple: "", size: Math.min(5, one.choices.length), "aria-label": texts.value });
    one.choices.forEach(function (pair) { select.add(new Option(pair[1], pair[0], false, line.value.indexOf(pair[0]) >= 0)); });
    select.addEventListener("change", function () { line.value = Array.from(select.selectedOptions).map(function (each) { return each.value; }); wrote(); });
    return select;
  }
  function branchForm(step, branch, number, open) {
    var inner = [text(branch, "name", words.name), text(branch, "name_en", words.name_en)];
    if (step.kind === "choice") {
      var otherwise = check(branch, "otherwise", texts.otherwise, false, function (wanted) { if (wanted) { delete branch.when; } else { branch.when = "true"; } flow.changed(); again(); });
      otherwise.querySelector("input").checked = !branch.when;
      inner.push(otherwise);
      if (branch.when) { inner.push(conditions(branch), fold(words.cel, !window.flowConditions.read(branch.when, data), [cel(branch, "when", words.condition, "condition")])); }
    }
    return make("details", { class: "flow-fold", "data-branch-form": number, open: open ? "" : null }, [make("summary", { text: flow.fill(texts.priority, { number: number + 1 }) })].concat(inner));
  }

  // The forms ---------------------------------------------------------------------------------------------------
  function stepForm(step, branch) {
    var parts = [text(step, "name", words.name), text(step, "name_en", words.name_en)];
    if (step.kind === "approve" || step.kind === "notify") { parts.push(asked(step)); }
    if (step.kind === "approve") {
      parts.push(choice(step, "sign", words.sign, data.lists.sign, "any", { again: true }));
      if (step.sign === "all" || step.sign === "vote") { parts.push(share(step)); }
      parts.push(
        choice(step, "nobody", words.nobody, data.lists.nobody, "head_above"),
        fold(words.deadline, Boolean(step.deadline), [deadline(step)]),
        fold(words.more, false, [
          boxes(words.may, data.lists.may, step.may || data.lists.may.map(function (pair) { return pair[0]; }), function (held) { put(step, "may", held.length === data.lists.may.length ? undefined : held); }),
          check(step, "comment_needed", words.comment_needed, false), check(step, "refusal_returns", words.refusal_returns, false)
        ]),
        fold(words.fields, false, [matrix(step)])
      );
    }
    if (step.kind === "automatic") { parts.push(make("p", { class: "form-label", text: words.values }), setting(step), text(step, "act", words.act)); }
    (step.branches || []).forEach(function (one, number) { parts.push(branchForm(step, one, number, branch === undefined || Number(branch) === number)); });
    return parts;
  }
  function optionsForm() {
    var doc = flow.doc;
    var starts = doc.starts = doc.starts || {};
    function end(outcome) {
      var ends = doc.ends = doc.ends || {};
      var thing = ends[outcome] = ends[outcome] || {};
      return fold(flow.labelled("outcome", outcome), Boolean(Object.keys(thing.values || {}).length || thing.act), [setting(thing), text(thing, "act", words.act)]);
    }
    var all = doc.locked === undefined || doc.locked.indexOf("*") >= 0;
    var lockAll = check(doc, "locked", words.lock_all, true, function (wanted) { if (wanted) { delete doc.locked; } else { doc.locked = []; } flow.changed(); again(); });
    lockAll.querySelector("input").checked = all;
    if (data.starts) {
      // What it holds is no record: it has no fields, and nothing of it is locked.
      return [
        make("h3", { class: "flow-heading", text: words.starts }), check(starts, data.starts, data.texts.begins, false),
        make("h3", { class: "flow-heading", text: words.running }), choice(doc, "withdraw", words.withdraw, data.lists.withdraw, "running"), check(doc, "repeated_pass", words.repeated_pass, false), check(doc, "delegable", words.delegable, true)
      ];
    }
    return [
      make("h3", { class: "flow-heading", text: words.starts }), check(starts, "button", words.button, true), check(starts, "create", words.create, false), check(starts, "delete", words.remove, false), check(starts, "export", words.exported, false),
      fold(words.change, Boolean((starts.change || []).length), [boxes(words.change_fields, fieldPairs(), starts.change || [], function (held) { put(starts, "change", held.length ? held : undefined); })]),
      cel(starts, "when", words.starts_when, "condition"),
      make("h3", { class: "flow-heading", text: words.running }), choice(doc, "withdraw", words.withdraw, data.lists.withdraw, "running"), check(doc, "repeated_pass", words.repeated_pass, false), check(doc, "delegable", words.delegable, true),
      lockAll, all ? null : boxes(words.locked, fieldPairs(), doc.locked || [], function (held) { doc.locked = held; flow.changed(); }),
      choice(doc, "batch_field", words.batch_field, fieldPairs(function (one) { return one.type === "decimal" || one.type === "integer"; }), "", { empty: words.no_limit, again: true }),
      doc.batch_field ? text(doc, "batch_below", words.batch_below, { marks: { inputmode: "decimal" } }) : null,
      fold(words.figures, false, [boxes(words.figures, fieldPairs(), doc.figures || [], function (held) { put(doc, "figures", held.length ? held : undefined); })]),
      make("h3", { class: "flow-heading", text: words.ends }), end("approved"), end("refused"), end("withdrawn"), end("cancelled")
    ].filter(Boolean);
  }

  function show(title, parts) {
    panel.querySelector("[data-panel-title]").textContent = title;
    body.replaceChildren.apply(body, parts);
    bootstrap.Offcanvas.getOrCreateInstance(panel).show();
  }
  function again() {
    var open = Array.from(body.querySelectorAll("details")).map(function (one) { return one.open; });
    var top = body.scrollTop;
    flow.opened();
    Array.from(body.querySelectorAll("details")).forEach(function (one, number) { if (open[number]) { one.open = true; } });
    body.scrollTop = top;
  }
  flow.open = function (id, branch) {
    var place = flow.find(id);
    if (!place) { return; }
    shown = { id: id, branch: branch };
    show(flow.titleOf(place.step), stepForm(place.step, branch));
  };
  flow.opened = function () {
    if (!shown) { return; }
    if (shown.options) { show(words.options, optionsForm()); } else if (flow.find(shown.id)) { flow.open(shown.id, shown.branch); }
  };
  flow.close = function () { bootstrap.Offcanvas.getOrCreateInstance(panel).hide(); };
  panel.addEventListener("hidden.bs.offcanvas", function () { shown = null; flow.left(); });
  document.querySelector("[data-flow-options]").addEventListener("click", function () { shown = { options: true }; flow.left(); show(words.options, optionsForm()); });
})();
