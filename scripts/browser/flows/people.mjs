// What people do with links from mails: confirm their address, join a team.

import assert from 'node:assert/strict';
import { settle, signInWithPassword } from './own.mjs';

/** Opens a link as a mail scanner does, which has nobody's cookies. */
async function scan(world, link) {
  const response = await fetch(link.replace(world.url, world.backend));
  assert.equal(response.status, 200);
  await response.text();
}

/** The one link of a mail that leads to a path of ours. */
export function linkTo(mail, path) {
  const found = mail.links.filter((l) => new URL(l).pathname === path);
  assert.equal(found.length, 1, `the links are ${mail.links}`);
  return found[0];
}

export default [
  {
    name: 'the first sign-in, and confirming the address', main: true,
    async walk(world, arrive) {
      const team = await world.team('confirm', { settings: { confirmEmail: true } });
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      await v.sees('awaiting', ada.email);
      await v.isSignedInAs(ada.email);
      await v.go('/account');
      await v.sees('awaiting', ada.email);
      await assert.rejects(v.asks(`{ team(slug: "${team.slug}") { id } }`), /EMAIL_UNVERIFIED/);
      const link = linkTo(await world.mail(ada.email), '/verify');
      await scan(world, link);
      await v.follow('I have confirmed it');
      await v.sees('awaiting', ada.email);
      // The link works in another browser, as on a telephone, and signs nobody in.
      const phone = await arrive();
      await phone.go(link);
      await phone.sees('verify', 'Confirm that mail for it reaches you');
      await phone.press('Confirm this address');
      await phone.sees('verify', `${ada.email} is confirmed`, 'done');
      await phone.isSignedInAs(null);
      await v.follow('I have confirmed it');
      await v.sees('signedin', ada.email);
      await v.asks(`{ team(slug: "${team.slug}") { id } }`);
      // Once more changes nothing.
      await phone.go(link);
      await phone.sees('verify', `${ada.email} is confirmed`, 'done');
    },
  },
  {
    name: 'mails to confirm an address, one after the other',
    async walk(world, arrive) {
      const team = await world.team('resend', { settings: { confirmEmail: true } });
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      const first = linkTo(await world.mail(ada.email), '/verify');
      await v.press('Send the mail again');
      await v.sees('verify', 'A mail with a new link is on its way', 'sent');
      const second = linkTo(await world.mail(ada.email), '/verify');
      assert.notEqual(first, second);
      await v.go(first);
      await v.sees('verify', 'This link was used already, or a newer one took its place', 'used');
      let limited = false;
      for (let i = 0; i < 5 && !limited; i++) {
        await v.go('/signin');
        await v.press('Send the mail again');
        limited = (await v.text()).includes('within an hour');
      }
      await v.sees('verify', 'Three mails were sent within an hour', 'limited');
      await v.go('/verify?t=nonsense');
      await v.sees('verify', 'This link is not one of ours', 'unknown');
    },
  },
  {
    name: 'a link to confirm an address that somebody else opens',
    async walk(world, arrive) {
      const team = await world.team('stolen', { settings: { confirmEmail: true } });
      const ada = world.hire(team, 'Ada');
      const mallory = world.hire(team, 'Mallory');
      const v = await arrive();
      await v.signIn(team, ada);
      const link = linkTo(await world.mail(ada.email), '/verify');
      const thief = await arrive();
      await thief.signIn(team, mallory);
      await thief.go(link);
      await thief.sees('verify', 'for somebody else than the person who is signed in', 'other');
      await thief.go('/signin');
      await thief.sees('awaiting', mallory.email);
      await v.go('/signin');
      await v.sees('awaiting', ada.email);
    },
  },
  {
    name: 'a link to confirm an address that comes too late', when: 'alone',
    async walk(world, arrive) {
      const team = await world.team('confirm-late', { settings: { confirmEmail: true } });
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      const link = linkTo(await world.mail(ada.email), '/verify');
      world.setAhead(40 * 24 * 3600);
      await v.go(link);
      await v.sees('verify', 'This link has expired', 'expired');
    },
  },
  {
    name: 'an invitation', main: true,
    async walk(world, arrive) {
      const team = await world.team('invited', { enable: false });
      const bob = `bob@${team.slug}.test`;
      await world.mutate('createInvitations', { teamId: team.id, invitations: [{ email: bob, role: 'VIEWER' }] }, 'invitations { id }');
      const link = linkTo(await world.mail(bob, /invited/), '/invitation');
      await scan(world, link);
      assert.deepEqual(await world.members(team), []);
      const v = await arrive();
      await v.go(link);
      await v.sees('invitation', `You are invited to the team ${team.name} by those who run this server`);
      await v.press(`Join ${team.name}`);
      const member = await world.member(team, bob);
      assert.deepEqual([member.role, member.source, member.status], ['VIEWER', 'INVITATION', 'ACTIVE']);
      await v.isSignedInAs(null);
      await v.sees('choose', 'New password');
      await v.fill('New password', 'a few words in a row');
      await v.press('Set the password');
      await v.sees('choose', 'Your password is set', 'done');
      await v.follow('Sign in');
      await v.fill('E-mail address', bob);
      await v.fill('Password', 'a few words in a row');
      await v.press('Sign in');
      await v.sees('signedin', bob);
      // Twice is once.
      const again = await arrive();
      await again.go(link);
      await again.sees('invitation', 'was accepted or withdrawn already', 'used');
    },
  },
  {
    name: 'an invitation by an admin',
    async walk(world, arrive) {
      const team = await world.team('invited-by', { enable: false });
      const chief = `chief@${team.slug}.test`;
      const bob = `bob@${team.slug}.test`;
      const admin = await settle(world, arrive, team, chief, 'ADMIN');
      await signInWithPassword(admin, chief);
      await admin.sees('signedin', chief);
      await admin.asks(`mutation { createInvitations(input: {teamId: "${team.id}", invitations: [{email: "${bob}"}]}) { userErrors { code } } }`);
      const v = await arrive();
      await v.go(linkTo(await world.mail(bob, /invited/), '/invitation'));
      await v.sees('invitation', `${chief} invites you to the team ${team.name}`, 'person');
      // Whoever is signed in as somebody else is not the one who is asked.
      await admin.go(v.page.url());
      await admin.sees('invitation', 'for another address than the one that is signed in', 'other');
    },
  },
  {
    name: 'invitations that are of no use', when: 'alone',
    async walk(world, arrive) {
      const team = await world.team('uninvited');
      const ada = world.hire(team, 'Ada');
      const bob = world.hire(team, 'Bob');
      const invite = async (email) => {
        const { invitations: [one] } = await world.mutate('createInvitations', { teamId: team.id, invitations: [{ email }] }, 'invitations { id }');
        return { id: one.id, link: linkTo(await world.mail(email, /invited/), '/invitation') };
      };
      // 1. Withdrawn.
      const withdrawn = await invite(`eve@${team.slug}.test`);
      await world.mutate('revokeInvitation', { invitationId: withdrawn.id });
      const v = await arrive();
      await v.go(withdrawn.link);
      await v.sees('invitation', 'was accepted or withdrawn already', 'used');
      // 2. Old, for somebody who was removed since.
      const old = await invite(bob.email);
      const his = await arrive();
      await his.signIn(team, bob);
      await world.mutate('removeMembership', { membershipId: (await world.member(team, bob.email)).id });
      await v.go(old.link);
      if ((await v.text()).includes('Join')) {
        await v.press(/^Join/);
      }
      await v.sees('invitation', /accepted or withdrawn already|removed|ask/i, 'refused');
      assert.ok(!(await world.members(team)).some((m) => m.user.email === bob.email), 'an old invitation brought somebody back');
      // 3. For somebody else.
      const other = await invite(`carol@${team.slug}.test`);
      const hers = await arrive();
      await hers.signIn(team, ada);
      await hers.go(other.link);
      await hers.sees('invitation', 'for another address than the one that is signed in', 'other');
      // 4. None of ours, and too late.
      await v.go('/invitation?t=nonsense');
      await v.sees('invitation', 'This link is not one of ours', 'unknown');
      world.setAhead(90 * 24 * 3600);
      await v.go(other.link);
      await v.sees('invitation', 'This invitation has expired', 'expired');
    },
  },
];
