// What strangers try with somebody's browser.

import assert from 'node:assert/strict';
import { password, settle } from './own.mjs';

export default [
  {
    name: 'ways back that lead elsewhere',
    async walk(world, arrive) {
      const team = await world.team('astray');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      for (const wanted of ['https://evil.test/', '//evil.test', '/\\evil.test', '/%5cevil.test', '/%2fevil.test', '/\t/evil.test', 'javascript:alert(1)', '/saml/astray/../../..//evil.test']) {
        await v.go(`${team.path}/init?return_to=${encodeURIComponent(wanted)}`);
        await v.comeBack();
        await v.sees('signedin', ada.email);
        assert.equal(v.page.url(), `${world.url}/signin`, wanted);
      }
      await v.go(`${team.path}/init?return_to=${encodeURIComponent('/signin?from=here')}`);
      await v.page.waitForURL(`${world.url}/signin?from=here`);
    },
  },
  {
    name: 'ways back that lead elsewhere, after a password',
    async walk(world, arrive) {
      const team = await world.team('astray-own', { enable: false });
      const email = `ada@${team.slug}.test`;
      const v = await settle(world, arrive, team, email);
      for (const [wanted, end] of [['https://evil.test/', '/signin'], ['//evil.test', '/signin'], ['/\\evil.test', '/signin'], ['/account', '/account']]) {
        await v.go(`/signin?return_to=${encodeURIComponent(wanted)}`);
        if (await v.viewer()) {
          await v.press('Sign out');
          await v.go(`/signin?return_to=${encodeURIComponent(wanted)}`);
        }
        await v.fill('E-mail address', email);
        await v.press('Continue');
        await v.fill('Password', password);
        await v.press('Sign in');
        await v.isSignedInAs(email);
        assert.equal(v.page.url(), world.url + end, wanted);
      }
    },
  },
  {
    name: "another team's identity provider asserts somebody", main: true,
    async walk(world, arrive) {
      const ours = await world.team('asserted');
      const theirs = await world.team('asserting');
      const ada = world.hire(ours, 'Ada');
      const v = await arrive();
      await v.signIn(ours, ada);
      await v.sees('signedin', ada.email);
      for (const [name, email] of [['Eve', ada.email], ['Mallory', ada.email.toUpperCase()]]) {
        const thief = await arrive();
        await thief.signIn(theirs, world.hire(theirs, name, { email }));
        await thief.isRefused('account_conflict', 'has an account already that this team does not manage', 'conflict');
        await thief.isSignedInAs(null);
      }
      assert.deepEqual(await world.members(theirs), []);
      await v.isSignedInAs(ada.email);
    },
  },
  {
    name: 'a session that somebody planted',
    async walk(world, arrive) {
      const team = await world.team('planted');
      const mallory = world.hire(team, 'Mallory');
      const ada = world.hire(team, 'Ada');
      const thief = await arrive();
      await thief.signIn(team, mallory);
      const planted = (await thief.context.cookies()).filter((c) => c.name.endsWith('rollcall_session'));
      assert.equal(planted.length, 1);
      const v = await arrive();
      await v.context.addCookies(planted);
      await v.signIn(team, ada);
      await v.isSignedInAs(ada.email);
      const [own] = (await v.context.cookies()).filter((c) => c.name.endsWith('rollcall_session'));
      assert.notEqual(own.value, planted[0].value);
      assert.ok(own.httpOnly && own.sameSite === 'Lax');
    },
  },
  {
    name: 'a session that a later sign-in replaced', main: true,
    async walk(world, arrive) {
      const team = await world.team('replaced');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      const [first] = (await v.context.cookies()).filter((c) => c.name.endsWith('rollcall_session'));
      // The identity provider's page posts from another site, so that the session's
      // cookie stays behind.
      await v.go(`${team.path}/init`);
      await v.comeBack();
      await v.sees('signedin', ada.email);
      const thief = await arrive();
      await thief.context.addCookies([first]);
      await thief.isSignedInAs(null);
      await v.isSignedInAs(ada.email);
    },
  },
  {
    name: 'pages in a frame',
    async walk(world, arrive) {
      const v = await arrive();
      await v.page.goto(`${world.idp.base}/logout.php`);
      const refused = v.page.waitForEvent('console', (m) => /frame-ancestors/.test(m.text()));
      await v.page.evaluate((src) => {
        document.body.append(Object.assign(document.createElement('iframe'), { src }));
      }, `${world.url}/signin`);
      await refused;
    },
  },
];
