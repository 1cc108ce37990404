<?php

// One person for every service provider, or several where it names them, who log
// in with a password.

$config = ['people' => ['exampleauth:UserPass']];
foreach (json_decode(file_get_contents(getenv('IDP_HOME') . '/services.json'), true) as $service) {
    foreach ($service['people'] ?? [$service] as $person) {
        $config['people'][$person['user'] . ':' . $person['password']] = [
            'uid' => [$person['nameId']],
            'mail' => [$person['email']],
            'givenName' => [$person['givenName'] ?? 'Ada'],
            'sn' => [$person['sn'] ?? 'Lovelace'],
        ];
    }
}
