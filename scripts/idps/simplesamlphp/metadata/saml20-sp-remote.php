<?php

// What its own converter makes of our metadata, which is how its admins do it,
// and then what they choose.

foreach (json_decode(file_get_contents(getenv('IDP_HOME') . '/services.json'), true) as $entity => $service) {
    $parsed = SimpleSAML\Metadata\SAMLParser::parseString($service['metadata'])->getMetadata20SP();
    $parsed['saml20.sign.assertion'] = $service['signAssertion'];
    $parsed['saml20.sign.response'] = $service['signResponse'];
    $parsed['sign.logout'] = true; // not its default, and unsigned ones are refused
    if ($service['transient']) {
        unset($parsed['NameIDFormat']); // then it falls back on its default
    } else {
        $parsed['simplesaml.nameidattribute'] = 'uid';
    }
    if ($service['sha1']) {
        $parsed['signature.algorithm'] = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1';
    }
    if (($service['key'] ?? '') !== '') { // only who changes its key has one
        $file = getenv('IDP_HOME') . '/' . sha1($service['key']);
        file_put_contents($file . '.key', $service['key']);
        file_put_contents($file . '.crt', $service['cert']);
        $parsed['signature.privatekey'] = $file . '.key';
        $parsed['signature.certificate'] = $file . '.crt';
    }
    if ($service['encryptTo'] !== '') {
        $parsed['assertion.encryption'] = true;
    }
    if ($service['verifyWith'] !== '') {
        $parsed['validate.authnrequest'] = true;
        $parsed['redirect.validate'] = true;
    }
    $metadata[$entity] = $parsed;
}
