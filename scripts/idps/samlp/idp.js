'use strict';

// An identity provider made of Auth0's samlp, which is middleware: it speaks
// SAML, and who is asking is up to us. IDP_HOME holds the key, the certificate
// and services.json, which is read anew for every sign-in.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const express = require('express');
const samlp = require('samlp');
const SessionParticipants = require('samlp/lib/sessionParticipants');

const home = process.env.IDP_HOME;
const address = new URL(process.env.IDP_URL);
const issuer = 'urn:rollcall-e2e:samlp';
const read = (name) => fs.readFileSync(path.join(home, name), 'utf8');
const key = read('key.pem');
const cert = read('cert.pem');

const app = express();
const form = express.urlencoded({ extended: false });

// Who signed in where, by the browser's cookie, and what a logout under way has
// to remember: samlp leaves both to us.
const sessions = new Map();
const states = new Map();

function participantsOf(req, res) {
  let id = ((req.headers.cookie || '').match(/browser=(\w+)/) || [])[1];
  if (!sessions.has(id)) {
    id = crypto.randomBytes(16).toString('hex');
    sessions.set(id, []);
    res.setHeader('Set-Cookie', `browser=${id}; Path=/; HttpOnly`);
  }
  return sessions.get(id);
}

const store = {
  save: (req, state, done) => {
    const id = crypto.randomBytes(16).toString('hex');
    states.set(id, state);
    done(null, id);
  },
  load: (req, id, options, done) => (done || options)(null, states.get(id)),
  update: (req, id, state, done) => { states.set(id, state); done(null); },
};

app.get('/metadata', samlp.metadata({ issuer, cert, redirectEndpointPath: '/sso', postEndpointPath: '/sso' }));

// A service may have a key of its own, as every application of Auth0's cousins has.
// With a SAMLRequest the service provider began; without one we do, for ?sp=.
app.use('/sso', form, (req, res, next) => {
  samlp.parseRequest(req, (err, request) => {
    if (err) {
      return next(err);
    }
    const entity = request ? request.issuer : req.query.sp;
    const service = JSON.parse(read('services.json'))[entity];
    if (!service) {
      return res.status(404).send('no such service provider');
    }
    const sessionIndex = '_' + crypto.randomBytes(16).toString('hex');
    if (service.logout) {
      participantsOf(req, res).push({
        serviceProviderId: entity, nameId: service.nameId, nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
        sessionIndex, serviceProviderLogoutURL: service.logout, cert: service.logoutKey, binding: service.logoutBinding,
      });
    }
    const options = {
      issuer, key: service.key || key, cert: service.cert || cert,
      audience: service.audience || entity,
      recipient: service.acs,
      destination: service.acs,
      getPostURL: (audience, dom, _req, done) => done(null, service.acs),
      getUserFromRequest: () => ({
        id: service.nameId,
        emails: [{ value: service.email }],
        displayName: 'Ada Lovelace',
        name: { givenName: 'Ada', familyName: 'Lovelace' },
      }),
      signatureAlgorithm: service.sha1 ? 'rsa-sha1' : 'rsa-sha256',
      digestAlgorithm: service.sha1 ? 'sha1' : 'sha256',
      signAssertion: service.signAssertion,
      signResponse: service.signResponse,
      sessionIndex,
    };
    if (service.verifyWith) {
      options.signingCert = service.verifyWith;
    }
    if (service.encryptTo) { // its default is AES-256-GCM and RSA-OAEP
      options.encryptionCert = service.encryptTo;
      options.encryptionPublicKey = service.encryptToKey;
    }
    samlp.auth(options)(req, res, next);
  });
});

// Logout from either side.
app.use('/logout', form, (req, res, next) => {
  req.body = req.body || {};
  samlp.logout({
    issuer, key, cert, store,
    deflate: true,
    signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256',
    sessionParticipants: new SessionParticipants(participantsOf(req, res)),
    clearIdPSession: (done) => { participantsOf(req, res).length = 0; done(); },
  })(req, res, next);
});

app.get('/knows', (req, res) => res.send(String(participantsOf(req, res).length > 0)));

app.listen(Number(address.port), address.hostname, () => console.log('listening'));
