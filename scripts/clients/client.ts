// A dashboard's worth of operations, to see that a typed client builds strictly
// out of the published contract. The types come of graphql-codegen.
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";

import { graphql } from "./generated/gql";

const teamPage = graphql(`
  query TeamPage($slug: String!, $after: String) {
    team(slug: $slug) {
      id
      plan
      viewerPermissions { writeSso checks { permission allowed code message } }
      memberships(first: 50, after: $after, filter: { underSso: false, status: ACTIVE }, orderBy: { field: USER_NAME }) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { id role status source underSso lastSeenAt user { id email name } externalIdentity { nameId } sessions(first: 3) { nodes { id lastSeenAt } } }
      }
      ssoSettings { state loginUrl revision identityProviders { id entityId certificates { id notAfter state daysLeft } } }
      auditEvents(first: 10, filter: { actions: ["membership."] }) {
        nodes { at action actorLabel actor { __typename ... on User { email } ... on ApiKey { name } ... on ScimToken { name } } changes { field before after } }
      }
      loginAttempts(first: 5) { nodes { outcome code explanation checks { name status } } }
    }
  }
`);

const rename = graphql(`
  mutation Rename($input: UpdateTeamInput!) {
    updateTeam(input: $input) { team { name revision } userErrors { code field message } }
  }
`);

async function send<R, V>(url: string, key: string, document: TypedDocumentNode<R, V>, variables: V): Promise<R> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/graphql-response+json", Authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const body = (await answer.json()) as { data?: R; errors?: { message: string }[] };
  if (!body.data) throw new Error(body.errors?.[0]?.message ?? `HTTP ${answer.status}`);
  return body.data;
}

export async function namesOutsideSso(url: string, key: string, slug: string): Promise<string[]> {
  const names: string[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Awaited<ReturnType<typeof send<import("./generated/graphql").TeamPageQuery, import("./generated/graphql").TeamPageQueryVariables>>> =
      await send(url, key, teamPage, { slug, after });
    if (!page.team) return names;
    for (const member of page.team.memberships.nodes) names.push(member.user.name ?? member.user.email);
    if (!page.team.memberships.pageInfo.hasNextPage) return names;
    after = page.team.memberships.pageInfo.endCursor;
  }
}

export async function renameTeam(url: string, key: string, teamId: string, name: string, revision: number): Promise<number> {
  const { updateTeam } = await send(url, key, rename, { input: { teamId, name, revision } });
  const wrong = updateTeam.userErrors[0];
  if (wrong) throw new Error(`${wrong.code} ${wrong.field?.join(".") ?? ""}: ${wrong.message}`);
  return updateTeam.team?.revision ?? revision;
}
