"""A SAML identity provider: it reads the request a browser brings and posts a signed response back."""

from __future__ import annotations

import base64
import zlib
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

ISSUER = "https://adfs.example.com/adfs/services/trust"
NS = {"p": "urn:oasis:names:tc:SAML:2.0:protocol", "a": "urn:oasis:names:tc:SAML:2.0:assertion"}
RESPONSE = """<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" IssueInstant="{now}"
 Destination="{acs}" InResponseTo="{request}">
<a:Issuer xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">{issuer}</a:Issuer>
<p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>
<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" IssueInstant="{now}">
<a:Issuer>{issuer}</a:Issuer>
<a:Subject><a:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{subject}</a:NameID>
<a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<a:SubjectConfirmationData Recipient="{acs}" NotOnOrAfter="{later}" InResponseTo="{request}"/>
</a:SubjectConfirmation></a:Subject>
<a:Conditions NotBefore="{now}" NotOnOrAfter="{later}">
<a:AudienceRestriction><a:Audience>{audience}</a:Audience></a:AudienceRestriction></a:Conditions>
<a:AuthnStatement AuthnInstant="{now}"/>
<a:AttributeStatement><a:Attribute Name="uid"><a:AttributeValue>zhang</a:AttributeValue></a:Attribute>
</a:AttributeStatement></a:Assertion></p:Response>"""


def new_key() -> tuple[rsa.RSAPrivateKey, str]:
    """A key and its certificate (PEM), which it has signed itself."""
    key, name = rsa.generate_private_key(65537, 2048), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    made = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, made - timedelta(1), made + timedelta(9))
    return key, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


KEY, CERTIFICATE = new_key()


class Request:
    """What a browser was sent with."""

    def __init__(self, address: str) -> None:
        packed = base64.b64decode(parse_qs(urlsplit(address).query)["SAMLRequest"][0])
        root = etree.fromstring(zlib.decompress(packed, -15))
        self.number = root.get("ID")
        self.acs = root.get("AssertionConsumerServiceURL")
        self.audience = root.findtext("a:Issuer", namespaces=NS)


def response(request: Request, subject: str = "s-1", /, *, minutes: int = 5, **other: str) -> Any:
    """An unsigned response to a request; `other` are parts that are to be different."""
    now = datetime.now(UTC)
    form = "%Y-%m-%dT%H:%M:%SZ"
    parts = {"acs": request.acs, "audience": request.audience, "request": request.number, "issuer": ISSUER}
    times = {"now": now.strftime(form), "later": (now + timedelta(minutes=minutes)).strftime(form)}
    return etree.fromstring(RESPONSE.format(**{**parts, **times, "subject": subject, **other}))


def signed(element: Any, key: rsa.RSAPrivateKey = KEY, certificate: str = CERTIFICATE) -> Any:
    """An element with a signature of its own over all of it."""
    signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
    return signer.sign(element, key=key, cert=certificate, reference_uri=element.get("ID"), id_attribute="ID")


def with_signed_assertion(made: Any, **how: Any) -> Any:
    """The response with its assertion signed, as most providers do it."""
    assertion = made.find("a:Assertion", NS)
    made.replace(assertion, signed(deepcopy(assertion), **how))
    return made


def posted(made: Any) -> dict[str, str]:
    """The form the browser posts."""
    return {"SAMLResponse": base64.b64encode(etree.tostring(made)).decode()}
