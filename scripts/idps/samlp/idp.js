'use strict';

// An identity provider made of Auth0's samlp, which is middleware: it speaks
// SAML, and who is asking is up to us. IDP_HOME holds the key, the certificate
// and services.json, which is read anew for every sign-in.

const fs = require('fs');
const path = require('path');
const express = require('express');
const samlp = require('samlp');

const home = process.env.IDP_HOME;
const address = new URL(process.env.IDP_URL);
const issuer = 'urn:rollcall-e2e:samlp';
const read = (name) => fs.readFileSync(path.join(home, name), 'utf8');
const key = read('key.pem');
const cert = read('cert.pem');

const app = express();

app.get('/metadata', samlp.metadata({ issuer, cert, redirectEndpointPath: '/sso', postEndpointPath: '/sso' }));

// A service may have a key of its own, as every application of Auth0's cousins has.
// With a SAMLRequest the service provider began; without one we do, for ?sp=.
app.use('/sso', express.urlencoded({ extended: false }), (req, res, next) => {
  samlp.parseRequest(req, (err, request) => {
    if (err) {
      return next(err);
    }
    const entity = request ? request.issuer : req.query.sp;
    const service = JSON.parse(read('services.json'))[entity];
    if (!service) {
      return res.status(404).send('no such service provider');
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
      sessionIndex: '_' + Date.now(),
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

app.listen(Number(address.port), address.hostname, () => console.log('listening'));
