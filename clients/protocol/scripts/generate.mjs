// Writes the TypeScript types of the Python types; with --check, fails where the two have drifted apart.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const OPENAPI =
  "import json; from millrace.server.app import create_app; print(json.dumps(create_app().openapi()))";
/** Each prints JSON: a schema with `$defs`, or the description of the HTTP interface. */
const SOURCES = [
  { command: ["-m", "millrace.model.schema"], from: "millrace.model", file: "events.gen.ts" },
  { command: ["-m", "millrace.dialects.schema"], from: "millrace.dialects", file: "chat.gen.ts" },
  {
    command: ["-m", "millrace.dialects.schema", "stream"],
    from: "millrace.dialects",
    file: "stream.gen.ts",
  },
  { command: ["-c", OPENAPI], from: "millrace.server", file: "rest.gen.ts" },
];

function python() {
  const local = `${ROOT}.venv/bin/python`;
  return process.env.PYTHON ?? (existsSync(local) ? local : "python3");
}

function readSchema(command) {
  const text = execFileSync(python(), command, { cwd: ROOT, encoding: "utf8" });
  const { $ref: _root, anyOf: _either, components, ...schema } = JSON.parse(text);
  if (!components) return schema;
  const refs = JSON.stringify(components.schemas).replaceAll("#/components/schemas/", "#/$defs/");
  return { $defs: JSON.parse(refs) };
}

/** Titles repeat the names of the definitions; the compiler would make types of their own of them. */
function withoutTitles(node) {
  if (Array.isArray(node)) return node.map(withoutTitles);
  if (node === null || typeof node !== "object") return node;
  const entries = Object.entries(node).filter(
    // A property may itself be called "title"; then its value is a schema, not a name.
    ([key, value]) => !(key === "title" && typeof value === "string"),
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutTitles(value)]));
}

async function generate({ command, from }) {
  const schema = withoutTitles(readSchema(command));
  const source = await compile(schema, "Root", {
    additionalProperties: false,
    bannerComment: `/* Generated from the types of ${from} by \`npm run generate -w @millrace/protocol\`. */`,
    unreachableDefinitions: true,
  });
  return source
    .replace(/export interface Root \{[^}]*\}\n/, "")
    .replace(
      / \*\s*\n \* This interface was referenced by `Root`'s JSON-Schema\n \* via the `definition` "\w+"\.\n/g,
      "",
    )
    .replace(
      /\/\*\*\n \* This interface was referenced by `Root`'s JSON-Schema\n \* via the `definition` "\w+"\.\n \*\/\n/g,
      "",
    );
}

const check = process.argv.includes("--check");
let drifted = false;
for (const source of SOURCES) {
  const { file } = source;
  const path = fileURLToPath(new URL(`../src/${file}`, import.meta.url));
  const fresh = await generate(source);
  if (!check) {
    await writeFile(path, fresh);
  } else if (!existsSync(path) || (await readFile(path, "utf8")) !== fresh) {
    drifted = true;
    console.error(`${file} differs from the Python types: npm run generate -w @millrace/protocol`);
  }
}
process.exitCode = drifted ? 1 : 0;
