// Which team, and which way in to it: the picker, domains that lead to an
// identity provider, and single sign-on that is switched off again.

import assert from 'node:assert/strict';
import { password, settle, signInWithPassword } from './own.mjs';
import { linkTo } from './people.mjs';

/** The slug of the team that a browser's session is of. */
const teamOf = async (v) => (await v.viewer())?.session.team.slug ?? null;

export default [
  {
    name: 'somebody on several teams', main: true,
    async walk(world, arrive) {
      const [one, other, third] = [await world.team('picks-one', { enable: false }), await world.team('picks-other', { enable: false }), await world.team('picks-third', { enable: false })];
      const email = `ada@${one.slug}.test`;
      const v = await settle(world, arrive, one, email);
      for (const team of [other, third]) {
        await world.mutate('createInvitations', { teamId: team.id, invitations: [{ email }] }, 'invitations { id }');
        await v.go(linkTo(await world.mail(email, new RegExp(team.name)), '/invitation'));
        await v.press(`Join ${team.name}`);
        await v.sees('ask', 'E-mail address');
      }
      await signInWithPassword(v, email);
      await v.sees('teams', 'Which team?');
      assert.equal(await teamOf(v), null);
      await v.press(new RegExp(`^${other.name}`));
      await v.sees('signedin', `on team ${other.name}`, 'several');
      assert.equal(await teamOf(v), other.slug);
      const before = (await v.context.cookies()).find((c) => c.name.endsWith('rollcall_session'));
      await v.press(new RegExp(`^${one.name}`));
      await v.sees('signedin', `on team ${one.name}`, 'several');
      assert.equal(await teamOf(v), one.slug);
      const thief = await arrive();
      await thief.context.addCookies([before]);
      assert.equal(await teamOf(thief), null);
      // Under single sign-on a team is entered by its identity provider alone, and
      // the others as ever.
      const ada = world.hire(third, 'Ada', { email });
      await world.mutate('enableSso', { teamId: third.id, skipLoginTest: true }, 'ssoSettings { state }');
      await v.signIn(third, ada);
      // The session of their own, which this browser has, is proof enough.
      await v.sees('upgrade', 'That address has an account', 'proved');
      await v.press("Use my team's sign-in from now on");
      await v.comeBack();
      await v.sees('signedin', `on team ${third.name}`);
      const late = await arrive();
      await signInWithPassword(late, email);
      await late.sees('teams', 'at its identity provider', 'provider');
      await late.press(new RegExp(`^${third.name}`));
      await late.logIn(ada);
      await late.sees('signedin', `on team ${third.name}`);
      assert.equal(await teamOf(late), third.slug);
      // The step was used up by that choice.
      await late.go('/signin/team');
      await late.sees('failure', 'took too long, is finished already or began in another browser', 'step-over');
    },
  },
  {
    name: 'an address in a domain that a team proved', main: true,
    async walk(world, arrive) {
      const team = await world.team('routed');
      const domain = `${team.slug}.test`;
      await world.mutate('updateIdentityProvider', { identityProviderId: await world.provider(team), loginHintParameter: 'login_hint' });
      await world.prove(team, domain);
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      for (const email of [`nobody@${domain}`, ada.email]) {
        await v.go('/signin?return_to=/account');
        await v.fill('E-mail address', email);
        const asked = v.page.waitForRequest((r) => r.url().startsWith(world.idp.base) && r.url().includes('SAMLRequest='));
        await v.press('Continue');
        assert.equal(new URL((await asked).url()).searchParams.get('login_hint'), email);
      }
      await v.logIn(ada);
      await v.sees('account', 'You sign in at your company', 'sso');
      // A domain under it, or one that looks like it, is another one.
      const stranger = await arrive();
      for (const near of [`ada@sub.${domain}`, `ada@x${domain}`]) {
        await stranger.go('/signin');
        await stranger.fill('E-mail address', near);
        await stranger.press('Continue');
        await stranger.sees('password', 'Password');
      }
    },
  },
  {
    name: 'single sign-on is switched off, and people set a password',
    async walk(world, arrive) {
      const team = await world.team('off-again');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      await v.sees('signedin', ada.email);
      await world.mutate('disableSso', { teamId: team.id }, 'ssoSettings { state }');
      await v.go(`${team.path}/init`);
      await v.sees('failure', 'There is nothing at this address', 'nowhere');
      const later = await arrive();
      await later.go('/signin');
      await later.fill('E-mail address', ada.email);
      await later.press('Continue');
      await later.sees('password', 'Password');
      await later.follow('Forgotten your password, or never had one?');
      await later.fill('E-mail address', ada.email);
      await later.press('Send the mail');
      await later.sees('reset', 'If somebody with this address', 'sent');
      await later.go(linkTo(await world.mail(ada.email, /password/), '/password'));
      await later.fill('New password', password);
      await later.press('Set the password');
      await later.follow('Sign in');
      await later.fill('E-mail address', ada.email);
      await later.fill('Password', password);
      await later.press('Sign in');
      await later.sees('signedin', ada.email);
      // Switched on again, the password is of no use.
      await world.mutate('enableSso', { teamId: team.id, skipLoginTest: true }, 'ssoSettings { state }');
      const last = await arrive();
      await signInWithPassword(last, ada.email);
      await last.isSignedInAs(null);
      await last.sees('elsewhere', 'Your company signs you in', 'enabled');
      await last.follow(`Continue to ${team.name}`);
      await last.logIn(ada);
      await last.sees('signedin', ada.email);
    },
  },
];
