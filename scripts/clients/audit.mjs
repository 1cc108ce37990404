// The GraphQL-over-HTTP audit of the graphql-http package against a running
// server. Every finding fails, those of what is only recommended too.
import { auditServer } from "graphql-http";

const [url, key] = process.argv.slice(2);
if (!url) {
  console.error("usage: node audit.mjs URL [KEY]");
  process.exit(2);
}
const headers = { "X-Rollcall-Request": "1", ...(key ? { Authorization: `Bearer ${key}` } : {}) };
const results = await auditServer({
  url,
  fetchFn: (to, init = {}) => fetch(to, { ...init, headers: { ...headers, ...init.headers } }),
});
let bad = 0;
for (const result of results) {
  if (result.status === "ok") continue;
  bad++;
  console.log(`${result.status}: ${result.name}: ${result.reason ?? ""} ${JSON.stringify(result.response?.status ?? "")}`);
}
console.log(`audit: ${results.length - bad} of ${results.length} passed`);
process.exit(bad ? 1 : 0);
