// What every page owes to those who look at it: checked by axe-core, in both
// colour schemes, on a telephone's and on a desk's width, and by keyboard. Each
// look leaves a screenshot, for people to look at.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { setting } from './process.mjs';

const axe = fs.readFileSync(path.join(setting('E2E_MODULES'), 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
const shots = setting('E2E_SHOTS');

// The names of templates that a browser has shown, and the looks taken.
export const seen = new Set();
const taken = new Set();
export const looks = () => taken.size;

const variants = [
  { width: 1280, colorScheme: 'light' }, { width: 1280, colorScheme: 'dark' }, { width: 360, colorScheme: 'dark' }, { width: 360, colorScheme: 'light' },
];

/** The paths that forms of our own post to, as far as looks were taken. */
export const forms = new Set();

/** Looks at a page of the template, once for each state that is worth a name. */
export async function inspect(page, template, state) {
  seen.add(template);
  const name = state ? `${template}-${state}` : template;
  if (taken.has(name)) {
    return;
  }
  taken.add(name);
  const problems = [...await keyboard(page)];
  for (const action of await page.evaluate(() => [...document.forms].filter((f) => f.method === 'post').map((f) => f.action))) {
    const { origin, pathname } = new URL(action);
    if (origin === new URL(page.url()).origin) {
      forms.add(pathname);
    }
  }
  for (const { width, colorScheme } of variants) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: path.join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    const at = `${width} px, ${colorScheme}`;
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) {
      problems.push(`${at}: ${wide} px have to be scrolled sideways`);
    }
    problems.push(...(await accessibility(page)).map((p) => `${at}: ${p}`));
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
  assert.deepEqual(problems, [], `the page ${name} at ${page.url()}`);
}

async function accessibility(page) {
  await page.evaluate(`if (!window.axe) { ${axe} }`);
  const violations = await page.evaluate(`axe.run(document, { resultTypes: ['violations'], elementRef: false }).then((r) => r.violations)`);
  return violations.flatMap((v) => v.nodes.map((n) => `axe ${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`));
}

// What Tab should stop at: of radio buttons with one name, one.
const stops = `[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter((e) => !e.disabled && e.checkVisibility())`;

/** Walks the page by Tab: it stops at every control, visibly. */
async function keyboard(page) {
  const problems = [];
  const wanted = await page.evaluate(`new Set(${stops}.map((e) => e.type === 'radio' ? e.name : e)).size`);
  await page.evaluate('document.activeElement.blur()');
  const reached = new Set();
  for (let i = 0; i < wanted; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const e = document.activeElement;
      const style = getComputedStyle(e);
      const all = [...document.querySelectorAll('*')];
      return { index: all.indexOf(e), name: e.outerHTML.slice(0, 80), visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, body: e === document.body };
    });
    if (!at.body) {
      reached.add(at.index);
      if (!at.visible) {
        problems.push(`the focus cannot be seen on ${at.name}`);
      }
    }
  }
  if (reached.size !== wanted) {
    problems.push(`Tab reaches ${reached.size} of ${wanted} controls`);
  }
  await page.evaluate('document.activeElement.blur()');
  return problems;
}
