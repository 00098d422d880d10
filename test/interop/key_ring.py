"""Opens sealed key rings and checks them as docs/reference/key-ring.md describes. Written from that page alone."""

import base64
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

SEALED_LENGTH_MAX = 524_288
KEYS_MAX = 300
REVOKED_MAX = 1000
RECIPIENTS_MAX = 10
ITERATIONS_MIN, ITERATIONS_MAX, ITERATIONS_SUM_MAX = 210_000, 1_000_000, 3_000_000
INTEGER_MAX = 2**53 - 1
SECONDS_MAX = 253_402_300_799
TYPE, ENCRYPTION = "holdfast-key-ring+jwe", "A256GCM"
PROTECTED = '{"enc":"A256GCM","typ":"holdfast-key-ring+jwe","cty":"jwk-set+json"}'
PASSPHRASE_ALG = "PBES2-HS512+A256KW"
USES = {"XAES-256-GCM": "enc", "A256GCM": "enc", "HS256": "sig"}
#: Whether a key of a state has an activation time: True, False, or None where it may.
ACTIVATED = {"pending": False, "active": True, "decrypt-only": True, "retired": None, "revoked": None}


class RingRefused(Exception):
    """A ring that is refused, with the reason."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def from_base64url(text, reason, length=None):
    """Reads base64url in its one spelling."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise RingRefused(reason)
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise RingRefused(reason) from None
    if to_base64url(value) != text or (length is not None and len(value) != length):
        raise RingRefused(reason)
    return value


def to_base64url(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def is_integer(value, least, most):
    return type(value) is int and least <= value <= most


@dataclass(frozen=True)
class Key:
    material: bytes
    algorithm: str
    use: str
    kid: str
    state: str

    @property
    def key_id(self):
        return from_base64url(self.kid, "thumbprint", 32)[:8]


class Ring:
    """A key ring whose every rule was checked."""

    def __init__(self, document):
        if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
            raise RingRefused("not-a-set")
        if not is_integer(document.get("holdfast:version"), 1, INTEGER_MAX):
            raise RingRefused("version")
        if len(document["keys"]) > KEYS_MAX:
            raise RingRefused("too-many-keys")
        self.version = document["holdfast:version"]
        self.keys = [read_key(each) for each in document["keys"]]
        self.revoked_kids = read_revoked(document.get("holdfast:revoked", []))
        ids = [key.key_id for key in self.keys]
        if len(set(ids)) != len(ids):
            raise RingRefused("key-twice")
        if set(ids) & {from_base64url(kid, "revoked-kids", 32)[:8] for kid in self.revoked_kids}:
            raise RingRefused("revoked-kids")
        for use in ("enc", "sig"):
            if sum(key.use == use and key.state == "active" for key in self.keys) != 1:
                raise RingRefused("active-keys")

    def data_key(self, key_id):
        return next((key for key in self.keys if key.use == "enc" and key.key_id == key_id), None)

    def by_kid(self, kid):
        return next(key for key in self.keys if key.kid == kid)

    def is_revoked(self, key_id):
        removed = (from_base64url(kid, "revoked-kids", 32)[:8] for kid in self.revoked_kids)
        return key_id in removed or any(key.state == "revoked" and key.key_id == key_id for key in self.keys)


def read_key(member):
    if not isinstance(member, dict):
        raise RingRefused("not-a-set")
    if member.get("kty") != "oct":
        raise RingRefused("key-type")
    algorithm, use = member.get("alg"), member.get("use")
    if not isinstance(algorithm, str) or USES.get(algorithm) != use:
        raise RingRefused("algorithm")
    state = member.get("holdfast:state")
    if not isinstance(state, str) or state not in ACTIVATED:
        raise RingRefused("state")
    if not is_integer(member.get("iat"), 0, SECONDS_MAX):
        raise RingRefused("time")
    has_time = "holdfast:activated_at" in member
    if ACTIVATED[state] not in (None, has_time):
        raise RingRefused("activation-time")
    if has_time and not is_integer(member["holdfast:activated_at"], 0, SECONDS_MAX):
        raise RingRefused("activation-time")
    material = from_base64url(member.get("k"), "material", 32)
    if len(set(material)) < 16 or all(0x20 <= byte <= 0x7E for byte in material):
        raise RingRefused("material")
    thumbprint = to_base64url(hashlib.sha256(f'{{"k":"{member["k"]}","kty":"oct"}}'.encode()).digest())
    if member.get("kid") != thumbprint:
        raise RingRefused("thumbprint")
    return Key(material, algorithm, use, thumbprint, state)


def read_revoked(kids):
    if not isinstance(kids, list) or len(kids) > REVOKED_MAX:
        raise RingRefused("revoked-kids")
    ids = [from_base64url(kid, "revoked-kids", 32)[:8] for kid in kids]
    if len(set(ids)) != len(ids):
        raise RingRefused("revoked-kids")
    return kids


@dataclass(frozen=True)
class Kek:
    """Opens with a key-encryption key."""

    key: bytes

    def claims(self, header):
        return header.get("alg") == "A256KW" and "holdfast:wrapped" not in header

    def key_for(self, header):
        return self.key


@dataclass(frozen=True)
class Passphrase:
    """Opens with a passphrase."""

    text: str

    def claims(self, header):
        return header.get("alg") == PASSPHRASE_ALG

    def key_for(self, header):
        salt = PASSPHRASE_ALG.encode() + b"\0" + from_base64url(header["p2s"], "malformed", 16)
        kdf = PBKDF2HMAC(algorithm=hashes.SHA512(), length=32, salt=salt, iterations=header["p2c"])
        return kdf.derive(unicodedata.normalize("NFC", self.text).encode())


@dataclass(frozen=True)
class Wrapper:
    """Opens through a key service; `unwrap` takes the wrapped key."""

    name: str
    unwrap: object

    def claims(self, header):
        return header.get("alg") == "A256KW" and "holdfast:wrapped" in header and header.get("kid") == self.name

    def key_for(self, header):
        return self.unwrap(from_base64url(header["holdfast:wrapped"], "malformed"))


def check_iterations(header, general):
    """Returns the iterations of a passphrase's header; in a General JWE the sum is checked as well."""
    if header.get("alg") != PASSPHRASE_ALG:
        return 0
    if not is_integer(header.get("p2c"), ITERATIONS_MIN, ITERATIONS_MAX):
        raise RingRefused("iterations")
    return header["p2c"] if general else 0


def unseal(text, opener):
    """Returns the ring of a sealed text, or raises RingRefused."""
    text = text.strip()
    if len(text) > SEALED_LENGTH_MAX:
        raise RingRefused("incomplete")
    content = open_general(text, opener) if text.startswith("{") else open_compact(text, opener)
    try:
        document = json.loads(content.decode("utf-8"))
    except ValueError:
        raise RingRefused("content") from None
    return Ring(document)


def decrypt(opener, header, encrypted_key, iv, ciphertext, tag, additional):
    try:
        content_key = aes_key_unwrap(opener.key_for(header), encrypted_key)
        return AESGCM(content_key).decrypt(iv, ciphertext + tag, additional)
    except (InvalidUnwrap, InvalidTag, ValueError):
        raise RingRefused("does-not-open") from None


def open_compact(text, opener):
    parts = text.split(".")
    if len(parts) != 5 or "" in parts:
        raise RingRefused("incomplete")
    raw_header, encrypted_key, iv, ciphertext, tag = (from_base64url(part, "incomplete") for part in parts)
    if len(iv) != 12 or len(tag) != 16:
        raise RingRefused("incomplete")
    try:
        header = json.loads(raw_header.decode("utf-8"))
    except ValueError:
        raise RingRefused("header") from None
    if not isinstance(header, dict) or header.get("typ") != TYPE or header.get("enc") != ENCRYPTION:
        raise RingRefused("header")
    if not opener.claims(header):
        raise RingRefused("not-for-opener")
    check_iterations(header, general=False)
    if "zip" in header or "crit" in header:
        raise RingRefused("malformed")
    return decrypt(opener, header, encrypted_key, iv, ciphertext, tag, parts[0].encode())


def spell(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def spell_recipient(recipient):
    header = recipient["header"]
    members = {
        "A256KW": ["alg", "kid", "holdfast:wrapped"] if "holdfast:wrapped" in header else ["alg"],
        PASSPHRASE_ALG: ["alg", "p2s", "p2c"],
    }[header["alg"]]
    pairs = (f"{spell(name)}:{header[name] if name == 'p2c' else spell(header[name])}" for name in members)
    return f'{{"header":{{{",".join(pairs)}}},"encrypted_key":{spell(recipient["encrypted_key"])}}}'


def check_recipient(recipient):
    if not isinstance(recipient, dict) or not isinstance(recipient.get("header"), dict):
        raise RingRefused("malformed")
    header = recipient["header"]
    from_base64url(recipient.get("encrypted_key"), "malformed", 40)
    if header.get("alg") == PASSPHRASE_ALG:
        from_base64url(header.get("p2s"), "malformed", 16)
    elif header.get("alg") != "A256KW":
        raise RingRefused("malformed")
    elif "holdfast:wrapped" in header or "kid" in header:
        if not isinstance(header.get("kid"), str) or not re.fullmatch(r"[!-~]{1,512}", header["kid"]):
            raise RingRefused("malformed")
        if not 1 <= len(from_base64url(header.get("holdfast:wrapped"), "malformed")) <= 8192:
            raise RingRefused("malformed")
    return check_iterations(header, general=True)


def open_general(text, opener):
    try:
        document = json.loads(text)
    except ValueError:
        raise RingRefused("incomplete") from None
    if not isinstance(document, dict) or "recipients" not in document:
        raise RingRefused("incomplete")
    if document.get("protected") != to_base64url(PROTECTED.encode()):
        raise RingRefused("header")
    recipients = document["recipients"]
    if not isinstance(recipients, list) or not 1 <= len(recipients) <= RECIPIENTS_MAX:
        raise RingRefused("recipients")
    if sum(check_recipient(each) for each in recipients) > ITERATIONS_SUM_MAX:
        raise RingRefused("iterations")
    iv = from_base64url(document.get("iv"), "malformed", 12)
    ciphertext = from_base64url(document.get("ciphertext"), "malformed")
    tag = from_base64url(document.get("tag"), "malformed", 16)
    from_base64url(document.get("aad"), "malformed", 32)
    names = [each["header"].get("kid", each["encrypted_key"]) for each in recipients]
    if len(set(names)) != len(names):
        raise RingRefused("malformed")
    list_text = f'[{",".join(spell_recipient(each) for each in recipients)}]'
    aad = to_base64url(hashlib.sha256(list_text.encode()).digest())
    rest = ",".join(f"{spell(name)}:{spell(document[name])}" for name in ("aad", "iv", "ciphertext", "tag"))
    spelled = f'{{"protected":{spell(document["protected"])},"recipients":{list_text},{rest}}}'
    if document["aad"] != aad or spelled != text:
        raise RingRefused("malformed")
    mine = [each for each in recipients if opener.claims(each["header"])]
    if not mine:
        raise RingRefused("not-for-opener")
    additional = f'{document["protected"]}.{document["aad"]}'.encode()
    for each in mine:
        encrypted_key = from_base64url(each["encrypted_key"], "malformed")
        try:
            return decrypt(opener, each["header"], encrypted_key, iv, ciphertext, tag, additional)
        except RingRefused:
            continue
    raise RingRefused("does-not-open")
