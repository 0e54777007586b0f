// Designing an approval flow: a list of steps with branches side by side. The server checks what is kept.
(function () {
  "use strict";
  var root = document.getElementById("flow-designer");
  if (!root) { return; }
  var data = JSON.parse(document.getElementById("flow-data").textContent);
  var texts = data.texts;
  var doc = data.document;
  var findings = data.findings;
  var version = data.version;
  var chosen = "";
  var past = [];
  var future = [];
  var held = JSON.stringify(doc);
  var waiting = null;
  var sending = false;
  var state = document.querySelector("[data-flow-state]");
  var said = document.querySelector("[data-flow-said]");
  var sprite = root.dataset.icons;

  // Small pieces ------------------------------------------------------------------------------------------------
  function fill(text, values) { return text.replace(/%\((\w+)\)s/g, function (_all, name) { return values[name]; }); }
  function make(tag, options, children) {
    var made = document.createElement(tag);
    Object.keys(options || {}).forEach(function (name) {
      if (name === "text") { made.textContent = options[name]; } else if (options[name] !== null && options[name] !== undefined) { made.setAttribute(name, options[name]); }
    });
    (children || []).forEach(function (child) { if (child) { made.append(child); } });
    return made;
  }
  function icon(name) {
    var space = "http://www.w3.org/2000/svg";
    var svg = document.createElementNS(space, "svg");
    var use = document.createElementNS(space, "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", sprite + "#" + name);
    svg.append(use);
    return svg;
  }
  function button(label, name, marks) {
    return make("button", Object.assign({ type: "button", class: "btn-action", title: label, "aria-label": label }, marks), [icon(name)]);
  }
  function labelled(list, value) {
    var found = data.lists[list].filter(function (pair) { return pair[0] === value; })[0];
    return found ? found[1] : value;
  }
  function field(name) { return data.fields.filter(function (one) { return one.name === name; })[0]; }
  function inEnglish() { return document.documentElement.lang.slice(0, 2) === "en"; }
  function called(thing) { return (inEnglish() ? thing.name_en || thing.name : thing.name || thing.name_en) || ""; }
  function titleOf(step) { return called(step) || labelled("kind", step.kind); }

  // The tree ----------------------------------------------------------------------------------------------------
  function walk(steps, act, path) {
    steps.forEach(function (step, index) {
      act(step, steps, index, path);
      (step.branches || []).forEach(function (branch, number) { walk(branch.steps = branch.steps || [], act, path.concat([step.id + "." + number])); });
    });
  }
  function find(id) {
    var found = null;
    walk(doc.steps, function (step, list, index, path) { if (step.id === id) { found = { step: step, list: list, index: index, path: path }; } }, []);
    return found;
  }
  function listOf(key) {
    if (!key) { return doc.steps; }
    var parts = key.split(".");
    var holder = find(parts[0]).step;
    return holder.branches[Number(parts[1])].steps;
  }
  function freshId() {
    var taken = {};
    walk(doc.steps, function (step) { taken[step.id] = true; }, []);
    var number = 1;
    while (taken["s" + number]) { number += 1; }
    return "s" + number;
  }
  function fresh(kind) {
    var step = { id: freshId(), kind: kind };
    if (kind === "approve" || kind === "notify") { step.assignees = [{ find: "unit_head" }]; }
    if (kind === "approve") { step[inEnglish() ? "name_en" : "name"] = labelled("kind", kind); }
    if (kind === "choice") { step.branches = [{ when: "", steps: [] }, { steps: [] }]; step.branches[0].when = "true"; }
    if (kind === "parallel") { step.branches = [{ steps: [] }, { steps: [] }]; }
    return step;
  }
  function copied(step) {
    var made = JSON.parse(JSON.stringify(step));
    var numbers = [];
    var first = Number(freshId().slice(1));
    walk([made], function (one) { numbers.push(one); }, []);
    var taken = {};
    walk(doc.steps, function (one) { taken[one.id] = true; }, []);
    numbers.forEach(function (one) {
      while (taken["s" + first]) { first += 1; }
      one.id = "s" + first;
      taken[one.id] = true;
    });
    return made;
  }

  // Changing it -------------------------------------------------------------------------------------------------
  function changed(quiet) {
    var now = JSON.stringify(doc);
    if (now === held) { return; }
    past.push(held);
    if (past.length > 100) { past.shift(); }
    future = [];
    held = now;
    if (!quiet) { draw(); }
    later();
  }
  function turnBack(from, to) {
    if (!from.length) { return; }
    to.push(held);
    held = from.pop();
    doc = JSON.parse(held);
    api.doc = doc;
    draw();
    if (chosen && !find(chosen)) { api.close(); }
    api.opened();
    later();
  }
  function add(key, index, kind) {
    var step = fresh(kind);
    listOf(key).splice(index, 0, step);
    changed();
    choose(step.id);
  }
  function move(id, down) {
    var place = find(id);
    var to = place.index + (down ? 1 : -1);
    if (to < 0 || to >= place.list.length) { return; }
    place.list.splice(to, 0, place.list.splice(place.index, 1)[0]);
    changed();
    say(fill(texts.moved, { name: titleOf(place.step) }));
    focusCard(id);
  }
  function remove(id) {
    var place = find(id);
    place.list.splice(place.index, 1);
    if (chosen === id || !find(chosen)) { api.close(); }
    changed();
    say(fill(texts.removed, { name: titleOf(place.step) }));
    document.querySelector("[data-flow-undo]").focus();
  }
  function twin(id) {
    var place = find(id);
    var made = copied(place.step);
    place.list.splice(place.index + 1, 0, made);
    changed();
    choose(made.id);
  }
  function branchAct(id, number, act) {
    var ways = find(id).step.branches;
    if (act === "remove") { ways.splice(number, 1); }
    if (act === "add") { ways.splice(find(id).step.kind === "choice" ? Math.max(ways.length - 1, 0) : ways.length, 0, find(id).step.kind === "choice" ? { when: "true", steps: [] } : { steps: [] }); }
    if (act === "left" && number > 0) { ways.splice(number - 1, 0, ways.splice(number, 1)[0]); }
    if (act === "right" && number < ways.length - 1) { ways.splice(number + 1, 0, ways.splice(number, 1)[0]); }
    changed();
    if (chosen === id) { api.opened(); }
  }

  // Keeping it --------------------------------------------------------------------------------------------------
  function tell(text, kind) { state.textContent = text; state.dataset.kind = kind; }
  function say(text) { said.textContent = text; }
  function later() {
    tell(texts.unsaved, "");
    document.body.dataset.flowSaved = "no";
    window.clearTimeout(waiting);
    waiting = window.setTimeout(keep, 500);
  }
  function keep() {
    if (sending) { return; }
    sending = true;
    var sent = held;
    var form = new FormData();
    form.set("csrf_token", root.dataset.csrf);
    form.set("document", JSON.stringify(lean(JSON.parse(sent))));
    form.set("version", version);
    tell(texts.saving, "");
    fetch(data.urls.save, { method: "POST", body: form, credentials: "same-origin", headers: { Accept: "application/json" } })
      .then(function (answer) { return answer.json().then(function (body) { return { ok: answer.ok, body: body }; }); })
      .then(function (answer) {
        sending = false;
        if (!answer.ok) { tell(answer.body.reason || texts.unsaved, "danger"); return; }
        version = answer.body.version;
        findings = answer.body.findings;
        document.querySelectorAll("input[name=version]").forEach(function (input) { input.value = version; });
        document.querySelectorAll("[data-needs-draft]").forEach(function (needy) { needy.disabled = false; });
        drawFindings();
        marks();
        if (sent !== held) { keep(); return; }
        tell(texts.saved, "success");
        document.body.dataset.flowSaved = "yes";
      })
      .catch(function () { sending = false; tell(texts.unsaved, "danger"); });
  }
  // Empty things are left out, as the server leaves defaults out.
  function lean(value) {
    if (Array.isArray(value)) { return value.map(lean); }
    if (value && typeof value === "object") {
      Object.keys(value).forEach(function (name) {
        if (value[name] === undefined || value[name] === "" && name !== "id") { delete value[name]; } else { value[name] = lean(value[name]); }
      });
    }
    return value;
  }

  // Drawing -----------------------------------------------------------------------------------------------------
  function who(step) {
    var parts = (step.assignees || []).map(function (rule) {
      if (rule.find === "people") { return (rule.employees || []).map(function (id) { return data.names[id] || "#" + id; }).join("、"); }
      if (rule.find === "role") { var role = data.roles.filter(function (one) { return one[0] === rule.role; })[0]; return role ? role[1] : rule.role || ""; }
      if (rule.find === "field") { var named = field(rule.field); return named ? named.label : rule.field || ""; }
      if (rule.find === "unit_head" && rule.unit_level) {
        var level = data.levels.filter(function (one) { return one[0] === rule.unit_level; })[0];
        return labelled("find", rule.find) + " · " + (level ? level[1] : rule.unit_level);
      }
      return labelled("find", rule.find) + ((rule.level || 1) > 1 ? " · " + fill(texts.levels_up, { count: rule.level - 1 }) : "");
    }).filter(Boolean);
    return parts.join("、") || texts.nobody;
  }
  function lines(step) {
    if (step.kind === "automatic") { return [Object.keys(step.values || {}).map(function (name) { var one = field(name); return (one ? one.label : name) + " = " + step.values[name]; }).join("、") || step.act || ""]; }
    if (step.kind !== "approve" && step.kind !== "notify") { return []; }
    var found = [who(step)];
    if (step.kind === "approve") {
      var details = labelled("sign", step.sign || "any") + (step.share || step.count ? " " + (step.share || step.count) : "");
      if (step.deadline) { details += " · " + fill(texts.within_time, { amount: step.deadline.amount, unit: labelled("unit", step.deadline.unit || "working_days") }); }
      found.push(details);
    }
    return found;
  }
  function adder(key, index) {
    var menu = make("div", { class: "dropdown-menu" }, data.lists.kind.map(function (pair) {
      return make("button", { type: "button", class: "dropdown-item", "data-add": pair[0], "data-key": key, "data-index": index }, [icon(data.icons[pair[0]]), document.createTextNode(" " + pair[1])]);
    }));
    var opener = make("button", { type: "button", class: "flow-add", "data-bs-toggle": "dropdown", "data-bs-popper-config": '{"strategy":"fixed"}', "aria-expanded": "false", "aria-label": texts.add, title: texts.add }, [icon("plus")]);
    return make("div", { class: "flow-adder dropdown" }, [opener, menu]);
  }
  function card(step) {
    var name = titleOf(step);
    var open = make("button", { type: "button", class: "flow-open", "data-open": step.id }, [
      make("span", { class: "flow-kind" }, [icon(data.icons[step.kind]), make("span", { text: labelled("kind", step.kind) })]),
      make("strong", { class: "flow-name", text: called(step) || labelled("kind", step.kind) })
    ].concat(lines(step).map(function (line) { return make("span", { class: "flow-line", text: line }); })));
    var acts = make("span", { class: "flow-acts" }, [
      make("span", { class: "app-grip", "aria-hidden": "true" }, [icon("grip-vertical")]),
      button(texts.up + ": " + name, "arrow-up", { "data-up": step.id }), button(texts.down + ": " + name, "arrow-down", { "data-down": step.id }),
      button(texts.copy + ": " + name, "copy", { "data-copy": step.id }), button(texts.remove + ": " + name, "trash", { "data-delete": step.id })
    ]);
    return make("div", { class: "flow-card flow-card-" + step.kind, "data-card": step.id }, [open, acts]);
  }
  function branchHead(step, branch, number) {
    var name = called(branch) || texts.branch + " " + (number + 1);
    var rule = step.kind === "parallel" ? texts.always : branch.when ? window.flowConditions.inWords(branch.when, data) : texts.otherwise;
    return make("div", { class: "flow-branch-head" }, [
      make("button", { type: "button", class: "flow-open", "data-open": step.id, "data-branch": number }, [make("strong", { class: "flow-name", text: name }), make("span", { class: "flow-line", text: rule })]),
      make("span", { class: "flow-acts" }, [
        button(texts.left + ": " + name, "arrow-left", { "data-branch-act": "left", "data-step": step.id, "data-number": number }),
        button(texts.right + ": " + name, "arrow-right", { "data-branch-act": "right", "data-step": step.id, "data-number": number }),
        button(texts.remove + ": " + name, "trash", { "data-branch-act": "remove", "data-step": step.id, "data-number": number })
      ])
    ]);
  }
  function listed(steps, key) {
    var list = make("ol", { class: "flow-list", "data-list": key });
    steps.forEach(function (step, index) { list.append(item(step, key, index)); });
    return make("div", { class: "flow-run" }, [adder(key, 0), list]);
  }
  function item(step, key, index) {
    var made = make("li", { class: "flow-item", "data-step": step.id }, [card(step)]);
    if (step.branches) {
      var ways = make("div", { class: "flow-branches" });
      step.branches.forEach(function (branch, number) {
        ways.append(make("div", { class: "flow-branch" }, [branchHead(step, branch, number), listed(branch.steps = branch.steps || [], step.id + "." + number)]));
      });
      made.append(ways, make("button", { type: "button", class: "btn btn-sm flow-add-branch", "data-branch-act": "add", "data-step": step.id, "data-number": 0 }, [icon("plus"), document.createTextNode(" " + texts.add_branch)]));
    }
    made.append(adder(key, index + 1));
    return made;
  }
  function draw() {
    var kept = { left: root.scrollLeft, top: window.scrollY };
    root.replaceChildren(make("div", { class: "flow-track" }, [
      make("div", { class: "flow-end" }, [icon("send"), document.createTextNode(" " + texts.start)]),
      listed(doc.steps, ""),
      make("div", { class: "flow-end" }, [icon("flag"), document.createTextNode(" " + texts.end)])
    ]));
    root.scrollLeft = kept.left;
    window.scrollTo(window.scrollX, kept.top);
    root.querySelectorAll("[data-list]").forEach(function (list) {
      if (window.Sortable) { window.Sortable.create(list, { handle: ".app-grip", group: "steps", animation: 120, draggable: ".flow-item", onEnd: dropped }); }
    });
    marks();
    document.querySelector("[data-flow-undo]").disabled = !past.length;
    document.querySelector("[data-flow-redo]").disabled = !future.length;
  }
  function dropped(event) {
    var place = find(event.item.dataset.step);
    var key = event.to.dataset.list;
    if (place.step.branches && event.to.closest("[data-step='" + place.step.id + "']")) { draw(); return; }
    var goal = listOf(key);
    place.list.splice(place.index, 1);
    goal.splice(event.newDraggableIndex, 0, place.step);
    changed();
    draw();
  }
  function marks() {
    root.querySelectorAll("[data-card]").forEach(function (one) {
      var mine = findings.filter(function (finding) { return finding.step === one.dataset.card; });
      one.classList.toggle("has-error", mine.some(function (finding) { return finding.stops; }));
      one.classList.toggle("has-warning", mine.length > 0 && !mine.some(function (finding) { return finding.stops; }));
      one.classList.toggle("is-chosen", one.dataset.card === chosen);
    });
  }
  function drawFindings() {
    var list = document.querySelector("[data-flow-findings]");
    var wrong = findings.filter(function (one) { return one.stops; }).length;
    var words = [];
    if (wrong) { words.push(fill(texts.errors, { count: wrong })); }
    if (findings.length > wrong) { words.push(fill(texts.warnings, { count: findings.length - wrong })); }
    document.querySelector("[data-flow-count]").textContent = words.join(" · ") || texts.well;
    document.querySelector("[data-flow-check]").dataset.kind = wrong ? "danger" : findings.length ? "warning" : "success";
    list.replaceChildren.apply(list, findings.map(function (one) {
      var line = [icon(one.stops ? "alert-circle" : "alert-triangle"), document.createTextNode(" " + (one.step && find(one.step) ? titleOf(find(one.step).step) + ": " : "") + one.text)];
      return make("li", { class: one.stops ? "text-danger" : "text-warning" }, [one.step ? make("button", { type: "button", class: "btn-link flow-finding", "data-open": one.step }, line) : make("span", {}, line)]);
    }));
  }
  function focusCard(id) {
    var open = root.querySelector("[data-open='" + id + "']");
    if (open) { open.focus(); open.scrollIntoView({ block: "nearest", inline: "nearest" }); }
  }
  function choose(id, number) {
    chosen = id;
    marks();
    api.open(id, number);
  }

  var acts = {
    add: function (one) { add(one.dataset.key, Number(one.dataset.index), one.dataset.add); },
    open: function (one) { choose(one.dataset.open, one.dataset.branch); },
    up: function (one) { move(one.dataset.up, false); }, down: function (one) { move(one.dataset.down, true); },
    copy: function (one) { twin(one.dataset.copy); }, delete: function (one) { remove(one.dataset.delete); },
    branchAct: function (one) { branchAct(one.dataset.step, Number(one.dataset.number), one.dataset.branchAct); },
    flowUndo: function () { turnBack(past, future); }, flowRedo: function () { turnBack(future, past); }
  };
  document.addEventListener("click", function (event) {
    var one = event.target.closest("[data-add], [data-open], [data-up], [data-down], [data-copy], [data-delete], [data-branch-act], [data-flow-undo], [data-flow-redo]");
    if (!one || one.disabled) { return; }
    Object.keys(acts).some(function (name) { if (name in one.dataset) { acts[name](one); return true; } return false; });
  });
  root.addEventListener("keydown", function (event) {
    var open = event.target.closest("[data-open]:not([data-branch])");
    if (!open || !event.altKey || ["ArrowUp", "ArrowDown"].indexOf(event.key) < 0) { return; }
    event.preventDefault();
    move(open.dataset.open, event.key === "ArrowDown");
  });
  window.addEventListener("beforeunload", function (event) { if (document.body.dataset.flowSaved === "no") { event.preventDefault(); } });
  document.addEventListener("submit", function (event) {
    if (event.target.matches("[data-flow-form]") && !event.defaultPrevented) { document.body.dataset.flowSaved = "sent"; }
  });

  var api = window.flowDesigner = {
    data: data, doc: doc, texts: texts, find: find, changed: changed, make: make, icon: icon, button: button, fill: fill, labelled: labelled, field: field, titleOf: titleOf,
    open: function () {}, close: function () {}, opened: function () {},
    left: function () { chosen = ""; marks(); }
  };
  draw();
  drawFindings();
  tell("", "");
})();
