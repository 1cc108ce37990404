// What a TypeScript program does with Rollcall's GraphQL API. It needs fetch and
// nothing else; node 22 runs it as it is, older ones after tsc.
//
//   ROLLCALL_URL=https://rollcall.example.com ROLLCALL_KEY=rck_… node rollcall.ts outside-sso acme
import { readFileSync } from "node:fs";

type UserError = { code: string; field: string[] | null; message: string };
type Page<T> = { nodes: T[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

const url = process.env["ROLLCALL_URL"];
const key = process.env["ROLLCALL_KEY"];
if (!url || !key) throw new Error("set ROLLCALL_URL and ROLLCALL_KEY");

async function ask<T>(query: string, variables: Record<string, unknown>): Promise<T> {
  const answer = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Accept: "application/graphql-response+json" },
    body: JSON.stringify({ query, variables }),
  });
  const body = (await answer.json()) as { data?: T | null; errors?: { message: string }[] };
  const failed = body.errors?.[0];
  if (failed || !body.data) throw new Error(failed?.message ?? `HTTP ${answer.status}`);
  for (const payload of Object.values(body.data) as ({ userErrors?: UserError[] } | null)[]) {
    const wrong = payload?.userErrors?.[0];
    if (wrong) throw new Error(`${wrong.code} ${wrong.field?.join(".") ?? ""}: ${wrong.message}`);
  }
  return body.data;
}

async function team(slug: string): Promise<{ id: string; provider: string | undefined }> {
  const { team } = await ask<{ team: { id: string; ssoSettings: { defaultIdentityProvider: { id: string } | null } | null } | null }>(
    "query($slug: String!) { team(slug: $slug) { id ssoSettings { defaultIdentityProvider { id } } } }", { slug });
  if (!team) throw new Error(`there is no team ${slug}, or it is not yours to see`);
  return { id: team.id, provider: team.ssoSettings?.defaultIdentityProvider?.id };
}

async function list<T>(slug: string, connection: string, selection: string): Promise<T[]> {
  const all: T[] = [];
  let after: string | null = null;
  for (;;) {
    const data: { team: { list: Page<T> } | null } = await ask(
      `query($slug: String!, $after: String) { team(slug: $slug) { list: ${connection} { nodes ${selection} pageInfo { hasNextPage endCursor } } } }`, { slug, after });
    if (!data.team) throw new Error(`there is no team ${slug}, or it is not yours to see`);
    all.push(...data.team.list.nodes);
    if (!data.team.list.pageInfo.hasNextPage) return all;
    after = data.team.list.pageInfo.endCursor;
  }
}

const commands: Record<string, (a: string, b: string) => Promise<unknown[]>> = {
  "create-team": async (slug, name) => {
    const data = await ask<{ createTeam: { team: { id: string } } }>(
      "mutation($input: CreateTeamInput!) { createTeam(input: $input) { team { id } userErrors { code field message } } }", { input: { slug, name, plan: "ENTERPRISE" } });
    return [data.createTeam.team.id];
  },
  "configure-sso": async (slug, file) => {
    const { id: teamId } = await team(slug);
    const data = await ask<{ enableSso: { ssoSettings: { loginUrl: string } } }>(
      `mutation($import: ImportMetadataInput!, $enable: EnableSsoInput!) {
        importMetadata(input: $import) { identityProvider { id } userErrors { code field message } }
        enableSso(input: $enable) { ssoSettings { loginUrl } userErrors { code field message } } }`,
      { import: { teamId, xml: readFileSync(file, "utf8") }, enable: { teamId, skipLoginTest: true } });
    return [data.enableSso.ssoSettings.loginUrl];
  },
  "add-certificate": async (slug, file) => {
    const { provider } = await team(slug);
    const data = await ask<{ addCertificate: { certificate: { fingerprintSha256: string } } }>(
      "mutation($input: AddCertificateInput!) { addCertificate(input: $input) { certificate { fingerprintSha256 } userErrors { code field message } } }",
      { input: { identityProviderId: provider, certificate: readFileSync(file, "utf8") } });
    return [data.addCertificate.certificate.fingerprintSha256];
  },
  // A certificate can go when a younger one has verified a sign-in: the IdP signs
  // with that one now. Until then both are trusted, and nobody is kept out.
  "retire-certificates": async (slug) => {
    type Certificate = { id: string; createdAt: string; lastUsedAt: string | null };
    const { team } = await ask<{ team: { ssoSettings: { defaultIdentityProvider: { certificates: Certificate[] } | null } | null } | null }>(
      "query($slug: String!) { team(slug: $slug) { ssoSettings { defaultIdentityProvider { certificates { id createdAt lastUsedAt } } } } }", { slug });
    const certificates = team?.ssoSettings?.defaultIdentityProvider?.certificates ?? [];
    const used = certificates.filter((c) => c.lastUsedAt).map((c) => Date.parse(c.createdAt));
    const gone: string[] = [];
    for (const certificate of certificates.filter((c) => Date.parse(c.createdAt) < Math.max(...used))) {
      const data = await ask<{ removeCertificate: { deletedCertificateId: string } }>(
        "mutation($input: RemoveCertificateInput!) { removeCertificate(input: $input) { deletedCertificateId userErrors { code field message } } }",
        { input: { certificateId: certificate.id } });
      gone.push(data.removeCertificate.deletedCertificateId);
    }
    return gone;
  },
  "outside-sso": (slug) => list(slug, "memberships(first: 100, after: $after, filter: {underSso: false, status: ACTIVE})", "{ role source user { email } }"),
  "export-audit": (slug) => list(slug, "auditEvents(first: 100, after: $after, direction: ASC)", "{ id at action actorLabel targetLabel details { name value } changes { field before after } }"),
};

const [name = "", a = "", b = ""] = process.argv.slice(2);
const command = commands[name];
if (!command) throw new Error(`commands: ${Object.keys(commands).join(", ")}`);
for (const line of await command(a, b)) console.log(typeof line === "string" ? line : JSON.stringify(line));
