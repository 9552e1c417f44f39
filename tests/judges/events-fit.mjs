// Events fit their published schemas, by the reference JSON Schema validator of the JavaScript world. Arguments: the directory of the schemas, and a file with one event in
// JSON on each line. The examples of the schemas are judged too; members that no schema has are faults.
import { readdirSync, readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const [directory, file] = process.argv.slice(2);
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true, validateFormats: true });
addFormats(ajv);
const schemas = new Map(readdirSync(directory).map(name => JSON.parse(readFileSync(`${directory}/${name}`, "utf8"))).map(schema => [schema.title, schema]));

function close(schema) {
  if (schema === null || typeof schema !== "object") {
    return schema;
  }
  if (schema.properties && schema.additionalProperties === undefined) {
    schema.additionalProperties = false;
  }
  Object.values(schema).forEach(close);
  return schema;
}

const validators = new Map([...schemas].map(([type, schema]) => [type, ajv.compile(close(structuredClone(schema)))]));
const events = readFileSync(file, "utf8").split("\n").filter(Boolean).map(line => JSON.parse(line));
const seen = new Map();
const faults = [];
for (const event of [...[...schemas.values()].flatMap(schema => schema.examples), ...events]) {
  const validate = validators.get(event.type);
  if (!validate) {
    faults.push(`${event.type}: there is no schema`);
  } else if (!validate(event)) {
    faults.push(...validate.errors.map(error => `${event.type} ${event.id}: ${error.instancePath || "(whole)"} ${error.message} ${JSON.stringify(error.params)}`));
  }
  seen.set(event.type, (seen.get(event.type) ?? 0) + 1);
}
faults.forEach(fault => console.log(fault));
console.log(`${schemas.size} schemas, ${events.length} events, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
