"""An identity provider made of pysaml2, which is a library without a server.

IDP_HOME holds the key, the certificate, the metadata of the service providers
and services.json, all of which are read once.
"""

import base64
import html
import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NAME_FORMAT_URI, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

HOME = os.environ["IDP_HOME"]
URL = os.environ["IDP_URL"]

with open(os.path.join(HOME, "services.json"), encoding="utf-8") as f:
    SERVICES = json.load(f)

CONFIG = {
    "entityid": URL + "/metadata",
    "service": {
        "idp": {
            "endpoints": {"single_sign_on_service": [(URL + "/sso", BINDING_HTTP_REDIRECT)]},
            "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": NAME_FORMAT_URI}},
            "name_id_format": [NAMEID_FORMAT_PERSISTENT],
        }
    },
    "key_file": os.path.join(HOME, "key.pem"),
    "cert_file": os.path.join(HOME, "cert.pem"),
    "xmlsec_binary": "/usr/bin/xmlsec1",
    "metadata": {"local": [service["metadataFile"] for service in SERVICES.values()]},
}
IDP = Server(config=IdPConfig().load(CONFIG))

FORM = """<html><body><form method="post" action="{acs}">
<input type="hidden" name="SAMLResponse" value="{response}"/>
<input type="hidden" name="RelayState" value="{relay}"/>
<input type="submit"/></form></body></html>"""


def respond(entity, in_response_to):
    """The response for the one person whom we know at a service provider."""
    service = SERVICES[entity]
    answer = IDP.create_authn_response(
        identity={"mail": [service["email"]], "givenName": ["Ada"], "sn": ["Lovelace"]},
        in_response_to=in_response_to,
        destination=service["acs"],
        sp_entity_id=entity,
        name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=service["nameId"]),
        authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": URL},
        sign_assertion=service["signAssertion"],
        sign_response=service["signResponse"],
        encrypt_assertion=bool(service["encryptTo"]),  # 3DES is all that it does
        encrypt_cert_assertion=service["encryptTo"] or None,
        sign_alg=SIG_RSA_SHA256,
        digest_alg=DIGEST_SHA256,
    )
    return service["acs"], str(answer)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/metadata":
            self.answer("application/xml", str(entity_descriptor(IDP.config)))
            return
        if parts.path != "/sso":
            self.send_error(404)
            return
        # With a SAMLRequest the service provider began; without one we do, for ?sp=.
        if "SAMLRequest" in query:
            request = IDP.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT).message
            acs, response = respond(request.issuer.text, request.id)
        else:
            acs, response = respond(query["sp"], None)
        self.answer("text/html", FORM.format(
            acs=html.escape(acs),
            response=base64.b64encode(response.encode()).decode(),
            relay=html.escape(query.get("RelayState", "")),
        ))

    def answer(self, kind, text):
        self.send_response(200)
        self.send_header("Content-Type", kind + "; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())


HTTPServer(("127.0.0.1", urlsplit(URL).port), Handler).serve_forever()
