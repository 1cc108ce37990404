// Being turned away, with an id that the team's admins can look up.

import assert from 'node:assert/strict';
import { settle, signInWithPassword } from './own.mjs';

/** Makes a team with a person who has signed in once, in a browser of theirs. */
async function settled(world, arrive, slug) {
  const team = await world.team(slug);
  const person = world.hire(team, 'Ada');
  const v = await arrive();
  await v.signIn(team, person);
  await v.sees('signedin', person.email);
  return { team, person, v, member: await world.member(team, person.email) };
}

export default [
  {
    name: 'a deactivated person', main: true,
    async walk(world, arrive) {
      const { team, person, v, member } = await settled(world, arrive, 'deactivated');
      await world.mutate('deactivateMembership', { membershipId: member.id });
      await v.isSignedInAs(null);
      await v.go(`${team.path}/init`);
      await v.comeBack();
      await v.isRefused('user_deactivated', 'Your access to this team is switched off', 'deactivated');
      await world.mutate('reactivateMembership', { membershipId: member.id });
      await v.go(`${team.path}/init`);
      await v.comeBack();
      await v.sees('signedin', person.email);
    },
  },
  {
    name: 'a deactivated person with a password of their own',
    async walk(world, arrive) {
      const team = await world.team('own-out', { enable: false });
      const email = `ada@${team.slug}.test`;
      const v = await settle(world, arrive, team, email);
      await signInWithPassword(v, email);
      await v.sees('signedin', email);
      await world.mutate('deactivateMembership', { membershipId: (await world.member(team, email)).id });
      await v.isSignedInAs(null);
      await signInWithPassword(v, email);
      await v.sees('elsewhere', 'You cannot come in', 'nowhere');
      await v.isSignedInAs(null);
    },
  },
  {
    name: 'a removed person',
    async walk(world, arrive) {
      const { team, v, member } = await settled(world, arrive, 'removed');
      await world.mutate('removeMembership', { membershipId: member.id });
      await v.go('/signin');
      await v.sees('ask', 'Team');
      await v.go(`${team.path}/init`);
      await v.comeBack();
      await v.isRefused('user_removed', 'You were removed from this team', 'removed');
      await v.isSignedInAs(null);
    },
  },
  {
    name: 'removed by SCIM, and taken in by SCIM again',
    async walk(world, arrive) {
      const { team, person, v } = await settled(world, arrive, 'scim-out');
      const token = await world.mutate('createScimToken', { teamId: team.id, name: 'browser' }, 'secret baseUrl');
      const { Resources: [found] } = await world.scim(token, 'GET', `/Users?filter=${encodeURIComponent(`userName eq "${person.email}"`)}`);
      await world.scim(token, 'DELETE', `/Users/${found.id}`);
      await v.isSignedInAs(null);
      await v.go(`${team.path}/init`);
      await v.comeBack();
      await v.isRefused('user_removed', 'You were removed from this team', 'removed');
      assert.deepEqual(await world.members(team), []);
      await world.scim(token, 'POST', '/Users', {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: person.email, externalId: person.nameId, active: true,
        emails: [{ value: person.email, primary: true, type: 'work' }],
      });
      await v.go(`${team.path}/init`);
      await v.comeBack();
      await v.sees('signedin', person.email);
    },
  },
  {
    name: 'another team does not open',
    async walk(world, arrive) {
      const { team, v } = await settled(world, arrive, 'ours');
      const theirs = await world.team('theirs');
      const answer = await v.holdAnswer(team, null);
      await v.post(`${theirs.path}/finalize`, answer);
      await v.sees('failure', 'could not be accepted', 'refused');
      assert.deepEqual(await world.members(theirs), []);
    },
  },
  {
    name: 'addresses where there is nothing, and wrong methods',
    async walk(world, arrive) {
      const v = await arrive();
      assert.equal((await v.go('/nothing/here')).status(), 404);
      await v.sees('failure', 'There is nothing at this address', 'nowhere');
      assert.equal((await v.go('/saml/no-such-team/init')).status(), 404);
      await v.sees('failure', 'There is nothing at this address', 'nowhere');
      assert.equal((await v.go('/signout')).status(), 405);
      await v.sees('failure', 'This address does not work that way', 'method');
      const team = await world.team('methods');
      assert.equal((await v.go(`${team.path}/finalize`)).status(), 405);
      await v.sees('failure', 'one step of a sign-in', 'step');
    },
  },
  {
    name: 'a form of another site',
    async walk(world, arrive) {
      const { v, person } = await settled(world, arrive, 'forged');
      await v.go(world.idp.base);
      await v.post(`${world.url}/signout`, '');
      await v.sees('failure', 'comes from a page of another site', 'cross-site');
      await v.isSignedInAs(person.email);
    },
  },
];
