// Somebody who has an account of their own comes through the identity provider.

import assert from 'node:assert/strict';
import { linkTo } from './people.mjs';
import { password, settle, signInWithPassword } from './own.mjs';

/** A team with somebody's own account on it, who then comes by the identity provider. */
async function meets(world, arrive, slug) {
  const team = await world.team(slug, { enable: false });
  const email = `ada@${slug}.test`;
  const own = await settle(world, arrive, team, email);
  await world.mutate('enableSso', { teamId: team.id, skipLoginTest: true }, 'ssoSettings { state }');
  const ada = world.hire(team, 'Ada', { email });
  const v = await arrive();
  await v.signIn(team, ada);
  await v.sees('upgrade', 'That address has an account');
  await v.isSignedInAs(null);
  return { team, email, ada, own, v };
}

export default [
  {
    name: 'an own account goes under single sign-on, by its password', main: true,
    async walk(world, arrive) {
      const { team, email, own, v } = await meets(world, arrive, 'upgrade');
      await signInWithPassword(own, email);
      await own.sees('signedin', email);
      await v.fill("The account's password", 'not this one at all');
      await v.press("Use my team's sign-in from now on");
      await v.sees('upgrade', 'did not prove that the account is yours', 'wrong');
      await v.fill("The account's password", password);
      await v.press("Use my team's sign-in from now on");
      await v.comeBack();
      await v.sees('signedin', email);
      assert.equal((await world.members(team)).length, 1);
      // The password is no use any more, and what it had opened is closed.
      await own.isSignedInAs(null);
      await signInWithPassword(own, email);
      await own.sees('password', 'is wrong', 'wrong');
      await v.go(`${team.path}/init`);
      await v.comeBack();
      await v.sees('signedin', email);
    },
  },
  {
    name: 'an own account goes under single sign-on, by a link',
    async walk(world, arrive) {
      const { email, v } = await meets(world, arrive, 'upgrade-mail');
      await v.press(`Send a link to ${email}`);
      await v.sees('upgrade', 'A mail with a link is on its way', 'mailed');
      const link = linkTo(await world.mail(email, /sign-in|account/i), '/upgrade');
      await fetch(link.replace(world.url, world.backend)); // a mail scanner
      // It belongs to the browser that came through the identity provider.
      const thief = await arrive();
      await thief.go(link);
      await thief.sees('upgrade', 'This page belongs to the browser in which you signed in', 'elsewhere');
      await v.go(link);
      await v.sees('upgrade', 'Do you want to use the sign-in', 'linked');
      await v.press("Use my team's sign-in from now on");
      await v.comeBack();
      await v.sees('signedin', email);
    },
  },
  {
    name: 'an own account stays its own',
    async walk(world, arrive) {
      const { team, email, own, v } = await meets(world, arrive, 'decline');
      await v.press('No, keep my password');
      await v.sees('upgrade', 'Your account stays your own', 'declined');
      await v.isSignedInAs(null);
      await signInWithPassword(own, email);
      await own.sees('signedin', email);
      // Asked again, they may still agree.
      await v.go(`${team.path}/init`);
      await v.comeBack();
      await v.sees('upgrade', 'You declined this before', 'again');
      await v.fill("The account's password", password);
      await v.press("Use my team's sign-in from now on");
      await v.comeBack();
      await v.sees('signedin', email);
      // What was answered cannot be answered again.
      await v.page.goBack();
      await v.go('/upgrade');
      await v.sees('upgrade', /belongs to the browser|answered already/, 'over');
    },
  },
];
