// Coming in through the identity provider.

import assert from 'node:assert/strict';

export default [
  {
    name: 'first sign-in by the name of the team', main: true,
    async walk(world, arrive) {
      const team = await world.team('first');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.go('/');
      await v.sees('ask', 'Team');
      await v.go('/signin?team=no!');
      await v.sees('ask', 'has 3 to 40 letters', 'wrong');
      await v.nameTeam(' First ');
      await v.logIn(ada);
      await v.sees('signedin', ada.email);
      await v.isSignedInAs(ada.email);
      const member = await world.member(team, ada.email);
      assert.deepEqual([member.role, member.source, member.status], ['MEMBER', 'JIT', 'ACTIVE']);
    },
  },
  {
    name: 'second sign-in is the same member', main: true,
    async walk(world, arrive) {
      const team = await world.team('second');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      const before = await world.member(team, ada.email);
      // The identity provider knows the browser, so it asks nothing.
      await v.go(team.path);
      await v.sees('team', `Sign in to ${team.name}`);
      await v.follow('Continue');
      await v.comeBack();
      await v.sees('signedin', ada.email);
      assert.deepEqual(await world.members(team), [before]);
    },
  },
  {
    name: 'two tabs at once',
    async walk(world, arrive) {
      const team = await world.team('tabs');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.go(`${team.path}/init`);
      const first = await v.newTab();
      await v.go(`${team.path}/init`);
      await v.logIn(ada);
      await v.sees('signedin', ada.email);
      // The other tab still shows the identity provider's question.
      v.page = first;
      await v.logIn(ada);
      await v.sees('signedin', ada.email);
      assert.equal((await world.members(team)).length, 1);
    },
  },
  {
    name: 'the Back button after a sign-in',
    async walk(world, arrive) {
      const team = await world.team('back');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.go(team.path);
      await v.follow('Continue');
      await v.logIn(ada);
      await v.sees('signedin', ada.email);
      // Back is the identity provider's page, which answers once more, this time
      // without a request. That is refused, and who was signed in stays so.
      await v.page.goBack({ waitUntil: 'commit' });
      await v.comeBack();
      await v.isRefused('idp_initiated_disabled', 'has to start here', 'unasked');
      await v.isSignedInAs(ada.email);
      await v.follow('Start again');
      await v.comeBack();
      await v.sees('signedin', ada.email);
    },
  },
  {
    name: 'the same answer again',
    async walk(world, arrive) {
      const team = await world.team('again');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      const answer = v.page.waitForRequest((r) => r.method() === 'POST' && r.url() === `${team.entityId}/finalize`);
      await v.signIn(team, ada);
      const form = (await answer).postData();
      await v.post(`${team.path}/finalize`, form);
      await v.isRefused('request_unknown', 'took too long, is finished already or began in another browser');
      await v.isSignedInAs(ada.email);
      await v.follow('Start again');
      await v.comeBack();
      await v.sees('signedin', ada.email);
    },
  },
  {
    name: 'an answer in another browser',
    async walk(world, arrive) {
      const team = await world.team('elsewhere');
      const mallory = world.hire(team, 'Mallory');
      const thief = await arrive();
      const victim = await arrive();
      // Mallory signs in, keeps the answer back, and has somebody else's browser
      // post it, who would then work in Mallory's account.
      const answer = await thief.holdAnswer(team, mallory);
      await victim.go(`${team.path}/init`);
      await victim.post(`${team.path}/finalize`, answer);
      await victim.isRefused('request_mismatch', 'began in another browser', 'stale');
      await victim.isSignedInAs(null);
    },
  },
  {
    name: 'an answer that comes too late', when: 'alone',
    async walk(world, arrive) {
      const team = await world.team('late');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      world.setAhead(-3000);
      await v.go(`${team.path}/init`);
      world.setAhead(0);
      await v.logIn(ada);
      await v.isRefused('request_expired', 'took too long');
      await v.isSignedInAs(null);
    },
  },
  {
    name: 'starting at the identity provider',
    async walk(world, arrive) {
      const team = await world.team('there');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.go(world.idp.startAt(team.entityId));
      await v.logIn(ada);
      await v.isRefused('idp_initiated_disabled', 'has to start here', 'unasked');
      await world.mutate('updateSsoSettings', { teamId: team.id, idpInitiatedEnabled: true });
      await v.go(world.idp.startAt(team.entityId));
      await v.comeBack();
      await v.sees('signedin', ada.email);
    },
  },
  {
    name: 'without JavaScript', main: true,
    async walk(world, arrive) {
      const team = await world.team('plain');
      const ada = world.hire(team, 'Ada');
      const v = await arrive({ javaScript: false });
      await v.go('/signin');
      await v.nameTeam('plain');
      await v.logIn(ada);
      await v.sees('signedin', ada.email);
      await v.press('Sign out');
      await v.page.waitForURL(/./);
      await v.isSignedInAs(null);
    },
  },
];
