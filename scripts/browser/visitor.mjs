// A visitor is a person with a browser of their own: cookies, tabs, and perhaps
// no JavaScript. They find things as people do, by label and by name.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { inspect } from './looks.mjs';
import { setting } from './process.mjs';

const { chromium } = createRequire(path.join(setting('E2E_MODULES'), 'here.js'))('playwright-core');

/** Starts Chromium, which finds nothing but this machine. */
export async function startBrowser() {
  return chromium.launch({
    executablePath: setting('E2E_CHROMIUM'),
    // Root may not use the sandbox; who else runs this, does.
    chromiumSandbox: process.getuid() !== 0,
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1', '--disable-background-networking'],
  });
}

// Everybody comes from an address of their own: wrong guesses are counted by it.
let visitors = 0;
const address = () => `198.18.${++visitors >> 8}.${visitors & 255}`;

export class Visitor {
  complaints = [];

  static async arrive(world, browser, { javaScript = true } = {}) {
    const v = new Visitor();
    v.world = world;
    v.javaScript = javaScript;
    v.context = await browser.newContext({
      javaScriptEnabled: javaScript, ignoreHTTPSErrors: world.secure, viewport: { width: 1280, height: 800 }, locale: 'en-GB',
      extraHTTPHeaders: { 'x-forwarded-for': address() },
    });
    v.context.setDefaultTimeout(30_000);
    v.context.on('console', (m) => {
      if (m.type() === 'error' && m.location().url.startsWith(world.url) && !/Failed to load resource/.test(m.text())) {
        v.complaints.push(`${m.location().url}: ${m.text()}`);
      }
    });
    v.context.on('weberror', (e) => {
      if (e.page()?.url().startsWith(world.url)) {
        v.complaints.push(`${e.page().url()}: ${e.error()}`);
      }
    });
    v.page = await v.context.newPage();
    return v;
  }

  async leave() {
    await this.context.close();
    assert.deepEqual(this.complaints, [], 'the browser complained');
  }

  /** Another tab of the same browser, which becomes the one in front. */
  async newTab() {
    const before = this.page;
    this.page = await this.context.newPage();
    return before;
  }

  async go(address) {
    return this.page.goto(address.startsWith('/') ? this.world.url + address : address);
  }

  /**
   * Makes sure that the page in front is made of a template and says something,
   * and takes a good look at it. state tells apart what one template shows.
   */
  async sees(template, says = /./, state = '') {
    const shown = this.page.locator(`body[data-page="${template}"]`).filter({ hasText: says });
    try {
      await shown.waitFor();
    } catch {
      const name = await this.page.locator('body').getAttribute('data-page').catch(() => null);
      throw new Error(`wanted the page ${template} saying ${says}, but ${this.page.url()} is ${name}:\n${(await this.text()).slice(0, 1500)}`);
    }
    await this.page.waitForLoadState('load');
    // Without JavaScript no timer runs, which axe-core needs.
    if (this.javaScript) {
      await inspect(this.page, template, state);
    }
  }

  async text() {
    return this.page.locator('body').innerText();
  }

  async fill(label, value) {
    await this.page.getByLabel(label, { exact: true }).fill(value);
  }

  /** Presses a button and waits until that leads somewhere. */
  async press(name) {
    await this.leads(this.page.getByRole('button', { name, exact: typeof name === 'string' }));
  }

  /** Types the name of a team on the page that asks for it. */
  async nameTeam(name) {
    await this.fill('Team', name);
    const elsewhere = this.page.waitForEvent('framenavigated', (f) => f === this.page.mainFrame());
    await Promise.all([elsewhere, this.page.getByLabel('Team', { exact: true }).press('Enter')]);
  }

  async follow(name) {
    await this.leads(this.page.getByRole('link', { name, exact: typeof name === 'string' }));
  }

  async leads(locator) {
    const elsewhere = this.page.waitForEvent('framenavigated', (f) => f === this.page.mainFrame());
    await Promise.all([elsewhere, locator.click()]);
  }

  /** Posts a form, urlencoded, from the page in front, whosesoever that is. */
  async post(address, form) {
    const elsewhere = this.page.waitForEvent('framenavigated', (f) => f === this.page.mainFrame());
    await this.page.evaluate(([action, fields]) => {
      const form = Object.assign(document.createElement('form'), { method: 'post', action });
      for (const [name, value] of new URLSearchParams(fields)) {
        form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
      }
      document.body.append(form);
      HTMLFormElement.prototype.submit.call(form);
    }, [address.startsWith('/') ? this.world.url + address : address, form]);
    await elsewhere;
  }

  /** Logs in at the identity provider and comes back. */
  async logIn(person) {
    await this.typeIn(person);
    await this.comeBack();
  }

  async typeIn(person) {
    await this.page.locator('#username').fill(person.user);
    await this.page.locator('#password').fill(person.password);
    await this.page.locator('#password').press('Enter');
  }

  /** Waits until the identity provider's page has brought the browser back. */
  async comeBack() {
    if (!this.javaScript) {
      await this.page.locator('button[type=submit]').click(); // the other one is for scripts
    }
    await this.page.waitForURL((u) => u.href.startsWith(this.world.url));
  }

  /** Signs in through the identity provider, which may know the browser already. */
  async signIn(team, person) {
    await this.go(`${team.path}/init`);
    await this.logIn(person);
  }

  /** Signs in at the identity provider but keeps its answer back, and returns that. */
  async holdAnswer(team, person) {
    const answer = new Promise((caught) => {
      this.page.route(`${team.entityId}/finalize`, async (route) => {
        await route.abort('aborted');
        caught(route.request().postData());
      }, { times: 1 });
    });
    await this.go(`${team.path}/init`);
    if (person) {
      await this.typeIn(person);
    }
    return answer;
  }

  /** Who the API says is asking with this browser's cookie; null for nobody. */
  async viewer() {
    const query = '{ viewer { user { id email } session { team { slug } nameId } } }';
    return (await this.asks(query).catch(() => null))?.viewer ?? null;
  }

  /** Asks the API with this browser's cookie; every error fails. */
  async asks(query) {
    const { data, errors } = await (await this.context.request.post(`${this.world.url}/graphql`, { data: { query } })).json();
    if (errors) {
      throw new Error(JSON.stringify(errors));
    }
    return data;
  }

  async isSignedInAs(email) {
    assert.equal((await this.viewer())?.user.email ?? null, email);
  }

  /** The id of the attempt that the page names. */
  async attempt() {
    const id = (await this.text()).match(/\btry_\w+/)?.[0];
    assert.ok(id, 'the page names no attempt');
    return id;
  }

  /** Makes sure that the page in front turns the person away, and why it did. */
  async isRefused(code, says, state) {
    await this.sees('failure', says, state);
    const attempt = await this.world.attempt(await this.attempt());
    assert.equal(attempt.code, code);
    assert.ok(!(await this.text()).includes(code), 'the page tells its code');
  }

  /** What the page says and looks like, for a test that failed. */
  async describe(folder, name) {
    const pages = this.context.pages();
    await Promise.all(pages.map((p, i) => p.screenshot({ path: path.join(folder, `${name}-${i}.png`), fullPage: true }).catch(() => {})));
    return pages.map((p) => p.url()).join(', ');
  }
}

/** Every template of the pages, by name. */
export const templates = (root) => fs.readdirSync(path.join(root, 'signin', 'pages'))
  .filter((f) => f !== 'layout.html').map((f) => f.replace(/\.html$/, '')).sort();
