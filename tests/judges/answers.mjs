// Real answers are what the document says. Arguments: the document, and a file with one exchange in JSON on each line:
// {method, path, status, contentType, headers, body}; the body of JSON answers is the JSON, that of others is left out.
import { readFileSync } from "node:fs";
import { load, resolve } from "./schemas.mjs";

const { document, closed } = load(process.argv[2]);
const exchanges = readFileSync(process.argv[3], "utf8").split("\n").filter(Boolean).map(line => JSON.parse(line));
const templates = Object.keys(document.paths).map(template => ({ template, pattern: new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`) }));
// Of the transport, or of every answer alike.
const unremarkable = new Set(["date", "content-type", "content-length", "transfer-encoding", "connection", "cache-control", "x-content-type-options", "vary"]);

const seen = new Map();
const faults = [];
for (const exchange of exchanges) {
  const { method, status } = exchange;
  const path = exchange.path.split("?")[0];
  // A literal segment wins over a parameter, as in routing.
  const [found] = templates.filter(each => each.pattern.test(path)).sort((a, b) => (a.template.match(/\{/g) ?? []).length - (b.template.match(/\{/g) ?? []).length);
  const operation = found && document.paths[found.template][method.toLowerCase()];
  const where = `${method} ${exchange.path} ${status}`;
  if (!operation) {
    faults.push(`${where}: there is no such operation`);
    continue;
  }
  const response = resolve(document, operation.responses[status]);
  if (!response) {
    faults.push(`${where}: the status is not declared`);
    continue;
  }
  seen.set(operation.operationId, (seen.get(operation.operationId) ?? new Set()).add(status));
  const declared = new Set(Object.keys(response.headers ?? {}).map(name => name.toLowerCase()));
  for (const name of Object.keys(exchange.headers).map(name => name.toLowerCase())) {
    if (!declared.has(name) && !unremarkable.has(name)) {
      faults.push(`${where}: the header ${name} is not declared`);
    }
  }
  const type = exchange.contentType?.split(";")[0];
  const media = response.content?.[type] ?? (type ? response.content?.["*/*"] : undefined);
  if (method === "HEAD") {
    // It has the headers of the content, and none.
  } else if (type && !media) {
    faults.push(`${where}: the content type ${type} is not declared`);
  } else if (!type && response.content) {
    faults.push(`${where}: there is no content`);
  } else if (media && "body" in exchange && exchange.body !== undefined) {
    // With fields= only the id is certain.
    const partial = /[?&]fields=/.test(exchange.path);
    faults.push(...closed(media.schema, exchange.body).filter(fault => !(partial && fault.includes("required property"))).map(fault => `${where}: ${fault}`));
  }
}

for (const [path, operations] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(operations)) {
    if (![...(seen.get(operation.operationId) ?? [])].some(status => status < 300)) {
      faults.push(`${method.toUpperCase()} ${path}: no success was seen`);
    }
  }
}
faults.forEach(fault => console.log(fault));
console.log(`${exchanges.length} answers, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
