// The way from a draft to single sign-on for everybody, and the day when the
// identity provider is down.

import assert from 'node:assert/strict';
import { plugIn, totp } from '../factors.mjs';
import { addApp, password, settle, signInWithPassword } from './own.mjs';

async function startTest(world, team) {
  const { loginTest } = await world.mutate('startLoginTest', { teamId: team.id }, 'loginTest { id url }');
  return loginTest;
}

async function result(world, test) {
  const { node } = await world.query('query($id: ID!) { node(id: $id) { ... on LoginTest { state effect code profile { email } role } } }', { id: test.id });
  return node;
}

export default [
  {
    name: 'a test login on a draft', main: true,
    async walk(world, arrive) {
      const team = await world.team('draft', { enable: false });
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      // A draft is nothing to anybody but a test login.
      await v.go(team.path);
      await v.sees('failure', 'There is nothing at this address', 'nowhere');
      await assert.rejects(world.mutate('enableSso', { teamId: team.id }), /TEST_LOGIN_REQUIRED/);
      const test = await startTest(world, team);
      await fetch(test.url.replace(world.url, world.backend)); // a mail scanner
      await v.go(test.url);
      await v.sees('test', 'Nobody is signed in, and nothing is changed or mailed', 'ask');
      await v.press('Begin the test login');
      await v.logIn(ada);
      await v.sees('test', 'A real sign-in would have made a new member', 'passed');
      await v.isSignedInAs(null);
      assert.deepEqual(await world.members(team), []);
      assert.deepEqual(world.unread(ada.email), []);
      const got = await result(world, test);
      assert.deepEqual([got.state, got.effect, got.profile.email, got.role], ['PASSED', 'CREATED', ada.email, 'MEMBER']);
      await v.go(test.url);
      await v.sees('test', 'This test login was begun already', 'used');
      await v.go('/test?t=nonsense');
      await v.sees('test', 'This link is not one of ours', 'unknown');
      // With that the team may be switched on, until trust changes.
      await world.mutate('enableSso', { teamId: team.id }, 'ssoSettings { state }');
      await v.go(`${team.path}/init`);
      await v.comeBack();
      await v.sees('signedin', ada.email);
    },
  },
  {
    name: 'a test login that fails',
    async walk(world, arrive) {
      const team = await world.team('draft-fails', { enable: false, settings: { allowedDomains: ['elsewhere.test'] } });
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.go((await startTest(world, team)).url);
      await v.press('Begin the test login');
      await v.logIn(ada);
      await v.sees('test', 'A real sign-in would have been refused', 'failed');
      assert.deepEqual(await world.members(team), []);
      await assert.rejects(world.mutate('enableSso', { teamId: team.id }), /TEST_LOGIN_REQUIRED/);
      // The answer belongs to the browser that began.
      const test = await startTest(world, team);
      await v.page.route(`${team.entityId}/finalize`, (route) => route.abort('aborted'), { times: 1 });
      const answer = v.page.waitForRequest((r) => r.url() === `${team.entityId}/finalize`);
      await v.go(test.url);
      await v.press('Begin the test login');
      const form = (await answer).postData();
      const thief = await arrive();
      await thief.go(`${world.idp.base}/logout.php`);
      await thief.post(`${team.path}/finalize`, form);
      await thief.sees('test', 'came back in another browser', 'elsewhere');
      assert.equal((await result(world, test)).state, 'PENDING');
    },
  },
  {
    name: 'enforcing, and the day the identity provider is down', when: 'alone', main: true,
    async walk(world, arrive) {
      const team = await world.team('enforced', { enable: false });
      const chief = `chief@${team.slug}.test`;
      const admin = await settle(world, arrive, team, chief, 'ADMIN');
      const late = `late@${team.slug}.test`;
      const lateOne = await settle(world, arrive, team, late);
      const ada = world.hire(team, 'Ada');
      const tester = await arrive();
      await tester.go((await startTest(world, team)).url);
      await tester.press('Begin the test login');
      await tester.logIn(ada);
      await tester.sees('test', 'A real sign-in would have', 'passed');
      await world.mutate('enableSso', { teamId: team.id }, 'ssoSettings { state }');
      await signInWithPassword(lateOne, late);
      await lateOne.sees('signedin', late);
      // 1. Not before a direct admin has a second factor.
      const preview = () => world.query(
        'query($id: ID!) { enforcementPreview(teamId: $id) { canEnforce revision blockers { code } losingAccess(first: 10) { nodes { user { email } } } } }', { id: team.id });
      const before = (await preview()).enforcementPreview;
      assert.equal(before.canEnforce, false);
      assert.ok(before.losingAccess.nodes.some((m) => m.user.email === late));
      await signInWithPassword(admin, chief);
      const { key } = await addApp(world, admin);
      const { codes } = await world.mutate('regenerateRecoveryCodes', { teamId: team.id }, 'codes');
      const now = (await preview()).enforcementPreview;
      assert.equal(now.canEnforce, true, JSON.stringify(now.blockers));
      await world.mutate('enforceSso', { teamId: team.id, revision: now.revision }, 'ssoSettings { state }');
      // 2. Whoever is not under single sign-on is out; the direct admin is not.
      await lateOne.isSignedInAs(null);
      await signInWithPassword(lateOne, late);
      await lateOne.sees('elsewhere', 'Your company signs you in', 'enforced');
      world.setAhead(60);
      await signInWithPassword(admin, chief);
      await admin.sees('factor', 'Six digits');
      await admin.fill('Code', totp(key, world.now()));
      await admin.press('Continue');
      await admin.sees('signedin', chief);
      world.setAhead(0);
      // 3. The identity provider is down; an admin comes in by a code, once.
      await world.idp.stop();
      try {
        const v = await arrive();
        await v.go(team.path);
        await v.follow('use a recovery code');
        await v.sees('recovery', 'when their identity provider does not answer');
        await v.fill('E-mail address', chief);
        await v.fill('Recovery code', 'aaaa-bbbb-cccc-dddd');
        await v.press('Sign in');
        await v.sees('recovery', 'The team, the address or the code is not right', 'wrong');
        await v.fill('Team', team.slug);
        await v.fill('E-mail address', chief);
        await v.fill('Recovery code', codes[0]);
        await v.press('Sign in');
        await v.sees('signedin', chief);
        const again = await arrive();
        await again.go(`/recovery?team=${team.slug}`);
        await again.fill('E-mail address', chief);
        await again.fill('Recovery code', codes[0]);
        await again.press('Sign in');
        await again.sees('recovery', 'The team, the address or the code is not right', 'wrong');
        await again.isSignedInAs(null);
        await v.asks(`mutation { relaxSso(input: {teamId: "${team.id}"}) { ssoSettings { state } userErrors { code message } } }`);
        await signInWithPassword(lateOne, late);
        await lateOne.sees('signedin', late);
      } finally {
        await world.idp.resume();
      }
    },
  },
  {
    name: 'a direct admin who has to set up a second factor first', when: 'alone',
    async walk(world, arrive) {
      const team = await world.team('enrolling', { enable: false });
      const one = await settle(world, arrive, team, `one@${team.slug}.test`, 'ADMIN');
      const other = await settle(world, arrive, team, `other@${team.slug}.test`, 'ADMIN');
      const third = await settle(world, arrive, team, `third@${team.slug}.test`, 'ADMIN');
      await world.mutate('enableSso', { teamId: team.id, skipLoginTest: true }, 'ssoSettings { state }');
      await signInWithPassword(one, `one@${team.slug}.test`);
      await addApp(world, one);
      const ada = world.hire(team, 'Ada');
      const tester = await arrive();
      await tester.go((await startTest(world, team)).url);
      await tester.press('Begin the test login');
      await tester.logIn(ada);
      await tester.sees('test', 'A real sign-in would have', 'passed');
      await world.mutate('regenerateRecoveryCodes', { teamId: team.id }, 'codes');
      await world.mutate('enforceSso', { teamId: team.id }, 'ssoSettings { state }');
      await signInWithPassword(other, `other@${team.slug}.test`, password);
      await other.sees('enrol', 'needs a second factor');
      await other.isSignedInAs(null);
      await other.fill('Code', '000000');
      await other.press('Confirm');
      await other.sees('enrol', /code/i, 'wrong');
      await other.fill('Code', totp(await other.page.locator('.secret').textContent(), world.now()));
      await other.press('Confirm');
      await other.sees('codes', 'Each of these stands in once');
      await other.follow('I have kept them');
      await other.isSignedInAs(`other@${team.slug}.test`);
      await plugIn(third);
      await signInWithPassword(third, `third@${team.slug}.test`);
      await third.sees('enrol', 'needs a second factor');
      await third.press('Make a passkey instead');
      await third.sees('codes', 'Each of these stands in once');
      await third.isSignedInAs(`third@${team.slug}.test`);
    },
  },
];
