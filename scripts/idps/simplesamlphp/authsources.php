<?php

// One person for every service provider, who logs in with a password.

$config = ['people' => ['exampleauth:UserPass']];
foreach (json_decode(file_get_contents(getenv('IDP_HOME') . '/services.json'), true) as $service) {
    $config['people'][$service['user'] . ':' . $service['password']] = [
        'uid' => [$service['nameId']],
        'mail' => [$service['email']],
        'givenName' => ['Ada'],
        'sn' => ['Lovelace'],
    ];
}
