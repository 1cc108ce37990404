// Leaving, here and at the identity provider.

export default [
  {
    name: 'signing out takes the identity provider along', main: true,
    async walk(world, arrive) {
      const team = await world.team('leaving');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      await v.sees('signedin', ada.email);
      await v.press('Sign out');
      await v.sees('signedout', 'at your identity provider');
      await v.isSignedInAs(null);
      await v.follow('Sign in again');
      await v.sees('ask');
      // The identity provider has forgotten the browser: it asks again.
      await v.go(`${team.path}/init`);
      await v.logIn(ada);
      await v.sees('signedin', ada.email);
    },
  },
  {
    name: 'signing out at the identity provider',
    async walk(world, arrive) {
      const team = await world.team('ending');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      await v.go(world.idp.signOut);
      await v.page.waitForLoadState('load');
      await v.isSignedInAs(null);
    },
  },
  {
    name: 'the step that carries a message by form',
    async walk(world, arrive) {
      const team = await world.team('posting');
      await world.mutate('updateIdentityProvider', { identityProviderId: await world.provider(team), ssoBinding: 'POST' });
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.go(`${team.path}/init`);
      await v.logIn(ada);
      await v.sees('signedin', ada.email);
      // Nothing can look at a page that goes on by itself, so one is shown without
      // the line that does that.
      const still = await arrive();
      await still.page.route(`${team.entityId}/init`, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, body: (await response.text()).replace(/<script nonce=.*<\/script>/, '') });
      });
      await still.go(`${team.path}/init`);
      await still.sees('onward', 'goes on to your identity provider');
      const plain = await arrive({ javaScript: false });
      await plain.go(`${team.path}/init`);
      await plain.press('Continue');
      await plain.logIn(ada);
      await plain.sees('signedin', ada.email);
    },
  },
];
