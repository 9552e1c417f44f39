// Every example of the document fits its schema. Arguments: the document.
import { load, resolve } from "./schemas.mjs";

const { document, open, closed } = load(process.argv[2]);
let checked = 0;
const faults = [];

function check(where, validate, schema, value) {
  checked++;
  faults.push(...validate(schema, value).map(fault => `${where}: ${fault}`));
}

function ofMedia(where, validate, content) {
  for (const [type, media] of Object.entries(content ?? {})) {
    if (!type.includes("json")) {
      continue;
    }
    const values = [...("example" in media ? [media.example] : []), ...Object.values(media.examples ?? {}).map(example => example.value)];
    if (values.length === 0) {
      faults.push(`${where} ${type}: there is no example`);
    }
    values.forEach(value => check(`${where} ${type}`, validate, media.schema, value));
    if (JSON.stringify(values).includes('"string"')) {
      faults.push(`${where} ${type}: a string that must be there has no example`);
    }
  }
}

function ofSchema(where, schema) {
  if (schema === null || typeof schema !== "object") {
    return;
  }
  (schema.examples ?? []).forEach(value => check(where, open, schema, value));
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    ofSchema(`${where}.${name}`, member);
  }
}

for (const [path, operations] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(operations)) {
    const where = `${method.toUpperCase()} ${path}`;
    for (const parameter of operation.parameters ?? []) {
      const values = [...("example" in parameter ? [parameter.example] : []), ...Object.values(parameter.examples ?? {}).map(example => example.value)];
      values.forEach(value => check(`${where} ${parameter.name}`, open, parameter.schema, value));
      ofSchema(`${where} ${parameter.name}`, parameter.schema);
      if (!parameter.description) {
        faults.push(`${where} ${parameter.name}: there is no description`);
      }
    }
    ofMedia(`${where} request`, open, operation.requestBody?.content);
    for (const [status, response] of Object.entries(operation.responses)) {
      ofMedia(`${where} ${status}`, closed, resolve(document, response).content);
    }
  }
}
for (const [name, schema] of Object.entries(document.components.schemas)) {
  ofSchema(name, schema);
  for (const [member, described] of Object.entries(schema.properties ?? {})) {
    if (!described.description) {
      faults.push(`${name}.${member}: there is no description`);
    }
  }
}
for (const [name, header] of Object.entries(document.components.headers)) {
  ofSchema(name, header.schema);
}

faults.forEach(fault => console.log(fault));
console.log(`${checked} examples, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
