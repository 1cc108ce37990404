// Runs last: every form that any flow came across, posted by a page of another
// site in the browser of somebody who is signed in.

import assert from 'node:assert/strict';
import { forms } from '../looks.mjs';

// What the identity provider's pages post by design; a signature is their guard.
const fromElsewhere = /^\/saml\/[^/]+\/(finalize|logout)$/;

export default [
  {
    name: 'every form, posted by another site', when: 'last',
    async walk(world, arrive) {
      const team = await world.team('across');
      const ada = world.hire(team, 'Ada');
      const v = await arrive();
      await v.signIn(team, ada);
      const paths = [...forms].filter((p) => !fromElsewhere.test(p)).sort();
      assert.ok(paths.includes('/signout'), `only ${paths} were found`);
      for (const path of paths) {
        await v.page.goto(`${world.idp.base}/logout.php`);
        await v.post(path, 'email=eve%40evil.test&password=1&code=1&token=1');
        await v.sees('failure', 'comes from a page of another site', 'cross-site');
      }
      await v.isSignedInAs(ada.email);
    },
  },
];
