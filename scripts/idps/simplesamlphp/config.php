<?php

// SimpleSAMLphp as an identity provider on a loopback address. What it keeps
// and what it is told lies in IDP_HOME.

$home = getenv('IDP_HOME');
$secret = hash_file('sha256', $home . '/key.pem'); // as new as the key

$config = [
    'baseurlpath' => getenv('IDP_URL') . '/',
    'certdir' => $home,
    'loggingdir' => $home,
    'datadir' => $home,
    'tempdir' => $home . '/tmp',
    'metadatadir' => __DIR__ . '/metadata',

    'technicalcontact_name' => 'Nobody',
    'technicalcontact_email' => 'nobody@localhost.test',
    'secretsalt' => $secret,
    'auth.adminpassword' => $secret,
    'timezone' => 'UTC',
    'admin.checkforupdates' => false,
    'errorreporting' => false,
    'showerrors' => true,

    'logging.level' => SimpleSAML\Logger::INFO,
    'logging.handler' => 'errorlog',
    'logging.format' => '%level %msg',

    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],

    'store.type' => 'phpsession',
    'session.cookie.secure' => false,
    'session.cookie.samesite' => null,
    'session.phpsession.savepath' => $home . '/tmp',
    'session.phpsession.cookiename' => 'SimpleSAML',
    'session.phpsession.httponly' => true,

    'language.available' => ['en'],
    'language.default' => 'en',
    'theme.use' => 'default',
    'production' => true,

    'metadata.sources' => [['type' => 'flatfile']],
    'trusted.url.domains' => ['127.0.0.1'],
];
