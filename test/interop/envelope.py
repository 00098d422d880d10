"""Opens envelopes as docs/reference/envelope-v1.md describes them. Written from that page alone."""

import hashlib
import json
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DATA_BYTES_MAX = 1024 * 1024 + 2048
REVISION_MAX = 2**53 - 1
#: The length of the nonce and the algorithm of the key, by suite.
SUITES = {1: (12, "A256GCM"), 2: (24, "XAES-256-GCM")}
OPENING_STATES = ("pending", "active", "decrypt-only")
HEADER_BEFORE_NONCE = 20
TAG_BYTES = 16
LINEAGE_MAX = 16
TEXT_BYTES_MAX = 512
ABSENT = 0xFFFF


class Refused(Exception):
    """An envelope that does not open, with the reason."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def prefixed(value):
    return struct.pack(">H", len(value)) + value


def storage_key(session_id):
    return hashlib.sha256(session_id.encode("ascii")).digest()


def header_length(envelope):
    """Checks what can be checked without a key, and returns the length of the header."""
    if len(envelope) < HEADER_BEFORE_NONCE or envelope[:2] != b"S\x01" or envelope[2] not in SUITES or envelope[3] != 0:
        raise Refused("malformed")
    length = HEADER_BEFORE_NONCE + SUITES[envelope[2]][0]
    if not 0 <= len(envelope) - length - TAG_BYTES <= DATA_BYTES_MAX:
        raise Refused("malformed")
    if not 1 <= int.from_bytes(envelope[12:20], "big") <= REVISION_MAX:
        raise Refused("malformed")
    return length


def message_key(suite, key, nonce):
    """Returns the AES-256-GCM key and IV of one message."""
    if suite == 1:
        return key, nonce
    halves = []
    for counter in (1, 2):
        mac = CMAC(algorithms.AES(key))
        mac.update(bytes([0, counter, 0x58, 0]) + nonce[:12])
        halves.append(mac.finalize())
    return b"".join(halves), nonce[12:]


def open_envelope(ring, namespace, key_of_session, envelope):
    """Returns the record of an envelope, or raises Refused."""
    length = header_length(envelope)
    suite, key_id, header = envelope[2], envelope[4:12], envelope[:length]
    key = ring.data_key(key_id)
    if key is None:
        raise Refused("revoked-key" if ring.is_revoked(key_id) else "unknown-key")
    if key.state not in OPENING_STATES:
        raise Refused("revoked-key")
    if key.algorithm != SUITES[suite][1]:
        raise Refused("tampered")
    additional = prefixed(b"holdfast envelope v1") + prefixed(namespace.encode()) + prefixed(key_of_session) + header
    aes_key, iv = message_key(suite, key.material, envelope[HEADER_BEFORE_NONCE:length])
    try:
        plaintext = AESGCM(aes_key).decrypt(iv, envelope[length:], additional)
    except InvalidTag:
        raise Refused("tampered") from None
    record = read_record(plaintext, key_id)
    if any(ring.is_revoked(each) for each in record["lineage"]):
        raise Refused("revoked-key")
    record["lineage"].append(key_id)
    return {"revision": int.from_bytes(envelope[12:20], "big"), **record}


class Cursor:
    """Takes bytes from a plaintext, and refuses one that ends too early."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        end = self.at + count
        if end > len(self.data):
            raise Refused("malformed")
        taken, self.at = self.data[self.at : end], end
        return taken

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def text(self, least):
        length = self.number(2)
        if length == ABSENT:
            return None
        if not least <= length <= TEXT_BYTES_MAX:
            raise Refused("malformed")
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("malformed") from None


def read_record(plaintext, sealing_key_id):
    cursor = Cursor(plaintext)
    if cursor.number(1) != 1 or cursor.number(1) != 1:
        raise Refused("malformed")
    schema_version, created_at, absolute = cursor.number(4), cursor.number(6), cursor.number(6)
    idle, authenticated_at, count = cursor.number(6), cursor.number(6), cursor.number(1)
    if absolute <= created_at or idle == 0 or count > LINEAGE_MAX:
        raise Refused("malformed")
    lineage = [cursor.take(8) for _ in range(count)]
    if len(set(lineage)) != count or sealing_key_id in lineage:
        raise Refused("malformed")
    user_id, label = cursor.text(1), cursor.text(0)
    return {
        "createdAt": created_at,
        "absoluteExpiresAt": absolute,
        "idleLifetimeMs": idle,
        "authenticatedAt": authenticated_at or None,
        "lineage": lineage,
        "userId": user_id,
        "label": label,
        "schemaVersion": schema_version,
        "data": plaintext[cursor.at :],
    }


def read_data(record):
    """Returns the session's data, which serializer 1 wrote as JSON."""
    try:
        return json.loads(record["data"].decode("utf-8"))
    except ValueError:
        raise Refused("malformed") from None


def user_key(index_key, namespace, user_id):
    mac = hmac.HMAC(index_key, hashes.SHA256())
    mac.update(prefixed(namespace.encode()) + user_id.encode())
    return mac.finalize()


def cookie_key(index_key, namespace):
    info = prefixed(b"holdfast cookie key v1") + prefixed(namespace.encode())
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(index_key)
