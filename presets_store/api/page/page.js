// Shows /openapi.json. Text of the document becomes text nodes only, never markup.
"use strict";

const METHODS = ["get", "head", "post", "put", "patch", "delete"];
const ACCESS = {
  session: "Signed by an access key, or a session.",
  password: "With a user's name and password.",
  link: "Signed, a session, or a link.",
  address: "By its signed, expiring address.",
};
const byId = id => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter(child => child !== null));
  return made;
}

// `code` and **bold** inside a line.
function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map(part => {
    if (/^`.+`$/.test(part)) return make("code", {}, part.slice(1, -1));
    return /^\*\*.+\*\*$/.test(part) ? make("strong", {}, part.slice(2, -2)) : part;
  });
}

// Paragraphs, and lists of lines that begin with "- ".
function prose(text) {
  return (text || "").trim().split(/\n{2,}/).filter(Boolean).map(block => {
    if (!block.startsWith("- ")) return make("p", {}, ...inline(block));
    const points = block.slice(2).split(/\n- /);
    return make("ul", {}, ...points.map(point => make("li", {}, ...inline(point))));
  });
}

class Api {
  constructor(document) { this.document = document; }

  follow(thing) {
    if (!thing || !thing.$ref) return thing;
    return thing.$ref.slice(2).split("/").reduce((at, name) => at[name], this.document);
  }

  operations() {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      METHODS.filter(method => item[method]).map(method => ({ path, method, ...item[method] })));
  }

  // All names, descriptions and codes that an operation has, for the search.
  words(thing, seen = new Set()) {
    if (typeof thing === "string") return thing;
    if (!thing || typeof thing !== "object") return "";
    if (thing.$ref) {
      if (seen.has(thing.$ref)) return "";
      seen.add(thing.$ref);
      return this.words(this.follow(thing), seen);
    }
    return Object.entries(thing).map(([name, value]) => `${name} ${this.words(value, seen)}`).join(" ");
  }
}

const nameOf = reference => reference.split("/").pop();

function typeOf(schema) {
  if (schema.$ref) return nameOf(schema.$ref);
  const choices = schema.anyOf || schema.oneOf;
  if (choices && !schema.properties) return choices.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `list of ${typeOf(schema.items || {})}`;
  return [schema.type || "any"].flat().join(" or ") + (schema.format ? ` (${schema.format})` : "");
}

function boundsOf(schema) {
  const said = [];
  const huge = value => Math.abs(value) > Number.MAX_SAFE_INTEGER;
  if (schema.minimum !== undefined && !huge(schema.minimum)) said.push(`≥ ${schema.minimum}`);
  if (schema.maximum !== undefined && !huge(schema.maximum)) said.push(`≤ ${schema.maximum}`);
  if (schema.maxLength !== undefined) said.push(`≤ ${schema.maxLength} characters`);
  if (schema.maxItems !== undefined) said.push(`≤ ${schema.maxItems} members`);
  if (schema.pattern) said.push(schema.pattern);
  if (schema.default !== undefined && schema.default !== "" && schema.default !== null) {
    said.push(`default ${JSON.stringify(schema.default)}`);
  }
  return said.join(", ");
}

function table(heads, rows) {
  const line = (cell, cells) => make("tr", {}, ...cells.map(each => make(cell, {}, ...[each].flat())));
  return make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, line("th", heads)), make("tbody", {}, ...rows.map(cells => line("td", cells)))));
}

function shown(name, required) {
  return [make("code", {}, name), required ? make("span", { class: "must" }, "required") : null].filter(Boolean);
}

// The references in a schema, itself or one level in, which open when somebody asks.
function referencesOf(schema) {
  if (schema.$ref) return [schema.$ref];
  return [...(schema.anyOf || []), ...(schema.oneOf || []), schema.items || {}].flatMap(each => each.$ref || []);
}

function schemaOf(api, schema) {
  const whole = api.follow(schema);
  const parts = [];
  if (whole !== schema) parts.push(...prose(whole.description));
  parts.push(...choicesOf(whole));
  const members = Object.entries(whole.properties || {});
  if (members.length) {
    parts.push(table(["Member", "Type", ""], members.map(([name, member]) => [
      shown(name, (whole.required || []).includes(name)),
      make("span", { class: "type" }, typeOf(member)),
      [...prose(member.description), make("span", { class: "type" }, boundsOf(member))],
    ])));
  }
  const types = Object.values(whole["x-event-types"] || {}).map(each => each.$ref);
  const inner = [...members.flatMap(([, member]) => [
    ...referencesOf(member), ...referencesOf(member.contentSchema || {}),
  ]), ...types, ...(whole === schema ? referencesOf(whole) : [])];
  return [...parts, ...[...new Set(inner)].map(reference => unfolding(api, reference))];
}

// "Give one of …", where the schema asks for one of several members.
function choicesOf(schema) {
  return (schema.allOf || []).flatMap(group => {
    const choices = group.anyOf || group.oneOf || [];
    if (!choices.length || !choices.every(each => each.required)) return [];
    const names = choices.map(each => `\`${each.required.join(" with ")}\``).join(", ");
    return prose(`Give ${group.oneOf ? "exactly" : "at least"} one of ${names}.`);
  });
}

function unfolding(api, reference) {
  const folded = make("details", { class: "schema" }, make("summary", {}, make("code", {}, nameOf(reference))));
  folded.addEventListener("toggle", () => {
    if (folded.open && folded.children.length === 1) {
      folded.append(make("div", { class: "inside" }, ...schemaOf(api, { $ref: reference })));
    }
  });
  return folded;
}

function accessOf(api, operation) {
  const security = operation.security || api.document.security;
  if (!security.length || security.some(each => !Object.keys(each).length)) return "Anyone may ask.";
  const names = security.flatMap(Object.keys);
  return Object.entries(ACCESS).filter(([name]) => names.includes(name)).pop()?.[1] || `With ${names.join(", ")}.`;
}

function bodyOf(api, content) {
  return Object.entries(content || {}).flatMap(([kind, { schema }]) => [
    make("p", {}, make("code", {}, kind), " ", make("span", { class: "type" }, schema ? typeOf(schema) : "bytes")),
    ...(schema ? schemaOf(api, schema) : []),
  ]);
}

function insideOf(api, operation) {
  const parts = [...prose(operation.description), make("p", { class: "access" }, accessOf(api, operation))];
  const parameters = (operation.parameters || []).map(each => api.follow(each));
  if (parameters.length) {
    parts.push(make("h3", {}, "Parameters"), table(["Name", "In", "Type", ""], parameters.map(each => [
      shown(each.name, each.required), each.in, make("span", { class: "type" }, typeOf(each.schema)),
      [...prose(each.description), make("span", { class: "type" }, boundsOf(each.schema))],
    ])));
  }
  if (operation.requestBody) {
    const needed = operation.requestBody.required ? "Body (required)" : "Body";
    parts.push(make("h3", {}, needed), ...bodyOf(api, operation.requestBody.content));
  }
  const responses = Object.entries(operation.responses).map(([status, each]) => [status, api.follow(each)]);
  for (const [status, response] of responses.filter(([status]) => status < 400)) {
    parts.push(make("h3", {}, `Answer ${status}`), ...prose(response.description), ...bodyOf(api, response.content));
  }
  const failures = responses.filter(([status]) => status >= 400);
  parts.push(make("h3", {}, "Errors"), table(["Status", "Meaning"],
    failures.map(([status, each]) => [make("code", {}, status), prose(each.description)])));
  return parts;
}

function element(api, operation) {
  const path = operation.path.split(/(\{[^}]+\})/).map(part => part.startsWith("{") ? make("b", {}, part) : part);
  const made = make("details", { class: "operation", id: operation.operationId }, make("summary", {},
    make("span", { class: `method ${operation.method}` }, operation.method),
    make("span", { class: "path" }, ...path), make("span", { class: "said" }, operation.summary)));
  made.addEventListener("toggle", () => {
    if (made.open && made.children.length === 1) made.append(make("div", { class: "inside" }, ...insideOf(api, operation)));
    if (made.open) history.replaceState(null, "", `#${operation.operationId}`);
  });
  return made;
}

function show(api) {
  const { info, tags } = api.document;
  byId("version").textContent = info.version;
  byId("about").replaceChildren(make("h1", {}, info.title), ...prose(info.description));
  const operations = api.operations();
  const groups = tags.map(({ name, description }) => {
    const own = operations.filter(each => each.tags.includes(name)).map(each => ({
      row: element(api, each),
      text: `${each.method} ${each.path} ${api.words(each)}`.toLowerCase(),
    }));
    const id = `group-${name.replaceAll(" ", "-")}`;
    const section = make("section", { id }, make("h2", {}, name), make("p", {}, ...inline(description)),
      ...own.map(each => each.row));
    const number = make("span", {}, String(own.length));
    return { own, section, number, link: make("a", { href: `#${id}` }, name, number) };
  });
  byId("operations").replaceChildren(...groups.map(group => group.section));
  byId("groups").replaceChildren(...groups.map(group => group.link));
  search(groups);
  byId("search").addEventListener("input", () => search(groups));
  openNamed();
}

// Each word that was typed must occur somewhere in an operation.
function search(groups) {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let all = 0;
  for (const group of groups) {
    let found = 0;
    for (const { row, text } of group.own) {
      row.hidden = !words.every(word => text.includes(word));
      found += row.hidden ? 0 : 1;
    }
    group.section.hidden = group.link.hidden = found === 0;
    group.number.textContent = found;
    all += found;
  }
  byId("about").hidden = words.length > 0;
  byId("count").textContent = all === 1 ? "1 operation" : `${all} operations`;
}

function openNamed() {
  const named = byId(decodeURIComponent(location.hash.slice(1)));
  if (!named) return;
  if (named.matches("details.operation")) named.open = true;
  named.scrollIntoView();
}

function theme() {
  const kept = localStorage.getItem("theme");
  if (kept) document.documentElement.dataset.theme = kept;
  byId("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
      || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", document.documentElement.dataset.theme);
  });
}

async function start() {
  theme();
  addEventListener("hashchange", openNamed);
  addEventListener("keydown", event => {
    if (event.key !== "/" || event.target.matches("input")) return;
    event.preventDefault();
    byId("search").focus();
  });
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status}`);
  show(new Api(await answer.json()));
}

start().catch(error => byId("about").replaceChildren(make("p", { role: "alert" }, `The document cannot be shown: ${error.message}`)));
