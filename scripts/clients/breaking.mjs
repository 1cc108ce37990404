// Compares the contract with the one of the last release: nothing may break.
// What is taken away has to have been marked @deprecated in that release.
import { readFileSync } from "node:fs";
import { buildSchema } from "graphql";
import { CriticalityLevel, diff } from "@graphql-inspector/core";

const [before, after] = process.argv.slice(2).map((path) => buildSchema(readFileSync(path, "utf8")));
const deprecated = (path) => {
  const [type, field] = path.split(".");
  const member = before.getType(type)?.getFields?.()[field] ?? before.getType(type)?.getValue?.(field);
  return Boolean(member?.deprecationReason);
};
const broken = (await diff(before, after)).filter((c) => c.criticality.level === CriticalityLevel.Breaking && !(c.path && deprecated(c.path)));
for (const change of broken) console.log(`${change.path}: ${change.message}`);
process.exit(broken.length ? 1 : 0);
