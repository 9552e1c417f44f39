// Validators of the document's schemas, by the reference JSON Schema validator of the JavaScript world.
import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

export function load(file) {
  const document = JSON.parse(readFileSync(file, "utf8"));
  const open = validators(document.components.schemas);
  const closed = validators(close(structuredClone(document.components.schemas)));
  return { document, open, closed };
}

/** Resolves one level of $ref within the document. */
export function resolve(document, node) {
  return node?.$ref ? node.$ref.slice(2).split("/").reduce((at, name) => at[name.replaceAll("~1", "/").replaceAll("~0", "~")], document) : node;
}

/** Answers may grow for their readers, but not behind the document's back. */
function close(schemas) {
  const visit = schema => {
    if (schema === null || typeof schema !== "object") {
      return;
    }
    if (schema.properties && schema.additionalProperties === undefined) {
      schema.additionalProperties = false;
    }
    Object.values(schema).forEach(visit);
  };
  visit(schemas);
  return schemas;
}

function validators(schemas) {
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true, validateFormats: true });
  addFormats(ajv);
  ajv.addSchema({ $id: "https://imapgateway.test/openapi", components: { schemas } }, undefined, false, false);
  ajv.addVocabulary(["components"]);
  const compiled = new Map();
  /** What is wrong with a value; empty: nothing. */
  return (schema, value) => {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"https://imapgateway.test/openapi#/components/');
    if (!compiled.has(text)) {
      compiled.set(text, ajv.compile(JSON.parse(text)));
    }
    const validate = compiled.get(text);
    return validate(value) ? [] : validate.errors.map(error => `${error.instancePath || "(whole)"} ${error.message} ${JSON.stringify(error.params)}`);
  };
}
