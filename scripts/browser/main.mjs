// The browser run: starts everything once, walks every flow on SQLite, and the
// main ones once more on PostgreSQL with TLS in front. See scripts/e2e-browser.

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { looks, seen } from './looks.mjs';
import { logs, root, setting, stopAll } from './process.mjs';
import { startBrowser, templates, Visitor } from './visitor.mjs';
import { World } from './world.mjs';
import signin from './flows/signin.mjs';
import refusals from './flows/refusals.mjs';
import signout from './flows/signout.mjs';
import people from './flows/people.mjs';
import own from './flows/own.mjs';
import teams from './flows/teams.mjs';
import upgrade from './flows/upgrade.mjs';
import switchover from './flows/switchover.mjs';
import attacks from './flows/attacks.mjs';
import forms from './flows/forms.mjs';

const flows = [...signin, ...refusals, ...signout, ...people, ...own, ...teams, ...upgrade, ...switchover, ...attacks, ...forms];
const only = new RegExp(process.env.E2E_ONLY ?? '');
const shots = setting('E2E_SHOTS');

const browser = await startBrowser();
const worlds = [];

for (const [database, secure] of [['sqlite', false], ['postgres', true]]) {
  const mine = flows.filter((f) => (database === 'sqlite' || f.main) && only.test(f.name));
  if (mine.length > 0) {
    worlds.push({ flows: mine, world: await World.start(database, secure) });
  }
}

// The worlds beside each other, and in each one two flows beside each other but
// for those that set its clock, which come after, and the one that looks back at
// all the others.
describe('flows', { concurrency: worlds.length }, () => {
  for (const { world, flows: mine } of worlds) {
    describe(world.name, { concurrency: 1 }, () => {
      const some = (kind, concurrency) => describe(kind, { concurrency }, () => {
        for (const flow of mine.filter((f) => (f.when ?? 'any time') === kind)) {
          it(flow.name, { timeout: 120_000 }, () => walk(world, flow));
        }
      });
      some('any time', 2);
      some('alone', 1);
      some('last', 1);
    });
  }
});

async function walk(world, flow) {
  const visitors = [];
  const arrive = async (options) => {
    const v = await Visitor.arrive(world, browser, options);
    visitors.push(v);
    return v;
  };
  try {
    await flow.walk(world, arrive);
  } catch (e) {
    const name = `failed-${world.database}-${flow.name.replace(/\W+/g, '-')}`;
    const where = await Promise.all(visitors.map((v, i) => v.describe(shots, `${name}-${i}`)));
    e.message += `\nthe browsers stand at ${where.join(' and ')}`;
    await Promise.all(visitors.map((v) => v.context.close()));
    throw e;
  } finally {
    if (flow.when) {
      world.setAhead(0);
    }
  }
  for (const v of visitors) {
    await v.leave();
  }
}

if (!process.env.E2E_ONLY) {
  it('every page was shown', () => {
    assert.deepEqual(templates(root).filter((t) => !seen.has(t)), [], 'templates that no flow showed');
  });
}

let failed = false;
after(async () => {
  await browser.close();
  if (process.exitCode) {
    failed = true;
    console.error(logs());
  }
  for (const { world } of worlds) {
    await world.close();
  }
  await stopAll();
  if (!failed) {
    console.log(`e2e-browser: ${flows.length} flows, ${looks()} states of ${seen.size} pages, each looked at four times`);
  }
});
