// Coming in without an identity provider: passwords, second factors, passkeys.

import assert from 'node:assert/strict';
import { plugIn, totp } from '../factors.mjs';
import { linkTo } from './people.mjs';

export const password = 'seven green bicycles';

/** Makes somebody an account of their own on a team, by an invitation, with a password. */
export async function settle(world, arrive, team, email, role = 'MEMBER') {
  await world.mutate('createInvitations', { teamId: team.id, invitations: [{ email, role }] }, 'invitations { id }');
  const v = await arrive();
  await v.go(linkTo(await world.mail(email, /invited/), '/invitation'));
  await v.press(`Join ${team.name}`);
  await v.sees('choose', 'New password');
  await v.fill('New password', password);
  await v.press('Set the password');
  await v.sees('choose', 'Your password is set', 'done');
  return v;
}

export async function signInWithPassword(v, email, typed = password) {
  await v.go('/signin/password');
  await v.fill('E-mail address', email);
  await v.fill('Password', typed);
  await v.press('Sign in');
}

/** Adds an authenticator app at /account and returns its key and the backup codes. */
export async function addApp(world, v) {
  await v.go('/account');
  await v.page.getByText('Add a second factor', { exact: true }).click();
  await v.page.locator('#factor-name').fill('Telephone');
  await v.page.locator('#proof-factor').fill(password);
  await v.press('Add an authenticator app');
  await v.sees('totp', 'Scan this with your authenticator app');
  const key = await v.page.locator('.secret').textContent();
  await v.fill('Code', '000000');
  await v.press('Confirm');
  await v.sees('totp', /code/i, 'wrong');
  await v.fill('Code', totp(key, world.now()));
  await v.press('Confirm');
  await v.sees('codes', 'Each of these stands in once');
  const codes = await v.page.locator('.codes li').allTextContents();
  await v.follow('I have kept them');
  return { key, codes };
}

export default [
  {
    name: 'an address and a password', main: true,
    async walk(world, arrive) {
      const team = await world.team('own', { enable: false });
      const email = `ada@${team.slug}.test`;
      const v = await settle(world, arrive, team, email, 'ADMIN');
      await v.go('/signin');
      await v.fill('E-mail address', email);
      await v.press('Continue');
      await v.sees('password', 'Password');
      await v.fill('Password', 'not this one at all');
      await v.press('Sign in');
      await v.sees('password', /not|wrong|match/i, 'wrong');
      await v.fill('Password', password);
      await v.press('Sign in');
      await v.sees('signedin', email);
      await v.follow('Your account');
      await v.sees('account', 'You have none', 'plain');
      await v.press('Sign out');
      await v.sees('ask');
      await v.isSignedInAs(null);
      // The Back button shows nothing of what was there.
      await v.page.goBack();
      await v.sees('ask');
      assert.equal(v.page.url(), `${world.url}/signin?return_to=/account`);
      // An address that nobody has is answered with the same words.
      await v.fill('E-mail address', `nobody@${team.slug}.test`);
      await v.press('Continue');
      await v.fill('Password', 'not this one at all');
      await v.press('Sign in');
      await v.sees('password', /not|wrong|match/i, 'wrong');
    },
  },
  {
    name: 'a forgotten password',
    async walk(world, arrive) {
      const team = await world.team('forgotten', { enable: false });
      const email = `ada@${team.slug}.test`;
      const elsewhere = await settle(world, arrive, team, email);
      await signInWithPassword(elsewhere, email);
      await elsewhere.sees('signedin', email);
      const v = await arrive();
      await v.go('/signin/password');
      await v.follow('Forgotten your password, or never had one?');
      await v.sees('reset', 'We mail you a link');
      await v.fill('E-mail address', email);
      await v.press('Send the mail');
      await v.sees('reset', 'If somebody with this address', 'sent');
      const link = linkTo(await world.mail(email, /new password/), '/password');
      await fetch(link.replace(world.url, world.backend)); // a mail scanner
      await v.go(link);
      await v.sees('choose', 'New password');
      await v.fill('New password', 'password1234');
      await v.press('Set the password');
      await v.sees('choose', 'among those that are tried first', 'common');
      await v.fill('New password', 'nine purple elephants');
      await v.press('Set the password');
      await v.sees('choose', 'Your password is set', 'done');
      await v.go(link);
      await v.sees('failure', 'This link does not work', 'link');
      await elsewhere.isSignedInAs(null);
      await signInWithPassword(v, email);
      await v.sees('password', /not|wrong|match/i, 'wrong');
      await signInWithPassword(v, email, 'nine purple elephants');
      await v.sees('signedin', email);
      // Nobody can tell from outside who has an account.
      const stranger = await arrive();
      await stranger.go('/password');
      await stranger.fill('E-mail address', 'nobody@nowhere.test');
      await stranger.press('Send the mail');
      await stranger.sees('reset', 'If somebody with this address', 'sent');
      assert.deepEqual(world.unread('nobody@nowhere.test'), []);
    },
  },
  {
    name: 'an authenticator app and backup codes', when: 'alone', main: true,
    async walk(world, arrive) {
      const team = await world.team('app', { enable: false });
      const email = `ada@${team.slug}.test`;
      const v = await settle(world, arrive, team, email, 'ADMIN');
      await signInWithPassword(v, email);
      await v.sees('signedin', email);
      const { key, codes } = await addApp(world, v);
      assert.ok(codes.length >= 8);
      await v.go('/account');
      await v.sees('account', 'Telephone', 'app');
      await v.press('Sign out');
      // A code works once, and not without the password.
      world.setAhead(30);
      await signInWithPassword(v, email);
      await v.sees('factor', 'Six digits');
      await v.isSignedInAs(null);
      const code = totp(key, world.now());
      await v.fill('Code', code === '123456' ? '123457' : '123456');
      await v.press('Continue');
      await v.sees('factor', /code/i, 'wrong');
      await v.fill('Code', code);
      await v.press('Continue');
      await v.sees('signedin', email);
      const second = await arrive();
      await signInWithPassword(second, email);
      await second.fill('Code', code);
      await second.press('Continue');
      await second.sees('factor', /code/i, 'wrong');
      // A backup code stands in for it, once.
      await second.fill('Code', codes[0]);
      await second.press('Continue');
      await second.sees('signedin', email);
      const third = await arrive();
      await signInWithPassword(third, email);
      await third.fill('Code', codes[0]);
      await third.press('Continue');
      await third.sees('factor', /code/i, 'wrong');
      await third.isSignedInAs(null);
      // The account's page ends the other browser's session.
      await v.go('/account');
      await v.sees('account', 'Browsers that are signed in', 'browsers');
      await v.press(/^End/);
      await second.isSignedInAs(null);
      await v.isSignedInAs(email);
    },
  },
  {
    name: 'changing how one signs in', when: 'alone',
    async walk(world, arrive) {
      const team = await world.team('changing', { enable: false });
      const email = `ada@${team.slug}.test`;
      const v = await settle(world, arrive, team, email);
      await signInWithPassword(v, email);
      await v.sees('signedin', email);
      const { codes } = await addApp(world, v);
      const open = async (summary) => {
        await v.go('/account');
        await v.page.locator('summary').filter({ hasText: summary }).click();
      };
      await open('Rename or remove');
      await v.page.locator('#name-0').fill('Old telephone');
      await v.press(/^Rename/);
      await v.sees('account', 'The second factor has its new name', 'renamed');
      await open('Make new codes');
      await v.page.locator('#proof-codes').fill('not this one at all');
      await v.press('Make new codes');
      await v.sees('account', 'The password is wrong', 'wrong');
      await v.page.locator('#proof-codes').fill(password);
      await v.press('Make new codes');
      await v.sees('codes', 'Each of these stands in once');
      // The codes before those do not work any more; another browser sees to it.
      const other = await arrive();
      await signInWithPassword(other, email);
      await other.fill('Code', codes[0]);
      await other.press('Continue');
      await other.sees('factor', /code/i, 'wrong');
      await other.fill('Code', (await v.page.locator('.codes li').allTextContents())[0]);
      await other.press('Continue');
      await other.sees('signedin', email);
      await open('Change the password');
      await v.page.locator('#proof-password').fill(password);
      await v.fill('New password', 'nine purple elephants');
      await v.press('Save');
      await v.sees('account', 'Your password is changed', 'password');
      await other.isSignedInAs(null);
      await v.isSignedInAs(email);
      await open('Rename or remove');
      await v.page.locator('#proof-0').fill('nine purple elephants');
      await v.press(/^Remove/);
      await v.sees('account', 'The second factor is removed', 'removed');
      assert.ok(await world.mail(email, /second factor/));
      await signInWithPassword(other, email, 'nine purple elephants');
      await other.sees('signedin', email);
    },
  },
  {
    name: 'a password and an authenticator app, without JavaScript', when: 'alone',
    async walk(world, arrive) {
      const team = await world.team('own-plain', { enable: false });
      const email = `ada@${team.slug}.test`;
      const v = await settle(world, () => arrive({ javaScript: false }), team, email);
      await signInWithPassword(v, email);
      await v.sees('signedin', email);
      const { codes } = await addApp(world, v);
      await v.go('/account');
      await v.page.getByText('Add a second factor', { exact: true }).click();
      await v.page.locator('#proof-factor').fill(password);
      await v.press('Add a passkey');
      await v.sees('newkey');
      assert.match(await v.text(), /Passkeys need a script/);
      await signInWithPassword(v, email);
      await v.fill('Code', codes[0]);
      await v.press('Continue');
      await v.sees('signedin', email);
    },
  },
  {
    name: 'a passkey',
    async walk(world, arrive) {
      const team = await world.team('passkey', { enable: false });
      const email = `ada@${team.slug}.test`;
      const v = await settle(world, arrive, team, email, 'ADMIN');
      await plugIn(v);
      await signInWithPassword(v, email);
      await v.sees('signedin', email);
      await v.go('/account');
      await v.page.getByText('Add a second factor', { exact: true }).click();
      await v.page.locator('#proof-factor').fill(password);
      await v.press('Add a passkey');
      await v.sees('newkey', 'Your browser makes the passkey');
      await v.press('Make the passkey');
      await v.sees('codes', 'Each of these stands in once');
      await v.go('/account');
      await v.press('Sign out');
      // In place of the password and the second factor,
      await v.sees('ask');
      await v.press('Sign in with a passkey');
      await v.sees('signedin', email);
      await v.go('/account');
      await v.press('Sign out');
      // and as the second factor.
      await signInWithPassword(v, email);
      await v.sees('factor', 'Use your passkey', 'passkey');
      await v.press('Use your passkey');
      await v.sees('signedin', email);
    },
  },
];
