<?php

$metadata['urn:rollcall-e2e:simplesamlphp'] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'key.pem',
    'certificate' => 'cert.pem',
    'auth' => 'people',
    'userid.attribute' => 'uid',
];
