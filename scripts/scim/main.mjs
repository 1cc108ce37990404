// The run behind scripts/e2e-scim: on each database a server, a team and its
// people, and every question put to the server and to the libraries alike.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, freePort, logs, scratch, serve, setting, stopAll } from '../browser/process.mjs';
import { Generator } from './generate.mjs';
import { chosen, patched, read, refused, schemas, state } from './peers.mjs';

const seed = Number(process.env.E2E_SEED ?? 1);
const people = 40, filters = 200, changes = 200;

after(stopAll);

const judge = (database) => describe(database, { concurrency: 1 }, () => {
  let call, list;
  const from = new Generator(seed, 'test');

  before(async () => {
    call = await start(database);
    for (let i = 0; i < people; i++) {
      await call('POST', '/Users', from.person(i), 201);
    }
    list = await everybody(call);
    assert.equal(list.length, people);
  }, { timeout: 300_000 });

  it('describes the schemas of the standard', async () => {
    const ours = new Map((await call('GET', '/Schemas')).Resources.map((s) => [s.id, flat(s.attributes)]));
    for (const [urn, theirs] of schemas) {
      for (const [name, attribute] of flat(theirs.attributes)) {
        for (const key of ['type', 'multiValued', 'mutability', 'returned', 'uniqueness', 'required', 'caseExact']) {
          if (attribute[key] !== undefined) {
            assert.equal(ours.get(urn)?.get(name)?.[key], attribute[key], `${urn}:${name} ${key}`);
          }
        }
      }
    }
  });

  it('answers with resources of the standard', async () => {
    const group = await call('POST', '/Groups', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'crew', members: list.slice(0, 3).map((p) => ({ value: p.id })),
    }, 201);
    read('Group', group);
    list = await everybody(call); // the first three have groups now
    for (const p of list) {
      read('User', p);
    }
  });

  it('chooses as filters say', { timeout: 300_000 }, async () => {
    for (let i = 0; i < filters; i++) {
      const filter = from.filter();
      const ours = (await everybody(call, filter)).map((p) => p.id).sort().join(' ');
      agrees(filter, ours, chosen(filter, list));
    }
  });

  it('changes as a PATCH says', { timeout: 300_000 }, async () => {
    for (let i = 0; i < changes; i++) {
      const person = await call('GET', `/Users/${from.of(list).id}`);
      const Operations = [from.operation()]; // with two, each library may stumble over another one
      const answer = await call('PATCH', `/Users/${person.id}`, { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations }, [200, 204, 400]);
      const now = await call('GET', `/Users/${person.id}`);
      if (answer?.status === '400') {
        assert.equal(state(now), state(person), `${JSON.stringify(Operations)} was refused and changed something`);
      }
      agrees(JSON.stringify(Operations), answer?.status === '400' ? refused : state(now), await patched(person, Operations));
    }
  });
});

describe('judged by others', { concurrency: 2 }, () => ['sqlite', 'postgres'].forEach(judge));

/** Fails unless a library comes to the same result. */
function agrees(question, ours, opinions) {
  assert.ok([...opinions.values()].includes(ours),
    `${question}\n  server: ${ours}\n${[...opinions].map(([by, o]) => `  ${by}: ${o}`).join('\n')}`);
}

/** Everybody whom a filter chooses, page by page. */
async function everybody(call, filter) {
  const found = [];
  const query = filter ? `&filter=${encodeURIComponent(filter)}` : '';
  for (;;) {
    const page = await call('GET', `/Users?startIndex=${found.length + 1}&count=17${query}`);
    found.push(...page.Resources);
    if (found.length >= page.totalResults || page.Resources.length === 0) {
      assert.equal(found.length, page.totalResults, `totalResults of ${filter}`);
      return found;
    }
  }
}

const flat = (attributes, before_ = '') => new Map(attributes.flatMap((a) => [[before_ + a.name, a], ...flat(a.subAttributes ?? [], `${before_}${a.name}.`)]));

/** Starts a server with a team and returns its SCIM client. */
async function start(database) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { ROLLCALL_ADDR: `127.0.0.1:${port}`, ROLLCALL_BASE_URL: url, ROLLCALL_RATE_LIMIT: 'off', ROLLCALL_DATABASE_URL: await makeDatabase(database) };
  const program = setting('E2E_ROLLCALL');
  await ask(program, ['migrate'], { env: { ...process.env, ...env } });
  const server = await serve(`rollcall-${database}`, `${url}/readyz`, program, [], env);
  const operator = fs.readFileSync(server.log, 'utf8').match(/rck_\w+/)?.[0];
  const graphql = async (query) => {
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST', headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' }, body: JSON.stringify({ query }),
    });
    const { data, errors } = await answer.json();
    assert.equal(errors, undefined);
    return data;
  };
  const { createTeam } = await graphql('mutation { createTeam(input: {slug: "peers", name: "Peers", plan: ENTERPRISE}) { team { id } } }');
  const { createScimToken } = await graphql(`mutation { createScimToken(input: {teamId: "${createTeam.team.id}", name: "peers"}) { secret baseUrl } }`);
  return async (method, where, body, status = 200) => {
    const answer = await fetch(createScimToken.baseUrl + where, {
      method, headers: { authorization: `Bearer ${createScimToken.secret}`, 'content-type': 'application/scim+json' }, body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok([status].flat().includes(answer.status), `${method} ${where} ${JSON.stringify(body)}: ${answer.status} ${text}\n${logs()}`);
    return text ? JSON.parse(text) : null;
  };
}

async function makeDatabase(database) {
  if (database === 'sqlite') {
    return `sqlite:${path.join(scratch, 'rollcall.db')}`;
  }
  const server = setting('TEST_POSTGRES_DSN');
  const name = `e2e_scim_${process.pid}`;
  await ask('psql', [server, '-qc', `CREATE DATABASE ${name}`]);
  return server.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`);
}
