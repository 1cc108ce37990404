// The identity provider: SimpleSAMLphp as Debian packages it, with the
// configuration of scripts/idps/simplesamlphp. It lives at 127.0.0.1 and
// rollcall at localhost, which are two sites to a browser.

import fs from 'node:fs';
import path from 'node:path';
import { freePort, replace, root, selfSigned, serve, setting, tlsInFront } from './process.mjs';

const place = '/saml2/idp/';

export class IdP {
  services = {};

  /** secure puts TLS in front: a page that came by https may not lead to http. */
  static async start(home, secure) {
    const idp = new IdP();
    idp.home = home;
    fs.mkdirSync(path.join(home, 'tmp'), { recursive: true });
    await selfSigned(home);
    idp.port = await freePort();
    idp.backend = `http://127.0.0.1:${idp.port}`;
    idp.base = secure ? `https://127.0.0.1:${await tlsInFront(path.join(home, 'tls'), idp.port)}` : idp.backend;
    idp.save();
    await idp.resume();
    return idp;
  }

  /** Starts the process (again). */
  async resume() {
    this.process = await serve(`simplesamlphp-${this.port}`, `${this.backend}${place}metadata.php`, 'php',
      ['-d', 'date.timezone=UTC', '-d', 'display_errors=0', '-S', `127.0.0.1:${this.port}`, '-t', path.join(setting('E2E_SIMPLESAMLPHP'), 'www')],
      { SIMPLESAMLPHP_CONFIG_DIR: path.join(root, 'scripts', 'idps', 'simplesamlphp'), IDP_HOME: this.home, IDP_URL: this.base });
  }

  /** The day it is down. */
  async stop() {
    await this.process.stop();
  }

  async metadata() {
    return (await fetch(`${this.backend}${place}metadata.php`)).text();
  }

  /** Lets a team's people in. Metadata are the team's own. */
  register(entityId, metadata) {
    this.services[entityId] = {
      metadata, people: [], signAssertion: true, signResponse: false, transient: false, sha1: false, encryptTo: '', verifyWith: '',
    };
    this.save();
  }

  /** Gives a person an account, to be used at one team. */
  hire(entityId, person) {
    this.services[entityId].people.push(person);
    this.save();
  }

  save() {
    replace(path.join(this.home, 'services.json'), JSON.stringify(this.services));
  }

  /** Where a sign-in starts that starts here. */
  startAt(entityId) {
    return `${this.base}${place}SSOService.php?spentityid=${encodeURIComponent(entityId)}`;
  }

  /** Where a person signs out here. */
  get signOut() {
    return `${this.base}${place}SingleLogoutService.php?ReturnTo=${encodeURIComponent(`${this.base}/logout.php`)}`;
  }
}
