"""SAML 2.0, web browser profile: a request by redirect, a signed response by the browser's form (POST).

Read is only what a signature covers, as the verifier hands it back; the rest of the document counts for nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from app.access.signin.outside.claims import NotProven, Person, person_of
from app.host.signin import Provider, Saml

PROTOCOL, ASSERTION = "urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:2.0:assertion"
SIGNATURE, METADATA = "http://www.w3.org/2000/09/xmldsig#", "urn:oasis:names:tc:SAML:2.0:metadata"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
MOST_BYTES = 512 * 1024
#: How far the provider's clock may differ.
LEEWAY = timedelta(seconds=60)
_NUMBER = re.compile(r"_([0-9a-f]{64})")
_METHODS = frozenset(
    method
    for method in SignatureMethod
    if method.name.startswith(("RSA_SHA", "ECDSA_SHA", "SHA")) and not method.name.endswith("SHA1")
    if "SHA1_" not in method.name
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a response proves: who it is, and the request it answers."""

    person: Person
    request: str


def login_address(provider: Provider, *, number: str, acs: str, now: datetime) -> str:
    """Where the browser is sent. `number` is the request's, `acs` where the response is to be posted to."""
    options = _options(provider)
    request = etree.Element(
        f"{{{PROTOCOL}}}AuthnRequest",
        {
            "ID": f"_{number}",
            "Version": "2.0",
            "IssueInstant": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Destination": options.sso_url,
            "AssertionConsumerServiceURL": acs,
            "ProtocolBinding": POST,
        },
        nsmap={"samlp": PROTOCOL, "saml": ASSERTION},
    )
    etree.SubElement(request, f"{{{ASSERTION}}}Issuer").text = options.entity_id
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(etree.tostring(request)) + packer.flush()
    query = urlencode({"SAMLRequest": base64.b64encode(packed).decode()})
    return f"{options.sso_url}{'&' if urlsplit(options.sso_url).query else '?'}{query}"


def metadata(provider: Provider, acs: str) -> bytes:
    """What the provider's administrator imports: our name and the address responses are posted to."""
    about = etree.Element(
        f"{{{METADATA}}}EntityDescriptor", {"entityID": _options(provider).entity_id}, nsmap={"md": METADATA}
    )
    wants = {"protocolSupportEnumeration": PROTOCOL, "AuthnRequestsSigned": "false", "WantAssertionsSigned": "true"}
    role = etree.SubElement(about, f"{{{METADATA}}}SPSSODescriptor", wants)
    way = {"Binding": POST, "Location": acs, "index": "0", "isDefault": "true"}
    etree.SubElement(role, f"{{{METADATA}}}AssertionConsumerService", way)
    return bytes(etree.tostring(about, xml_declaration=True, encoding="utf-8"))


def prove(provider: Provider, posted: str, *, acs: str, now: datetime) -> Proof:
    """Who a posted response speaks of. Raises `NotProven` for whatever is not signed, not ours, not now."""
    options = _options(provider)
    response = _parsed(posted)
    if response.get("Destination", acs) != acs:
        raise NotProven("a response was meant for another address")
    codes = [each.get("Value") for each in response.findall(f"{{{PROTOCOL}}}Status/{{{PROTOCOL}}}StatusCode")]
    if codes != [SUCCESS]:
        raise NotProven(f"the provider did not log anybody in: {codes}")
    assertion = _signed_assertion(options, response)
    _refuse_unless(_text(assertion, "Issuer") == options.issuer, "an assertion of another issuer")
    _check_conditions(options, assertion, now)
    number = _confirmed_request(assertion, acs, now)
    if (told := response.get("InResponseTo")) not in (None, f"_{number}"):
        raise NotProven(f"a response to {str(told)[:80]} holds an assertion for another request")
    return Proof(person_of(provider, _claims(provider, assertion)), number)


def _options(provider: Provider) -> Saml:
    if not isinstance(provider.options, Saml):
        raise TypeError(f"{provider.key} is no SAML provider")
    return provider.options


def _refuse_unless(fits: bool, why: str) -> None:
    if not fits:
        raise NotProven(why)


def _parsed(posted: str) -> Any:
    """The response as XML without document types, entities, comments, and with each ID once."""
    try:
        raw = base64.b64decode("".join(posted.split()), validate=True)
        _refuse_unless(0 < len(raw) <= MOST_BYTES, "a response is empty or too long")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        root = etree.fromstring(raw, parser)
    except (binascii.Error, ValueError, etree.XMLSyntaxError) as error:
        raise NotProven(f"a response cannot be read: {type(error).__name__}") from error
    _refuse_unless(not root.getroottree().docinfo.doctype, "a response has a document type")
    odd = next(root.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity), None)
    _refuse_unless(odd is None, "a response has comments or entities")
    ids = [value for each in root.iter() for name, value in each.attrib.items() if name.lower() == "id"]
    _refuse_unless(len(ids) == len(set(ids)), "an ID stands twice in a response")
    _refuse_unless(root.tag == f"{{{PROTOCOL}}}Response" and root.get("Version") == "2.0", "this is no response")
    return root


def _signed_assertion(options: Saml, response: Any) -> Any:
    """The one assertion, as the signature covers it: its own, or that of the response around it."""
    tag = f"{{{ASSERTION}}}Assertion"
    inside = response.findall(tag)
    one = len(inside) == 1 and len(list(response.iter(tag))) == 1
    _refuse_unless(one, "a response must hold exactly one assertion, unencrypted and in its own place")
    if inside[0].find(f"{{{SIGNATURE}}}Signature") is not None:
        return _covered(options, response, f"./{tag}/", inside[0])
    signed = _covered(options, response, "./", response)
    found = signed.findall(tag)
    _refuse_unless(len(found) == 1, "the signature does not cover the assertion")
    return found[0]


def _covered(options: Saml, response: Any, place: str, wanted: Any) -> Any:
    """What the signature at a place covers, which must be the element it lies in. Raises `NotProven`."""
    config = SignatureConfiguration(location=place, expect_references=1, signature_methods=_METHODS)
    why = "there is no signature"
    for certificate in options.certificates:
        try:
            found = XMLVerifier().verify(response, x509_cert=certificate, id_attribute="ID", expect_config=config)
        except (SignXMLException, etree.LxmlError, UnsupportedAlgorithm, ValueError, TypeError, KeyError) as error:
            why = f"{type(error).__name__}: {error}"
            continue
        signed: Any = found.signed_xml if not isinstance(found, list) else None
        own = signed is not None and signed.tag == wanted.tag and bool(wanted.get("ID"))
        _refuse_unless(own and signed.get("ID") == wanted.get("ID"), "a signature covers something else")
        return signed
    raise NotProven(f"a response is not signed by the provider: {why[:300]}")


def _check_conditions(options: Saml, assertion: Any, now: datetime) -> None:
    conditions = assertion.findall(f"{{{ASSERTION}}}Conditions")
    _refuse_unless(len(conditions) == 1, "an assertion has no conditions")
    _check_time(conditions[0], now)
    restrictions = conditions[0].findall(f"{{{ASSERTION}}}AudienceRestriction")
    meant = [
        any(_said(each) == options.entity_id for each in one.findall(f"{{{ASSERTION}}}Audience"))
        for one in restrictions
    ]
    _refuse_unless(bool(meant) and all(meant), "an assertion is meant for another service")
    statements = assertion.findall(f"{{{ASSERTION}}}AuthnStatement")
    _refuse_unless(bool(statements), "an assertion does not say that anybody logged in")
    for each in statements:
        until = each.get("SessionNotOnOrAfter")
        _refuse_unless(until is None or now < _moment(until) + LEEWAY, "the session at the provider is over")


def _confirmed_request(assertion: Any, acs: str, now: datetime) -> str:
    """The number of the request the assertion was made for. Raises `NotProven` for one made without being asked."""
    for one in assertion.findall(f"{{{ASSERTION}}}Subject/{{{ASSERTION}}}SubjectConfirmation"):
        data = one.find(f"{{{ASSERTION}}}SubjectConfirmationData")
        if one.get("Method") != BEARER or data is None or data.get("Recipient") != acs or not data.get("NotOnOrAfter"):
            continue
        _check_time(data, now)
        if found := _NUMBER.fullmatch(data.get("InResponseTo", "")):
            return found[1]
    raise NotProven("an assertion is no answer to a request of ours")


def _check_time(element: Any, now: datetime) -> None:
    since, until = element.get("NotBefore"), element.get("NotOnOrAfter")
    _refuse_unless(since is None or _moment(since) - LEEWAY <= now, "an assertion does not count yet")
    _refuse_unless(until is None or now < _moment(until) + LEEWAY, "an assertion does not count any more")


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotProven("a moment that cannot be read") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _claims(provider: Provider, assertion: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for each in assertion.iterfind(f"{{{ASSERTION}}}AttributeStatement/{{{ASSERTION}}}Attribute"):
        name = each.get("Name", "")
        found[name] = (*found.get(name, ()), *_values(each))
    name_id = assertion.find(f"{{{ASSERTION}}}Subject/{{{ASSERTION}}}NameID")
    if name_id is not None and name_id.get("Format") != TRANSIENT:
        found["NameID"] = (_said(name_id),)
    else:
        found.pop("NameID", None)  # one that is another each time says who nobody is
    return found


def _values(attribute: Any) -> Iterator[str]:
    return (text for each in attribute.findall(f"{{{ASSERTION}}}AttributeValue") if (text := _said(each)))


def _text(element: Any, name: str) -> str:
    found = element.find(f"{{{ASSERTION}}}{name}")
    return _said(found) if found is not None else ""


def _said(element: Any) -> str:
    return "".join(element.itertext()).strip()
