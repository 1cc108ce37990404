# LemonLDAP::NG's portal as an identity provider on a loopback address. Its
# configuration is written here, from what lies in IDP_HOME: the key, the
# certificate, and services.json. LLNG is where its packages are unpacked.
#
#   plackup --host 127.0.0.1 --port PORT idp.psgi

use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use JSON;

my ( $home, $url, $llng ) = @ENV{qw(IDP_HOME IDP_URL LLNG)};

sub contents {
    my ($name) = @_;
    open my $f, '<:raw', "$home/$name" or die "$name: $!";
    local $/;
    return <$f>;
}

sub put {
    my ( $name, $text ) = @_;
    open my $f, '>:raw', "$home/$name" or die "$name: $!";
    print {$f} $text;
    close $f or die "$name: $!";
}

my $services = decode_json( contents('services.json') );
my $basic    = 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic';

my $conf = decode_json( do {
    open my $f, '<:raw', "$llng/var/lib/lemonldap-ng/conf/lmConf-1.json" or die $!;
    local $/;
    <$f>;
} );

my $ip = '127.0.0.1';
my %kept = (
    globalStorage     => 'sessions',
    persistentStorage => 'psessions',
);
while ( my ( $storage, $folder ) = each %kept ) {
    mkdir "$home/$folder";
    mkdir "$home/$folder/lock";
    $conf->{ $storage . 'Options' }{Directory}     = "$home/$folder";
    $conf->{ $storage . 'Options' }{LockDirectory} = "$home/$folder/lock";
}
delete @$conf{qw(applicationList exportedHeaders reloadUrls)};

%$conf = (
    %$conf,
    portal                           => "$url/",
    domain                           => $ip,
    key                              => sha256_hex( contents('key.pem') ),
    securedCookie                    => 0,
    requireToken                     => 0,
    notification                     => 0,
    registerDB                       => 'Null',
    passwordDB                       => 'Null',
    locationRules                    => { $ip => { default => 'accept' } },
    localSessionStorageOptions       => { cache_root => "$home/tmp", namespace => 'sessions', default_expires_in => 600 },
    demoExportedVars                 => { uid => 'uid', cn => 'cn', mail => 'mail' },
    issuerDBSAMLActivation           => 1,
    samlEntityID                     => "$url/saml/metadata",
    samlServicePrivateKeySig         => scalar( contents('key.pem') ),
    samlServicePublicKeySig          => scalar( contents('cert.pem') ),
    samlServiceUseCertificateInResponse => 1,
    samlServiceSignatureMethod       => 'RSA_SHA256',
);

require Lemonldap::NG::Portal::UserDB::Demo;
for my $entity ( keys %$services ) {
    my $service = $services->{$entity};
    $conf->{samlSPMetaDataXML}{ $service->{user} }{samlSPMetaDataXML} = $service->{metadata};
    $conf->{samlSPMetaDataExportedAttributes}{ $service->{user} } = {
        mail => "1;mail;$basic",
        cn   => "1;cn;$basic",
    };
    $conf->{samlSPMetaDataOptions}{ $service->{user} } = {
        samlSPMetaDataOptionsNameIDFormat           => 'unspecified',
        samlSPMetaDataOptionsNameIDSessionKey       => 'uid',
        samlSPMetaDataOptionsEnableIDPInitiatedURL  => 1,
        samlSPMetaDataOptionsSignSSOMessage         => $service->{signResponse} ? 1 : 0,
        samlSPMetaDataOptionsCheckSSOMessageSignature => $service->{verifyWith} ? 1 : 0,
        samlSPMetaDataOptionsSignatureMethod        => $service->{sha1} ? 'RSA_SHA1' : 'RSA_SHA256',
        samlSPMetaDataOptionsEncryptionMode         => $service->{encryptTo} ? 'assertion' : 'none',
    };

    # The people of its demonstration mode, whose passwords are their names.
    $Lemonldap::NG::Portal::UserDB::Demo::demoAccounts{ $service->{user} } =
      { uid => $service->{nameId}, cn => 'Ada Lovelace', mail => $service->{email} };
}

put( 'lmConf-1.json', to_json( $conf, { canonical => 1, utf8 => 1 } ) );
put( 'lemonldap-ng.ini', <<"INI");
[all]
logLevel = warn
localSessionStorage = Cache::FileCache
[configuration]
type = File
dirName = $home
localStorage = Cache::FileCache
localStorageOptions = { 'namespace' => 'config', 'default_expires_in' => 600, 'cache_root' => '$home/tmp', 'cache_depth' => 3 }
[portal]
staticPrefix = /static
templateDir = $llng/usr/share/lemonldap-ng/portal/templates
languages = en
[handler]
status = 0
INI

# It reads where its configuration is when it is loaded.
$ENV{LLNG_DEFAULTCONFFILE} = "$home/lemonldap-ng.ini";

# It loads what draws captchas, which are off, and with it all of ImageMagick.
$INC{'GD/SecurityImage.pm'} = $0;
require Lemonldap::NG::Portal::Main;
Lemonldap::NG::Portal::Main->run( {} );
