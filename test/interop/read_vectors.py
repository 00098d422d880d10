"""Holds the second reader of the formats to the committed vectors: python3 test/interop/read_vectors.py

Another folder of vectors may be named. Needs the package "cryptography". Prints each vector that comes out otherwise, and how many were read.
"""

import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import envelope
import key_ring

VECTORS = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "vectors"
faults = []
read = 0


def load(name):
    return json.loads((VECTORS / name).read_text("utf-8"))


def hold(name, expected, found):
    global read
    read += 1
    if found != expected:
        faults.append(f"{name}: expected {expected}, found {found}")


def reason_of(call):
    """Returns the reason for which a call refuses, or None."""
    try:
        call()
    except (envelope.Refused, key_ring.RingRefused) as refusal:
        return refusal.reason
    return None


def as_in_vectors(record):
    lineage = [key_id.hex() for key_id in record["lineage"]]
    return {**record, "lineage": lineage, "data": record["data"].decode()}


def read_envelopes():
    vectors = load("envelope-v1.json")
    ring = key_ring.Ring(vectors["ring"])
    first = vectors["opens"][0]
    hold("storage key", first["storageKey"], envelope.storage_key(vectors["sessionId"]).hex())
    for each in vectors["opens"]:
        key, sealed = bytes.fromhex(each["storageKey"]), bytes.fromhex(each["envelope"])
        hold(each["name"], each["record"], as_in_vectors(envelope.open_envelope(ring, each["namespace"], key, sealed)))
    hold("data", {"cart": [{"sku": "A1", "quantity": 1}]}, envelope.read_data({"data": first["record"]["data"].encode()}))
    for each in vectors["refused"]:
        key, sealed = bytes.fromhex(each["storageKey"]), bytes.fromhex(each["envelope"])
        reason = reason_of(lambda: envelope.open_envelope(ring, each["namespace"], key, sealed))
        hold(each["name"], each["reason"], reason)
    for each in vectors["userKeys"]:
        key = ring.by_kid(each["kid"]).material
        hold(each["name"], each["userKey"], envelope.user_key(key, each["namespace"], each["userId"]).hex())
    for each in vectors["cookieKeys"]:
        key = ring.by_kid(each["kid"]).material
        hold(each["name"], each["cookieKey"], envelope.cookie_key(key, each["namespace"]).hex())


def stand_in_service(name):
    """Returns the vectors' key service, as the page of the key ring describes it."""
    key = hashlib.sha256(f"holdfast test key service: {name}".encode()).digest()
    context = b'{"purpose":"holdfast-key-ring"}'
    return key_ring.Wrapper(name, lambda wrapped: AESGCM(key).decrypt(wrapped[:12], wrapped[12:], context))


def read_sealed_rings():
    vectors = load("sealed-ring.json")
    openers = {
        "kek": key_ring.Kek(bytes.fromhex(vectors["kek"])),
        "passphrase": key_ring.Passphrase(vectors["passphrase"]),
        "wrapper": stand_in_service(vectors["wrapper"]),
    }
    expected = key_ring.Ring(vectors["ring"])
    for each in vectors["sealed"]:
        for name in each["openers"]:
            ring = key_ring.unseal(each["sealed"], openers[name])
            hold(f'{each["name"]}, {name}', (expected.version, expected.keys), (ring.version, ring.keys))


def read_refused_rings():
    vectors = load("refused-rings.json")
    opener = key_ring.Kek(bytes.fromhex(vectors["kek"]))
    for each in vectors["sets"]:
        hold(each["name"], None, reason_of(lambda: key_ring.Ring(each["jwks"])))
    for each in vectors["refusedSets"]:
        hold(each["name"], each["reason"], reason_of(lambda: key_ring.Ring(each["jwks"])))
    for each in vectors["sealed"]:
        keys = key_ring.unseal(each["sealed"], opener).keys
        hold(each["name"], key_ring.Ring(each["jwks"]).keys, keys)
    for each in vectors["refusedSealed"]:
        hold(each["name"], each["reason"], reason_of(lambda: key_ring.unseal(each["sealed"], opener)))


read_envelopes()
read_sealed_rings()
read_refused_rings()
for fault in faults:
    print(fault, file=sys.stderr)
print(f"{read} vectors read, {len(faults)} otherwise than expected")
sys.exit(1 if faults else 0)
