// Conditions of branches: lines of field, comparison and value on one side, CEL on the other.
(function () {
  "use strict";
  var TEXT = /^'((?:[^'\\]|\\.)*)'$|^"((?:[^"\\]|\\.)*)"$/;
  var LINE = /^([A-Za-z_]\w*) (==|!=|>=|<=|>|<|in) (.+)$/;

  function quoted(value) { return "'" + String(value).replace(/\\/g, "\\\\").replace(/'/g, "\\'") + "'"; }
  function unquoted(text) {
    var match = TEXT.exec(text);
    return match ? (match[1] !== undefined ? match[1] : match[2]).replace(/\\(.)/g, "$1") : null;
  }
  function split(text, by) {
    var parts = [];
    var start = 0;
    var quote = "";
    for (var at = 0; at < text.length; at += 1) {
      var sign = text[at];
      if (quote) { if (sign === "\\") { at += 1; } else if (sign === quote) { quote = ""; } continue; }
      if (sign === "'" || sign === '"') { quote = sign; }
      if (text.slice(at, at + by.length) === by) { parts.push(text.slice(start, at).trim()); start = at + by.length; at += by.length - 1; }
    }
    parts.push(text.slice(start).trim());
    return parts;
  }
  function value(text, type) {
    if (text === "null") { return ""; }
    if (type === "boolean") { return text === "true" || text === "false" ? text : null; }
    if (type === "date") { var day = /^date\((.+)\)$/.exec(text); return day ? unquoted(day[1]) : null; }
    if (type === "integer" || type === "decimal") { return /^-?\d+(\.\d+)?$/.test(text) ? text : null; }
    return unquoted(text);
  }
  // {joined: "&&" or "||", lines: [{field, operator, value}]}, or null where it takes more than that.
  function read(text, data) {
    if (!text || text === "true") { return { joined: "&&", lines: [] }; }
    var joined = split(text, "||").length > 1 ? "||" : "&&";
    var lines = split(text, joined).map(function (part) {
      var match = LINE.exec(part);
      var known = match && data.fields.filter(function (one) { return one.name === match[1]; })[0];
      if (!known || !data.compared[known.type]) { return null; }
      if (match[2] === "in") {
        if (!/^\[.*\]$/.test(match[3])) { return null; }
        var several = split(match[3].slice(1, -1), ",").map(unquoted);
        return several.indexOf(null) < 0 ? { field: match[1], operator: "in", value: several } : null;
      }
      var found = value(match[3], known.type);
      return found === null || data.compared[known.type].indexOf(match[2]) < 0 ? null : { field: match[1], operator: match[2], value: found };
    });
    return lines.indexOf(null) < 0 ? { joined: joined, lines: lines } : null;
  }
  function literal(line, type) {
    if (line.operator === "in") { return "[" + [].concat(line.value).map(quoted).join(", ") + "]"; }
    if (line.value === "") { return type === "integer" || type === "decimal" ? "0" : "null"; }
    if (type === "boolean") { return line.value; }
    if (type === "date") { return "date(" + quoted(line.value) + ")"; }
    if (type === "integer" || type === "decimal") { return String(line.value).replace(/[,，\s]/g, ""); }
    return quoted(line.value);
  }
  function write(read, data) {
    return read.lines.map(function (line) {
      var known = data.fields.filter(function (one) { return one.name === line.field; })[0];
      return line.field + " " + line.operator + " " + literal(line, known.type);
    }).join(" " + read.joined + " ") || "true";
  }
  var SIGNS = { "==": "=", "!=": "≠", ">=": "≥", "<=": "≤", ">": ">", "<": "<" };
  function inWords(text, data) {
    var found = read(text, data);
    if (!found) { return text; }
    if (!found.lines.length) { return data.texts.condition + " …"; }
    return found.lines.map(function (line) {
      var known = data.fields.filter(function (one) { return one.name === line.field; })[0];
      var words = [].concat(line.value).map(function (one) {
        var choice = known.choices.filter(function (pair) { return pair[0] === one; })[0];
        return choice ? choice[1] : known.type === "boolean" ? data.texts[one === "true" ? "yes" : "no"] : one;
      }).join("、");
      if (line.value === "" && line.operator === "==") { return known.label + " " + data.texts.empty; }
      return known.label + " " + (SIGNS[line.operator] || data.texts.is_in) + " " + words;
    }).join(" " + (found.joined === "&&" ? data.texts.and : data.texts.or) + " ");
  }
  window.flowConditions = { read: read, write: write, inWords: inWords, signs: SIGNS };
})();
