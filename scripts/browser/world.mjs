// A world is a running rollcall on one database, with the operator's key, its
// mail and the identity provider.

import fs from 'node:fs';
import path from 'node:path';
import { IdP } from './idp.mjs';
import { ask, freePort, replace, scratch, serve, setting, tlsInFront, until } from './process.mjs';
import { readMail } from './mail.mjs';

export class World {
  seconds = 0; // how far the server's clock is ahead
  readMails = new Set();
  closers = [];

  /** database is sqlite or postgres; secure puts TLS in front, as in production. */
  static async start(database, secure) {
    const w = Object.assign(new World(), { database, secure, name: `${database} by ${secure ? 'https' : 'http'}` });
    const home = path.join(scratch, database);
    fs.mkdirSync(home, { recursive: true });
    w.mails = path.join(home, 'mail');
    w.clock = path.join(home, 'clock');
    replace(w.clock, '');
    w.dns = path.join(home, 'dns.json');
    replace(w.dns, '{}');
    w.idp = await IdP.start(path.join(home, 'idp'), secure);
    const port = await freePort();
    w.backend = `http://127.0.0.1:${port}`;
    w.url = secure ? `https://localhost:${await tlsInFront(path.join(home, 'tls'), port)}` : `http://localhost:${port}`;
    const env = {
      E2E_CLOCK: w.clock, E2E_DNS: w.dns, ROLLCALL_ADDR: `127.0.0.1:${port}`, ROLLCALL_BASE_URL: w.url, ROLLCALL_SMTP_URL: `file:${w.mails}`,
      ROLLCALL_RATE_LIMIT: 'off', ROLLCALL_TRUSTED_PROXIES: '127.0.0.1', ROLLCALL_DATABASE_URL: await w.makeDatabase(home),
    };
    const program = setting('E2E_ROLLCALL');
    await ask(program, ['migrate'], { env: { ...process.env, ...env } });
    w.process = await serve(`rollcall-${database}`, `${w.backend}/readyz`, program, [], env);
    w.operator = fs.readFileSync(w.process.log, 'utf8').match(/rck_\w+/)?.[0];
    if (!w.operator) {
      throw new Error('the first start printed no operator key');
    }
    return w;
  }

  async makeDatabase(home) {
    if (this.database === 'sqlite') {
      return `sqlite:${path.join(home, 'rollcall.db')}`;
    }
    const server = setting('TEST_POSTGRES_DSN');
    const name = `e2e_browser_${process.pid}`;
    await ask('psql', [server, '-qc', `CREATE DATABASE ${name}`]);
    this.closers.push(() => ask('psql', [server, '-qc', `DROP DATABASE ${name} WITH (FORCE)`]));
    return server.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`);
  }

  async close() {
    await this.process.stop();
    for (const close of this.closers.reverse()) {
      await close();
    }
  }

  /** Sets the server's clock ahead of this machine's, or behind; for flows that walk alone. */
  setAhead(seconds) {
    this.seconds = seconds;
    replace(this.clock, String(seconds));
  }

  /** The server's time in milliseconds. */
  now() {
    return Date.now() + this.seconds * 1000;
  }

  /** Asks the API and returns its data; every error fails. */
  async query(document, variables = {}, key = this.operator) {
    const response = await fetch(`${this.backend}/graphql`, {
      method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: document, variables }),
    });
    const { data, errors } = await response.json();
    if (errors) {
      throw new Error(`${document}: ${JSON.stringify(errors)}`);
    }
    return data;
  }

  /** Runs a mutation and returns its payload; an error of the caller's fails too, unless the code is wanted. */
  async mutate(call, input, selection = 'clientMutationId', key = this.operator) {
    const kind = `${call[0].toUpperCase()}${call.slice(1)}Input!`;
    const { done } = await this.query(
      `mutation($input: ${kind}) { done: ${call}(input: $input) { ${selection} userErrors { code field message } } }`, { input }, key);
    if (done.userErrors.length > 0) {
      throw Object.assign(new Error(`${call}: ${JSON.stringify(done.userErrors)}`), { codes: done.userErrors.map((e) => e.code) });
    }
    return done;
  }

  /** Makes a team whose people sign in at the identity provider. */
  async team(slug, { name = slug[0].toUpperCase() + slug.slice(1), settings = {}, enable = true } = {}) {
    const { team } = await this.mutate('createTeam', { slug, name, plan: 'ENTERPRISE' }, 'team { id }');
    const t = { id: team.id, slug, name, entityId: `${this.url}/saml/${slug}`, path: `/saml/${slug}` };
    await this.mutate('updateSsoSettings', { teamId: t.id, confirmEmail: false, ...settings });
    await this.mutate('importMetadata', { teamId: t.id, xml: await this.idp.metadata() }, 'identityProvider { id }');
    // Ours after theirs: only then do they name the address for logout messages.
    this.idp.register(t.entityId, await (await fetch(`${this.backend}${t.path}/metadata`)).text());
    if (enable) {
      await this.mutate('enableSso', { teamId: t.id, skipLoginTest: true }, 'ssoSettings { state }');
    }
    return t;
  }

  /** The id of a team's one identity provider. */
  async provider(team) {
    const { team: { ssoSettings: { identityProviders: [one] } } } = await this.query(
      'query($slug: String!) { team(slug: $slug) { ssoSettings { identityProviders { id } } } }', { slug: team.slug });
    return one.id;
  }

  /** Proves that a domain is the team's. */
  async prove(team, name) {
    const { domain } = await this.mutate('addDomain', { teamId: team.id, name }, 'domain { id challenge { name value } }');
    replace(this.dns, JSON.stringify({ ...JSON.parse(fs.readFileSync(this.dns, 'utf8')), [domain.challenge.name]: [domain.challenge.value] }));
    await this.mutate('verifyDomain', { domainId: domain.id }, 'domain { held }');
  }

  /** Makes a person at the identity provider; rollcall does not know them yet. */
  hire(team, first, more = {}) {
    const lower = first.toLowerCase();
    const person = {
      user: `${lower}.${team.slug}`, password: `correct horse ${team.slug}`, nameId: `id-${lower}-${team.slug}`,
      email: `${lower}@${team.slug}.test`, givenName: first, sn: 'Example', ...more,
    };
    this.idp.hire(team.entityId, person);
    return person;
  }

  async members(team) {
    const data = await this.query(
      `query($slug: String!) { team(slug: $slug) { memberships(first: 50) { nodes { id role status source user { id email name } } } } }`,
      { slug: team.slug });
    return data.team.memberships.nodes;
  }

  /** The membership of a person, who has to be a member. */
  async member(team, email) {
    const found = (await this.members(team)).find((m) => m.user.email === email);
    if (!found) {
      throw new Error(`${email} is no member of ${team.slug}`);
    }
    return found;
  }

  /** What was recorded of a refused sign-in; the page shows the id only. */
  async attempt(id) {
    const { node } = await this.query('query($id: ID!) { node(id: $id) { ... on LoginAttempt { outcome code } } }', { id });
    return node;
  }

  /** Calls SCIM as the identity provider does. */
  async scim(token, method, resource, body) {
    const response = await fetch(token.baseUrl.replace(this.url, this.backend) + resource, {
      method, headers: { authorization: `Bearer ${token.secret}`, 'content-type': 'application/scim+json' }, body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${method} ${resource}: ${response.status} ${text}`);
    }
    return text && JSON.parse(text);
  }

  /** Waits for the oldest mail to an address that no call returned yet. */
  async mail(to, about = /./) {
    return until(`mail to ${to} about ${about}`, () => this.unread(to, about)[0]).then((found) => {
      this.readMails.add(found.file);
      return found;
    });
  }

  /** Mails to an address that no call returned yet, oldest first. */
  unread(to, about = /./) {
    if (!fs.existsSync(this.mails)) {
      return [];
    }
    return fs.readdirSync(this.mails).filter((f) => f.endsWith('.eml') && !this.readMails.has(f))
      .map((file) => ({ file, made: fs.statSync(path.join(this.mails, file)).mtimeMs, ...readMail(fs.readFileSync(path.join(this.mails, file), 'utf8')) }))
      .filter((m) => m.to.includes(to) && about.test(m.subject)).sort((a, b) => a.made - b.made);
  }
}
